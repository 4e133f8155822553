//! Nothing secret and nobody's data reaches the log.

use sandbox::cosmos;
use sandbox::graph::{Fault, Match, TokenDeath};
use sandbox::host::Stream;
use sandbox::world::{WORK_QUEUE, World};

use crate::stage::copied;

/// Everything that goes well and badly, once.
async fn a_rich_life() -> World {
    let world = copied().await;
    world.turn().await.unwrap();
    let away = Fault::RedirectTo("https://evil.example/v1.0/users/delta?$deltatoken=hush".into());
    let told_all = Fault::Status { code: 500, body: r#"{"error":{"code":"x","message":"hush"}}"#.into() };
    for fault in [
        Fault::Html,
        Fault::Typed("text/hush"),
        Fault::NotJson,
        Fault::Reset,
        away,
        told_all,
        Fault::ForeignLink("evil.example".into()),
    ] {
        world.graph.tenant(|tenant| tenant.create("users"));
        world.graph.fail(Match::any(), 1, fault);
        world.fire().await.unwrap();
    }
    callers_and_servers_say_what_they_must_not(&world).await;
    world.graph.kill_tokens(TokenDeath::ALL[0]);
    world.cosmos.fail(cosmos::Match::writes().container("users").nth(5), 1, cosmos::Fault::Refuse(400));
    world.cosmos.fail(cosmos::Match::writes().container("users").nth(9), 1, cosmos::Fault::Lost);
    world.fire().await.unwrap();
    world.identity.revoke_all();
    world.fire().await.unwrap();
    world.identity.set_roles(&[]);
    world.identity.revoke_all();
    world.fire().await.unwrap();
    world.fire().await.unwrap();
    world
}

/// Texts from outside that could be anything: a link in a queue message, addresses in `refresh`, codes of errors.
async fn callers_and_servers_say_what_they_must_not(world: &World) {
    let upn = world.graph.tenant(|tenant| {
        let id = tenant.ids("users")[0].clone();
        tenant.get("users", &id).unwrap()["userPrincipalName"].as_str().unwrap().to_owned()
    });
    for text in [
        r#"{"feed":"users","link":"https://g/?$deltatoken=hush"}"#,
        r#"{"feed":"https://g/?$skiptoken=hush"}"#,
        "hush, no JSON",
        r#"{"hush":1}"#,
    ] {
        world.host.enqueue(WORK_QUEUE, text);
        world.host.deliver_one(WORK_QUEUE).await.unwrap();
    }
    for (path, body) in [
        (format!("users/{upn}"), String::new()),
        ("users/ada_x.com%23EXT%23@contoso.com-hush".into(), String::new()),
        ("users/hush%20hush".into(), String::new()),
        ("hush@contoso.com".into(), String::new()),
        ("users".into(), r#"{"ids":["hush@contoso.com"]}"#.into()),
        ("users".into(), r#"{"hush":"hush"}"#.into()),
    ] {
        let reply = world.call("POST", &format!("/api/refresh/{path}"), &body).await.unwrap();
        let said = reply.body.to_string().to_lowercase();
        assert!(
            reply.status >= 400 && !said.contains("hush") && !said.contains(&upn.to_lowercase()),
            "{said}"
        );
    }
    for body in [
        r#"{"error":{"code":"hush"}}"#,
        r#"{"error":{"code":"ada@hush.example","innerError":{"code":"eyJhush"}}}"#,
        r#"{"error":"hush"}"#,
    ] {
        world.graph.tenant(|tenant| tenant.create("users"));
        world.graph.fail(Match::any(), 1, Fault::Status { code: 500, body: body.into() });
        world.fire().await.unwrap();
    }
}

#[tokio::test]
async fn no_token_link_body_or_address_is_logged() {
    let world = a_rich_life().await;
    let mut secrets: Vec<String> =
        ["hush", "eyJ", "Bearer", "skiptoken", "deltatoken", "127.0.0.1", "localhost", "X-IDENTITY"]
            .map(String::from)
            .into();
    secrets.extend(world.identity.env().into_iter().map(|(_, value)| value));
    world.graph.tenant(|tenant| {
        for (id, user) in tenant.collection("users").living() {
            secrets.push(id.clone());
            secrets.extend(
                ["displayName", "mail", "userPrincipalName"]
                    .iter()
                    .filter_map(|name| Some(user.get(*name)?.as_str()?.to_owned())),
            );
        }
    });
    let logs = world.host.logs();
    assert!(logs.len() > 20, "there is something to look at");
    for line in &logs {
        for secret in &secrets {
            assert!(
                !line.text.to_lowercase().contains(&secret.to_lowercase()),
                "`{secret}` in {}",
                line.text
            );
        }
        assert_eq!(line.stream, Stream::Stdout, "stderr is logged as errors: {}", line.text);
        assert!(
            serde_json::from_str::<serde_json::Value>(&line.text).is_ok(),
            "not a JSON line: {}",
            line.text
        );
    }
}
