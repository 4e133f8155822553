//! Collections that are read by time: windows, late arrivals, changes and retention.

use super::*;
use crate::copy::{What, differences_of};

/// Sign-ins of so many minutes ago, by their ids.
async fn with_sign_ins(minutes: &[i64]) -> (Setup, Vec<String>) {
    let mut tenant = Tenant::seeded(1, 7);
    let ids = minutes.iter().map(|minutes| tenant.create_ago("signIns", *minutes)).collect();
    let mut setup = Setup::with(tenant, Options { page_size: 2, ..Options::default() }).await;
    setup.identity.set_roles(&["AuditLog.Read.All"]);
    setup.token = setup.identity.issue(setup.graph.endpoint());
    (setup, ids)
}

fn ago(setup: &Setup, minutes: i64) -> String {
    setup.graph.clock().text(minutes)
}

/// The ids of a list, in its order.
async fn read(setup: &Setup, options: &str) -> Vec<String> {
    let mut url = format!("{}/v1.0/auditLogs/signIns?{options}", setup.graph.endpoint());
    let mut ids = Vec::new();
    loop {
        let Got { status, body, .. } = setup.get(&url).await;
        assert_eq!(status, 200, "{body}");
        let page = body["value"].as_array().unwrap();
        ids.extend(page.iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        match body["@odata.nextLink"].as_str() {
            Some(next) => url = next.to_owned(),
            None => return ids,
        }
    }
}

#[tokio::test]
async fn a_window_is_read_newest_first_and_has_both_of_its_ends() {
    let (setup, ids) = with_sign_ins(&[50, 10, 40, 20, 30]).await;
    let order = |places: &[usize]| places.iter().map(|place| ids[*place].clone()).collect::<Vec<_>>();
    assert_eq!(read(&setup, "").await, order(&[1, 3, 4, 2, 0]));
    assert_eq!(read(&setup, "$orderby=createdDateTime&$top=1").await, order(&[0, 2, 4, 3, 1]));
    assert_eq!(read(&setup, "$orderby=createdDateTime desc").await, order(&[1, 3, 4, 2, 0]));
    let exact = setup.graph.tenant(|tenant| {
        let time = |place: usize| tenant.get("signIns", &ids[place]).unwrap()["createdDateTime"].clone();
        [time(2), time(3)].map(|time| time.as_str().unwrap().to_owned())
    });
    let [from, to] = &exact;
    let closed = format!("$filter=createdDateTime ge {from} and createdDateTime le {to}");
    assert_eq!(read(&setup, &closed).await, order(&[3, 4, 2]));
    let half_open = format!("$filter=createdDateTime ge {from} and createdDateTime lt {to}");
    assert_eq!(read(&setup, &half_open).await, order(&[4, 2]));
    let open = format!("$filter=createdDateTime ge {to}");
    assert_eq!(read(&setup, &open).await, order(&[1, 3]));
    let path = format!("{}/v1.0/auditLogs/signIns", setup.graph.endpoint());
    assert_eq!(setup.code(&format!("{path}?$orderby=id")).await.0, 400);
    assert_eq!(setup.code(&format!("{path}/delta")).await, (400, "Request_UnsupportedQuery".into()));
}

#[tokio::test]
async fn an_object_may_arrive_late_and_change_after_it_appeared() {
    let (setup, ids) = with_sign_ins(&[10]).await;
    let window =
        format!("$filter=createdDateTime ge {} and createdDateTime le {}", ago(&setup, 60), ago(&setup, 0));
    assert_eq!(read(&setup, &window).await, ids);
    let late = setup.graph.tenant(|tenant| tenant.create_ago("signIns", 45));
    assert_eq!(read(&setup, &window).await, [ids[0].clone(), late.clone()]);
    setup.graph.tenant(|tenant| assert!(tenant.change("signIns", &late, json!({"riskDetail": "x"}))));
    let path = format!("{}/v1.0/auditLogs/signIns/{late}", setup.graph.endpoint());
    assert_eq!(setup.get(&path).await.body["riskDetail"], "x");
    assert_eq!(read(&setup, &window).await.len(), 2, "its time is the same");
}

#[tokio::test]
async fn a_change_moves_what_is_read_by_the_time_of_its_last_change() {
    let mut tenant = Tenant::seeded(1, 7);
    let alert = tenant.create_ago("securityAlerts", 300);
    let before = tenant.get("securityAlerts", &alert).unwrap()["lastUpdateDateTime"].clone();
    tenant.change("securityAlerts", &alert, json!({"status": "resolved"}));
    assert_ne!(tenant.get("securityAlerts", &alert).unwrap()["lastUpdateDateTime"], before);
}

#[tokio::test]
async fn what_is_older_than_the_retention_vanishes_and_a_copy_may_keep_it() {
    let day = 24 * 60;
    let (setup, ids) = with_sign_ins(&[29 * day, 10]).await;
    assert_eq!(read(&setup, "").await.len(), 2);
    let documents = setup.graph.tenant(|tenant| {
        let all = tenant.living("signIns").map(|(_, object)| {
            let mut document = Value::Object(object.clone());
            document["ttl"] = json!(2_592_000);
            document["_mirror"] = json!({"resource": "signIns", "tenantId": tenant.id, "generation": 1,
                "save": 1, "source": "window"});
            document
        });
        all.collect::<Vec<_>>()
    });
    let found =
        |documents: &[Value]| setup.graph.tenant(|tenant| differences_of("signIns", tenant, documents)).len();
    assert_eq!((found(&documents), found(&documents[1..])), (0, 1));
    setup.graph.clock().shift(2 * day * 60);
    assert_eq!(read(&setup, "").await, ids[1..]);
    let is_young = |document: &&Value| document["id"] == ids[1].as_str();
    let young: Vec<_> = documents.iter().filter(is_young).cloned().collect();
    assert_eq!((found(&documents), found(&young)), (0, 0));
    let mut wrong = young.clone();
    wrong[0]["id"] = json!("nobody");
    let differences = setup.graph.tenant(|tenant| differences_of("signIns", tenant, &wrong));
    assert!(differences.iter().any(|difference| difference.what == What::Extra));
}
