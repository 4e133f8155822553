//! Collections below objects of others: mail, drives, channels, and what becomes of them with the object above.

use super::*;
use crate::copy::{What, differences_of};

/// Two users with two mail folders each and three messages in each folder.
async fn with_mail() -> (Setup, [String; 2]) {
    let mut tenant = Tenant::seeded(2, 7);
    let users: [String; 2] = tenant.ids("users").try_into().unwrap();
    for user in &users {
        for _ in 0..2 {
            let folder = tenant.create_under("mailFolders", &[user]);
            (0..3).for_each(|_| drop(tenant.create_under("messages", &[user, &folder])));
        }
    }
    (with_all_roles(tenant).await, users)
}

async fn with_all_roles(tenant: Tenant) -> Setup {
    Setup::of_everything(tenant, Options { page_size: 2, ..Options::default() }).await
}

fn at(setup: &Setup, path: &str) -> String {
    format!("{}/v1.0/{path}", setup.graph.endpoint())
}

fn folders(setup: &Setup, user: &str) -> Vec<String> {
    setup.graph.tenant(|tenant| tenant.ids_under("mailFolders", &[user]))
}

fn ids(objects: &[Value]) -> Vec<String> {
    let mut ids: Vec<_> = objects.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

/// Walks a feed whose ids are immutable.
async fn walk(setup: &Setup, url: &str) -> (Vec<Value>, String) {
    let (told, delta) = setup.read_all(url, IMMUTABLE).await;
    (told, delta.unwrap())
}

fn messages(setup: &Setup, user: &str, folder: &str) -> String {
    at(setup, &format!("users/{user}/mailFolders/{folder}/messages/delta"))
}

#[tokio::test]
async fn each_object_above_has_a_feed_of_its_own() {
    let (setup, [one, other]) = with_mail().await;
    let (told, delta) = walk(&setup, &at(&setup, &format!("users/{one}/mailFolders/delta"))).await;
    assert_eq!(ids(&told), folders(&setup, &one));
    assert!(ids(&told).iter().all(|id| !folders(&setup, &other).contains(id)));
    let folder = folders(&setup, &one)[0].clone();
    let (told, next) = walk(&setup, &messages(&setup, &one, &folder)).await;
    let expected = setup.graph.tenant(|tenant| tenant.ids_under("messages", &[&one, &folder]));
    assert_eq!((told.len(), ids(&told)), (3, expected));
    assert!(told.iter().all(|message| message["parentFolderId"] == folder.as_str()));
    setup.graph.tenant(|tenant| {
        let folder = folders_of(tenant, &other)[0].clone();
        tenant.create_under("messages", &[&other, &folder]);
        tenant.create_under("mailFolders", &[&other]);
    });
    assert_eq!((walk(&setup, &next).await.0, walk(&setup, &delta).await.0), (vec![], vec![]));
    let record = setup.graph.requests().pop().unwrap();
    assert_eq!((record.feed, record.parent), (Some("mailFolders"), Some(one.clone())));
    assert!(next.contains("/mailFolders('"), "a folder is a key in links of Outlook: {next}");
    let foreign = next.replace(&one, &other);
    assert_ne!(setup.get(&foreign).await.status, 200, "a token is good for its own feed");
}

fn folders_of(tenant: &Tenant, user: &str) -> Vec<String> {
    tenant.ids_under("mailFolders", &[user])
}

#[tokio::test]
async fn what_is_below_an_object_goes_with_it_and_then_answers_404() {
    let (setup, [one, _]) = with_mail().await;
    let [first, second] = folders(&setup, &one).try_into().unwrap();
    let folder = setup.graph.tenant(|tenant| {
        let folder = tenant.get("mailFolders", &first).unwrap().clone();
        assert!(tenant.purge("mailFolders", &first));
        Value::Object(folder)
    });
    assert_eq!(setup.code(&messages(&setup, &one, &first)).await, (404, "ErrorItemNotFound".into()));
    assert_eq!(setup.graph.tenant(|tenant| tenant.ids("messages").len()), 9);
    let name = setup.graph.tenant(|tenant| tenant.get("users", &one).unwrap()["userPrincipalName"].clone());
    let named = messages(&setup, &name.as_str().unwrap().to_uppercase(), &second);
    assert_eq!(setup.get(&named).await.status, 200, "the object above is found by its name");
    setup.graph.tenant(|tenant| assert!(tenant.remove("users", &one)));
    assert_eq!(setup.code(&messages(&setup, &one, &second)).await, (404, "ErrorInvalidUser".into()));
    assert_eq!(setup.graph.tenant(|tenant| tenant.ids("messages").len()), 6, "the copy should not have them");
    setup.graph.tenant(|tenant| assert!(tenant.restore("users", &one)));
    assert_eq!(setup.graph.tenant(|tenant| tenant.ids("messages").len()), 9, "the mailbox is back");
    setup.graph.tenant(|tenant| {
        tenant.insert_under("mailFolders", &[&one], folder);
        assert_eq!(tenant.ids_under("messages", &[&one, &first]), [""; 0], "they went with the first one");
        assert!(tenant.purge("users", &one));
        assert_eq!((tenant.ids("mailFolders").len(), tenant.ids("messages").len()), (2, 6));
    });
}

#[tokio::test]
async fn an_object_may_refuse_what_is_below_it() {
    let (setup, [one, other]) = with_mail().await;
    let path = |user: &str| at(&setup, &format!("users/{user}/mailFolders"));
    setup.graph.tenant(|tenant| tenant.refuse_below(&one, Some(Refusal::no_mailbox())));
    assert_eq!(setup.code(&path(&one)).await, (404, "MailboxNotEnabledForRESTAPI".into()));
    let licences = at(&setup, &format!("users/{one}/licenseDetails"));
    assert_eq!(setup.get(&licences).await.status, 200, "only the mailbox is missing");
    assert_eq!(setup.get(&path(&other)).await.status, 200);
    setup.graph.tenant(|tenant| tenant.refuse_below(&one, Some(Refusal::forbidden())));
    assert_eq!(setup.code(&licences).await, (403, "ErrorAccessDenied".into()));
    setup.graph.tenant(|tenant| tenant.refuse_below(&one, None));
    setup.graph.fail(Match::list().below(&one), 1, Fault::Html);
    assert_eq!(setup.get(&path(&other)).await.headers["content-type"].to_str().unwrap().find("html"), None);
    assert_eq!(setup.get(&path(&one)).await.headers["content-type"], "text/html");
    assert_eq!(setup.get(&path(&one)).await.status, 200);
}

#[tokio::test]
async fn every_depth_and_form_of_path_is_served() {
    let mut tenant = Tenant::seeded(2, 7);
    let user = tenant.ids("users")[0].clone();
    let site = tenant.create("sites");
    let drive = tenant.create_under("drives", &[&site]);
    let item = tenant.create_under("driveItems", &[&drive]);
    let (team, group, app) =
        (tenant.create("teams"), tenant.create("groups"), tenant.create("servicePrincipals"));
    let channel = tenant.create_under("channels", &[&team]);
    tenant.create_under("channelMessages", &[&team, &channel]);
    tenant.create_under("appRoleAssignments", &[&app]);
    tenant.create_under("plannerPlans", &[&group]);
    tenant.create_under("callTranscripts", &[&user]);
    assert_eq!(tenant.parents_of("driveItems", &item), [site.clone(), drive.clone()]);
    let setup = with_all_roles(tenant).await;
    let transcripts =
        format!("users/{user}/onlineMeetings/getAllTranscripts(meetingOrganizerUserId='{user}')/delta");
    for path in [
        format!("drives/{}/root/delta", drive.replace('!', "%21")),
        format!("sites/{}/drives", site.replace(',', "%2C")),
        format!("teams/{team}/channels/{channel}/messages/delta"),
        format!("servicePrincipals/{app}/appRoleAssignedTo"),
        format!("groups/{group}/planner/plans"),
        transcripts,
    ] {
        let got = setup.get(&at(&setup, &path)).await;
        assert_eq!(
            (got.status.as_u16(), got.body["value"].as_array().map(Vec::len)),
            (200, Some(1)),
            "{path}"
        );
        if let Some(link) = got.body["@odata.deltaLink"].as_str() {
            assert_eq!(setup.get(link).await.body["value"], json!([]), "{link}");
        }
    }
    setup.graph.tenant(|tenant| tenant.purge("sites", &site));
    let gone = at(&setup, &format!("drives/{drive}/root/delta"));
    assert_eq!(setup.code(&gone).await, (404, "itemNotFound".into()));
}

#[tokio::test]
async fn a_copy_is_compared_by_the_chain_of_ids_above() {
    let (setup, [one, other]) = with_mail().await;
    let document = |tenant: &Tenant, key: &str, object: &serde_json::Map<String, Value>| {
        let parent = key.rsplit_once('/').unwrap().0;
        let mut document = Value::Object(object.clone());
        document["_mirror"] = json!({"resource": "messages", "tenantId": tenant.id, "parent": parent,
            "generation": 1, "save": 1, "source": "delta"});
        document
    };
    let found = |tenant: &Tenant, documents: &[Value]| {
        let differences = differences_of("messages", tenant, documents).into_iter();
        differences.map(|difference| difference.what).collect::<Vec<_>>()
    };
    setup.graph.tenant(|tenant| {
        let mut documents: Vec<_> =
            tenant.living("messages").map(|(key, object)| document(tenant, key, object)).collect();
        assert_eq!((documents.len(), found(tenant, &documents)), (12, vec![]));
        let parent = documents[0]["_mirror"]["parent"].clone();
        documents[0]["_mirror"]["parent"] = documents[11]["_mirror"]["parent"].clone();
        let mut wrong = found(tenant, &documents);
        wrong.sort_by_key(|what| *what != What::Missing);
        assert_eq!(wrong, [What::Missing, What::Extra], "below another folder it is another one");
        documents[0]["_mirror"]["parent"] = parent;
        tenant.refuse_below(&other, Some(Refusal::no_mailbox()));
        let seen: Vec<_> = documents
            .iter()
            .filter(|one_of| one_of["_mirror"]["parent"].as_str().unwrap().starts_with(&one))
            .cloned()
            .collect();
        assert_eq!(
            (seen.len(), found(tenant, &seen)),
            (6, vec![]),
            "nobody can say of a mailbox that refuses"
        );
        assert_eq!(found(tenant, &documents), []);
        tenant.purge("users", &one);
        assert_eq!(found(tenant, &documents).len(), 6);
    });
}
