//! A chain whose links need no machine: what it says when none of them answers. `auto.rs` of the stories has the rest.

use super::*;
use crate::credentials::make::make;
use crate::credentials::{Registration, WorkloadIdentity};

fn links() -> Vec<Link> {
    let registration = Registration {
        authority: "https://login.example".parse().unwrap(),
        tenant_id: "contoso.example".into(),
        client_id: "app-id".into(),
        setting: "AZURE_CLIENT_ID",
    };
    let token_file = "/nowhere/token".into();
    vec![
        Link::Skipped("environment", "AZURE_CLIENT_SECRET is not set"),
        Link::Asked(Box::new(Credential::WorkloadIdentity(WorkloadIdentity { registration, token_file }))),
    ]
}

#[tokio::test]
async fn when_no_link_answers_the_error_has_each_of_them_and_why() {
    let walk = Walk::new(Chain { links: links() }, make);
    let why = walk.get_token(&["scope"], None).await.unwrap_err().to_string();
    for words in [
        "no credential of `auto` gave a token; environment: AZURE_CLIENT_SECRET is not set; workload-identity: ",
        "AZURE_FEDERATED_TOKEN_FILE: `/nowhere/token` cannot be read",
        "name the one that should in GRAPH_CREDENTIAL",
    ] {
        assert!(why.contains(words), "{why}");
    }
    assert_eq!(walk.answered(), None);
}

#[tokio::test]
async fn a_failure_stands_for_those_who_ask_next() {
    let walk = Walk::new(Chain { links: links() }, make);
    walk.get_token(&["scope"], None).await.unwrap_err();
    let at = walk.failed.lock().await.as_ref().unwrap().0;
    walk.get_token(&["other scope"], None).await.unwrap_err();
    assert_eq!(walk.failed.lock().await.as_ref().unwrap().0, at, "the links are not tried again");
}
