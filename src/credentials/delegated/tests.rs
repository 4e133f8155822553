//! Sign-ins against a scripted endpoint: what is sent, what is kept, and when a person is asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use azure_core::credentials::TokenCredential;
use serde_json::{Value, json};
use tempfile::TempDir;
use url::form_urlencoded;

use super::*;
use crate::credentials::{Cached, Credential, cached};

type Form = HashMap<String, String>;

/// Grants tokens that live for `life` seconds. A refresh token is good once.
struct Entra {
    forms: Mutex<Vec<Form>>,
    good: Mutex<Vec<String>>,
    life: i64,
    /// What the next request is refused with.
    refusal: Mutex<Option<Value>>,
}

impl Entra {
    async fn start(life: i64) -> (Arc<Self>, Registration) {
        let entra = Self { forms: Mutex::default(), good: Mutex::default(), life, refusal: Mutex::default() };
        let entra = Arc::new(entra);
        let router = Router::new()
            .route("/tenant/oauth2/v2.0/token", post(token))
            .route("/tenant/oauth2/v2.0/devicecode", post(devicecode))
            .with_state(Arc::clone(&entra));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let registration = Registration {
            authority,
            tenant_id: "tenant".into(),
            client_id: "app".into(),
            setting: "AZURE_CLIENT_ID",
        };
        (entra, registration)
    }

    fn refuse(&self, error: &str, code: u32) {
        let refusal = json!({ "error": error, "error_codes": [code], "error_description": "hush" });
        *self.refusal.lock().unwrap() = Some(refusal);
    }

    /// The grants that were asked for.
    fn grants(&self) -> Vec<String> {
        let forms = self.forms.lock().unwrap();
        let names = forms.iter().map(|form| form.get("grant_type").cloned().unwrap_or_default());
        names.map(|name| name.rsplit(':').next().unwrap_or_default().to_owned()).collect()
    }
}

fn keep(entra: &Entra, body: &str) -> Form {
    let form: Form = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    entra.forms.lock().unwrap().push(form.clone());
    form
}

async fn devicecode(State(entra): State<Arc<Entra>>, body: String) -> String {
    keep(&entra, &body);
    let code = json!({
        "device_code": "device", "user_code": "USER", "verification_uri": "https://login.example/device",
        "expires_in": 900, "interval": 1, "message": "hush",
    });
    code.to_string()
}

async fn token(State(entra): State<Arc<Entra>>, body: String) -> (StatusCode, String) {
    let form = keep(&entra, &body);
    let refusal = entra.refusal.lock().unwrap().take();
    let is_good = form.get("refresh_token").is_none_or(|token| {
        let mut good = entra.good.lock().unwrap();
        let place = good.iter().position(|known| known == token);
        place.map(|place| good.swap_remove(place)).is_some()
    });
    let refusal =
        refusal.or_else(|| (!is_good).then(|| json!({ "error": "invalid_grant", "error_codes": [70000] })));
    if let Some(refusal) = refusal {
        return (StatusCode::BAD_REQUEST, refusal.to_string());
    }
    let count = entra.forms.lock().unwrap().len();
    let refresh_token = format!("refresh {count}");
    entra.good.lock().unwrap().push(refresh_token.clone());
    let granted = json!({
        "access_token": format!("access {count}"), "expires_in": entra.life, "refresh_token": refresh_token,
    });
    (StatusCode::OK, granted.to_string())
}

/// A person with a screen.
struct Screen {
    shown: Arc<Mutex<Vec<Prompt>>>,
    credential: Arc<Cached>,
}

fn screen(registration: &Registration, flow: Flow, folder: Option<&TempDir>) -> Screen {
    let shown = Arc::new(Mutex::default());
    let show = {
        let shown: Arc<Mutex<Vec<Prompt>>> = Arc::clone(&shown);
        Show::new(move |prompt| shown.lock().unwrap().push(prompt.clone()))
    };
    let registration = registration.clone();
    let keep_in = folder.map(|folder| folder.path().join("graph-mirror"));
    let person = SignIn { registration, proof: Proof::Nothing, flow, keep_in, show };
    Screen { shown, credential: cached(Credential::SignIn(person)) }
}

impl Screen {
    async fn token(&self) -> Result<String, String> {
        let token = self.credential.get_token(&["User.Read", "Mail.Read"], None).await;
        token.map(|token| token.token.secret().to_owned()).map_err(|error| error.to_string())
    }

    fn asked(&self) -> usize {
        let shown = self.shown.lock().unwrap();
        shown.iter().filter(|prompt| !matches!(prompt, Prompt::Note(_))).count()
    }

    fn notes(&self) -> String {
        let shown = self.shown.lock().unwrap();
        let notes = shown.iter().filter(|prompt| matches!(prompt, Prompt::Note(_)));
        notes.map(ToString::to_string).collect()
    }
}

fn code(code: &str) -> Flow {
    Flow::AuthorizationCode(Some(Code {
        code: code.to_owned().into(),
        redirect_uri: "https://app.example/back".into(),
        verifier: Some("verifier".to_owned().into()),
    }))
}

#[tokio::test]
async fn who_signed_in_is_not_asked_again_by_the_next_run() {
    let (entra, app) = Entra::start(3600).await;
    let folder = tempfile::tempdir().unwrap();
    let first = screen(&app, Flow::DeviceCode, Some(&folder));
    assert_eq!(first.token().await.unwrap(), "access 2");
    let code = Prompt::DeviceCode {
        address: "https://login.example/device".into(),
        code: "USER".into(),
        life: std::time::Duration::from_secs(900),
    };
    assert_eq!(*first.shown.lock().unwrap(), [code]);
    // Another flow of the same app finds it too.
    let second = screen(&app, Flow::InteractiveBrowser, Some(&folder));
    assert_eq!((second.token().await.unwrap().as_str(), second.asked()), ("access 2", 0));
    assert_eq!(entra.grants(), ["", "device_code"]);
    let forms = entra.forms.lock().unwrap();
    let claims = r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#;
    for form in forms.iter() {
        let sent = ["client_id", "scope", "claims"].map(|name| form[name].as_str());
        assert_eq!(sent, ["app", "User.Read Mail.Read offline_access", claims]);
    }
}

#[tokio::test]
async fn a_refresh_token_is_replaced_by_the_one_that_comes_for_it() {
    let (entra, app) = Entra::start(12).await;
    let folder = tempfile::tempdir().unwrap();
    let first = screen(&app, Flow::DeviceCode, Some(&folder));
    first.token().await.unwrap();
    for _ in 0..3 {
        first.credential.forget();
        first.token().await.unwrap();
    }
    assert_eq!(entra.grants(), ["", "device_code", "refresh_token", "refresh_token", "refresh_token"]);
    assert_eq!((entra.good.lock().unwrap().len(), first.asked()), (1, 1), "each was good once");
}

#[tokio::test]
async fn many_runs_at_once_lose_no_refresh_token() {
    let (entra, app) = Entra::start(3600).await;
    let folder = tempfile::tempdir().unwrap();
    let first = screen(&app, Flow::DeviceCode, Some(&folder));
    first.token().await.unwrap();
    first.credential.forget();
    let runs: Vec<_> = (0..8).map(|_| screen(&app, Flow::DeviceCode, Some(&folder))).collect();
    let tokens = futures_util::future::join_all(runs.iter().map(Screen::token)).await;
    assert!(tokens.iter().all(|token| token.as_deref() == Ok("access 3")), "{tokens:?}");
    assert_eq!(entra.grants(), ["", "device_code", "refresh_token"], "one of them refreshed for all");
    assert!(runs.iter().all(|run| run.asked() == 0));
}

#[tokio::test]
async fn a_refresh_token_that_is_dead_is_told_and_a_person_is_asked() {
    let (entra, app) = Entra::start(3600).await;
    let folder = tempfile::tempdir().unwrap();
    screen(&app, Flow::DeviceCode, Some(&folder)).token().await.unwrap();
    let later = screen(&app, Flow::DeviceCode, Some(&folder));
    later.token().await.unwrap();
    later.credential.forget();
    entra.refuse("invalid_grant", 700_082);
    assert_eq!(later.token().await.unwrap(), "access 5");
    let notes = later.notes();
    assert!(notes.contains("not used for a long time (invalid_grant, AADSTS700082)"), "{notes}");
    assert!(!notes.contains("hush") && later.asked() == 1, "{notes}");
}

#[tokio::test]
async fn nobody_is_asked_where_nobody_is_shown_anything() {
    let (entra, app) = Entra::start(3600).await;
    let person = SignIn {
        registration: app,
        proof: Proof::Nothing,
        flow: Flow::DeviceCode,
        keep_in: None,
        show: Show::default(),
    };
    let credential = cached(Credential::SignIn(person));
    let error = credential.get_token(&["User.Read"], None).await.unwrap_err().to_string();
    assert_eq!(error, "nobody is signed in; run the command again to sign in");
    assert_eq!(entra.grants().len(), 0);
}

#[tokio::test]
async fn a_code_is_redeemed_once_and_then_the_kept_sign_in_serves() {
    let (entra, app) = Entra::start(3600).await;
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        assert_eq!(screen(&app, code("hush"), Some(&folder)).token().await.unwrap(), "access 1");
    }
    let form = entra.forms.lock().unwrap()[0].clone();
    for (name, value) in [
        ("grant_type", "authorization_code"),
        ("code", "hush"),
        ("redirect_uri", "https://app.example/back"),
        ("code_verifier", "verifier"),
    ] {
        assert_eq!(form[name], value);
    }
    // A new code is a new sign-in.
    assert_eq!(screen(&app, code("new"), Some(&folder)).token().await.unwrap(), "access 2");
    assert_eq!(screen(&app, Flow::AuthorizationCode(None), Some(&folder)).token().await.unwrap(), "access 2");
    entra.refuse("invalid_grant", 54005);
    let error = screen(&app, code("third"), Some(&folder)).token().await.unwrap_err();
    assert_eq!(
        error,
        "the authorization code was used already (invalid_grant, AADSTS54005); sign in again and set \
         GRAPH_AUTHORIZATION_CODE to the new code"
    );
}

#[tokio::test]
async fn a_secret_is_sent_with_a_code_and_its_refresh() {
    let (entra, app) = Entra::start(12).await;
    let proof = Proof::Secret("secret".to_owned().into());
    let person =
        SignIn { registration: app, proof, flow: code("hush"), keep_in: None, show: Show::default() };
    let credential = cached(Credential::SignIn(person));
    for _ in 0..2 {
        credential.get_token(&["User.Read"], None).await.unwrap();
        credential.forget();
    }
    assert_eq!(entra.grants(), ["authorization_code", "refresh_token"]);
    assert!(entra.forms.lock().unwrap().iter().all(|form| form["client_secret"] == "secret"));
}

#[tokio::test]
async fn the_sign_in_of_another_tenant_is_not_used_and_that_is_told() {
    let (_, app) = Entra::start(3600).await;
    let folder = tempfile::tempdir().unwrap();
    let other = Registration { client_id: "other".into(), ..app.clone() };
    screen(&app, Flow::DeviceCode, Some(&folder)).token().await.unwrap();
    let second = screen(&other, Flow::DeviceCode, Some(&folder));
    second.token().await.unwrap();
    assert_eq!(
        second.notes(),
        "Sign-ins of another tenant or app are kept (1) and not used: AZURE_TENANT_ID is tenant and AZURE_CLIENT_ID \
         is other."
    );
    assert_eq!(second.asked(), 1);
}

#[tokio::test]
async fn a_claims_challenge_goes_into_the_refresh() {
    let (entra, app) = Entra::start(3600).await;
    let signed_in = screen(&app, Flow::DeviceCode, None);
    let token = signed_in.token().await.unwrap();
    let challenge = crate::challenge::Challenge::read("Bearer claims=\"eyJhIjoxfQ\"", &token).unwrap();
    let scopes = ["User.Read", "Mail.Read"];
    signed_in.credential.get_token(&scopes, Some(challenge.options())).await.unwrap();
    let form = entra.forms.lock().unwrap().last().unwrap().clone();
    assert_eq!(form["grant_type"], "refresh_token");
    assert_eq!(form["claims"], r#"{"a":1,"access_token":{"xms_cc":{"values":["cp1"]}}}"#);
}

#[tokio::test]
async fn a_user_s_token_is_read_anew_for_each_exchange() {
    let (entra, app) = Entra::start(12).await;
    let folder = tempfile::tempdir().unwrap();
    let assertion_file = folder.path().join("assertion");
    let user = OnBehalfOf {
        registration: app,
        proof: Proof::Secret("secret".to_owned().into()),
        assertion_file: assertion_file.clone(),
    };
    let credential = cached(Credential::OnBehalfOf(user));
    for (assertion, word) in [(None, "cannot be read"), (Some(" \n"), "does not hold one token")] {
        if let Some(text) = assertion {
            std::fs::write(&assertion_file, text).unwrap();
        }
        credential.forget();
        let error = credential.get_token(&["User.Read"], None).await.unwrap_err().to_string();
        assert!(error.contains(word) && error.contains("GRAPH_USER_ASSERTION_FILE"), "{error}");
    }
    for assertion in ["first", "second\n"] {
        std::fs::write(&assertion_file, assertion).unwrap();
        credential.forget();
        credential.get_token(&["User.Read"], None).await.unwrap();
        let form = entra.forms.lock().unwrap().last().unwrap().clone();
        assert_eq!(form["assertion"], assertion.trim());
        assert_eq!(
            (form["requested_token_use"].as_str(), form["client_secret"].as_str()),
            ("on_behalf_of", "secret")
        );
        assert_eq!(form["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
    }
}
