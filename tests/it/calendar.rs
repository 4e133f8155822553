//! Calendars: a delta feed of events that shows a range of time, and the range moves on.

use sandbox::graph::TokenDeath;
use sandbox::world::{Setup, World};
use serde_json::{Value, json};
use tempfile::TempDir;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::command_line::{run, stderr, stdout};
use crate::stage::{checkpoint_of, setup, staged_with};

const DAY: i64 = 24 * 60;

/// A user with a calendar, and a deployment that mirrors it.
struct Calendar {
    world: World,
    user: String,
    root: TempDir,
}

impl Calendar {
    async fn new() -> Self {
        let root = staged_with(&["calendarView"]);
        let setup = Setup { users: 1, root: root.path().to_owned(), ..setup() };
        let world = World::start(Setup { objects: vec![("calendarView", 1)], ..setup }).await.unwrap();
        let user = world.graph.tenant(|tenant| tenant.ids("users")[0].clone());
        let calendar = Self { world, user, root };
        calendar.run("sync users").await;
        calendar
    }

    /// An event of an hour that begins in so many days.
    fn event(&self, days: i64) -> String {
        self.world.graph.tenant(|tenant| {
            let id = tenant.create_under("calendarView", &[&self.user]);
            let single = json!({"type": "singleInstance", "recurrence": null});
            assert!(tenant.change("calendarView", &id, single));
            tenant.place("calendarView", &id, days * DAY, 60);
            id
        })
    }

    async fn run(&self, line: &str) -> (String, String) {
        let root = ("FUNCTIONS_APP_ROOT_PATH".to_owned(), self.root.path().display().to_string());
        let ran = run(&[self.world.settings(), &[root]].concat(), line).await;
        (stdout(&ran), stderr(&ran))
    }

    async fn sync(&self) -> String {
        self.run("sync calendarView").await.0
    }

    fn key(&self) -> String {
        format!("calendarView/{}", self.user)
    }

    /// The copy becomes that of a range some days before the one of today, as if nobody had synced since.
    async fn copy_of_earlier(&self, days: i64) {
        self.sync().await;
        let mut checkpoint = checkpoint_of(&self.world, &self.key()).await;
        for end in ["from", "to"] {
            let at = checkpoint["window"][end].as_str().expect("the checkpoint keeps the range");
            let at = OffsetDateTime::parse(at, &Rfc3339).unwrap() - Duration::days(days);
            checkpoint["window"][end] = at.format(&Rfc3339).unwrap().into();
        }
        (checkpoint["state"], checkpoint["link"]) = (json!("enumerating"), Value::Null);
        self.world.cosmos.put("mirror", &self.key(), &checkpoint).await.unwrap();
    }

    /// Of the event that came into the range, the feed named the changed properties only: a read by its id completes it.
    async fn settle_equal(&self) {
        for _ in 0..200 {
            if self.world.differences().await.is_empty() {
                return;
            }
            self.sync().await;
        }
        self.world.ensure_equal().await.unwrap();
    }

    async fn living(&self) -> Vec<String> {
        let all = self.world.cosmos.documents("calendarView").await;
        let living = all.iter().filter(|one| one["_mirror"].get("removed").is_none());
        living.map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn a_calendar_is_copied_within_its_range_and_changes_are_merged() {
    let calendar = Calendar::new().await;
    let [near, past, future] = [5, -40, 400].map(|days| calendar.event(days));
    assert!(calendar.sync().await.contains("complete; 2 upserted"));
    calendar.world.ensure_equal().await.unwrap();
    let living = calendar.living().await;
    assert!(living.contains(&near) && !living.contains(&past) && !living.contains(&future));
    let generation = checkpoint_of(&calendar.world, &calendar.key()).await["generation"].clone();
    calendar.world.cosmos.reset_log();
    calendar.world.graph.tenant(|tenant| {
        assert!(tenant.change("calendarView", &near, json!({"subject": "Another"})));
        tenant.place("calendarView", &future, 30 * DAY, 60);
    });
    let said = calendar.sync().await;
    assert!(said.contains("complete") && said.contains(" 0 removed"), "one came into the range: {said}");
    calendar.settle_equal().await;
    calendar.world.graph.tenant(|tenant| tenant.place("calendarView", &near, -90 * DAY, 60));
    assert!(calendar.sync().await.contains("complete; 0 upserted, 1 removed"), "one left it");
    calendar.world.ensure_equal().await.unwrap();
    let checkpoint = checkpoint_of(&calendar.world, &calendar.key()).await;
    assert_eq!(checkpoint["generation"], generation, "nothing was read anew");
    calendar.world.graph.kill_tokens(TokenDeath::Location);
    assert!(calendar.sync().await.contains("complete"));
    calendar.world.ensure_equal().await.unwrap();
}

#[tokio::test]
async fn what_left_the_range_goes_when_it_moves_on_and_no_removal_limit_holds_that() {
    let calendar = Calendar::new().await;
    let old: Vec<_> = (0..15).map(|_| calendar.event(-33)).collect();
    let near: Vec<_> = [-3, 9].map(|days| calendar.event(days)).into();
    calendar.copy_of_earlier(10).await;
    let (said, _) = calendar.run("sync calendarView").await;
    let living = calendar.living().await;
    assert!(old.iter().chain(&near).all(|id| living.contains(id)), "the earlier range: {said}");
    let (said, log) = calendar.run("sync calendarView").await;
    assert!(said.contains("complete") && said.contains("15 removed"), "{said} {log}");
    assert!(log.contains("\"range\"") || log.contains("reason=range"), "{log}");
    let living = calendar.living().await;
    assert!(near.iter().all(|id| living.contains(id)), "{living:?}");
    calendar.world.ensure_equal().await.unwrap();
    calendar.world.cosmos.reset_log();
    calendar.sync().await;
    assert_eq!(calendar.world.document_writes(), [], "the range is that of today");
}

#[tokio::test]
async fn what_lies_in_the_range_is_kept_although_the_new_range_does_not_show_it() {
    let calendar = Calendar::new().await;
    let old = calendar.event(-33);
    let near: Vec<_> = [-3, 9, 20].map(|days| calendar.event(days)).into();
    calendar.copy_of_earlier(10).await;
    calendar.sync().await;
    calendar.world.graph.hide("calendarView", near.clone());
    let (said, log) = calendar.run("sync calendarView").await;
    assert!(log.contains("sweep_held") || said.contains("held"), "{said} {log}");
    let living = calendar.living().await;
    assert!(near.iter().all(|id| living.contains(id)), "Graph shows them by their ids");
    calendar.world.graph.kill_tokens(TokenDeath::SyncStateNotFound);
    calendar.sync().await;
    assert!(!calendar.living().await.contains(&old), "it is outside of the range");
    calendar.world.ensure_equal().await.unwrap();
}
