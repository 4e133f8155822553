use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::post;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

const SHORT: Duration = Duration::from_millis(50);

async fn answer(ConnectInfo(reading): ConnectInfo<Reading>, _body: axum::body::Bytes) -> &'static str {
    reading.is_done();
    "here"
}

async fn serve(patience: Patience) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/", post(answer));
    let router = router.into_make_service_with_connect_info::<Reading>();
    tokio::spawn(async move { axum::serve(Bounded { listener, patience }, router).await });
    address
}

async fn connected(address: SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

/// All that comes until the other side ends the connection.
async fn to_the_end(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    // It may be reset as well as closed.
    let _ = stream.read_to_end(&mut all).await;
    String::from_utf8(all).unwrap()
}

async fn one_answer(stream: &mut TcpStream) -> String {
    let mut all = String::new();
    while !all.ends_with("here") {
        let mut some = [0; 512];
        let read = stream.read(&mut some).await.unwrap();
        assert_ne!(read, 0, "the connection ended after {all:?}");
        all += std::str::from_utf8(&some[..read]).unwrap();
    }
    all
}

#[tokio::test]
async fn a_request_that_does_not_get_on_ends_its_connection() {
    let long = Duration::from_secs(3600);
    let address = serve(Patience { first: long, request: SHORT }).await;
    let head = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n";
    for half in ["P", head, &format!("{head}\r\n12")] {
        let text = to_the_end(&mut connected(address, half).await).await;
        assert!(!text.contains("200"), "{text}");
    }
}

#[tokio::test]
async fn a_connection_that_never_says_anything_is_ended() {
    let long = Duration::from_secs(3600);
    let address = serve(Patience { first: SHORT, request: long }).await;
    assert_eq!(to_the_end(&mut connected(address, "").await).await, "");
}

#[tokio::test]
async fn the_host_may_keep_an_idle_connection() {
    let address = serve(Patience { first: SHORT, request: SHORT }).await;
    let request = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n1234";
    let mut kept = connected(address, request).await;
    for _ in 0..3 {
        assert!(one_answer(&mut kept).await.starts_with("HTTP/1.1 200"));
        // Whoever connected later and is cut off shows that more than the patience has passed.
        to_the_end(&mut connected(address, "P").await).await;
        kept.write_all(request.as_bytes()).await.unwrap();
    }
    one_answer(&mut kept).await;
}
