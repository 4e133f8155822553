//! The envelope of a queue trigger (`QueueTriggerBinding.CreateBindingData`, string data).

use serde_json::Value;
use time::OffsetDateTime;

use super::{Members, Sys, encoded, envelope, seconds};

/// One message as it is delivered.
#[derive(Debug, Clone)]
pub(in crate::host) struct QueueItem<'a> {
    /// The decoded text.
    pub text: &'a str,
    pub id: &'a str,
    pub pop_receipt: &'a str,
    pub dequeue_count: u32,
    pub inserted: OffsetDateTime,
    pub expires: OffsetDateTime,
    pub next_visible: OffsetDateTime,
}

/// Builds the envelope. The members of a JSON message land in the metadata and overwrite the host's own
/// there.
pub(in crate::host) fn queue(binding: &str, item: &QueueItem, sys: &Sys) -> String {
    let mut metadata = Members::default();
    metadata.put("DequeueCount", encoded(&Value::from(item.dequeue_count)));
    metadata.put("ExpirationTime", seconds(item.expires));
    metadata.put("Id", encoded(&Value::from(item.id)));
    metadata.put("InsertionTime", seconds(item.inserted));
    metadata.put("NextVisibleTime", seconds(item.next_visible));
    metadata.put("PopReceipt", encoded(&Value::from(item.pop_receipt)));
    metadata.put("sys", sys.members());
    metadata.merge_json(item.text);
    envelope(binding, encoded(&Value::from(item.text)), metadata)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::super::tests::sys;
    use super::*;

    fn item(text: &str) -> QueueItem<'_> {
        QueueItem {
            text,
            id: "800ae4b3-bdd2-4c08-badd-f08e5a34b865",
            pop_receipt: "AgAAAAMAAAAAAAAAAgtnj8x+1QE=",
            dequeue_count: 1,
            inserted: datetime!(2026-11-22 07:00:00 UTC),
            expires: datetime!(2026-11-29 07:00:00 UTC),
            next_visible: datetime!(2026-11-22 07:10:00 UTC),
        }
    }

    #[test]
    fn a_json_message_is_encoded_twice_and_its_members_are_metadata() {
        let text = queue("msg", &item(r#"{"resource":"users","page":3}"#), &sys("process_page"));
        let data = r#"{"Data":{"msg":"\"{\\\"resource\\\":\\\"users\\\",\\\"page\\\":3}\""},"#;
        assert!(text.starts_with(data), "{text}");
        let metadata = [
            r#""Metadata":{"DequeueCount":"1","ExpirationTime":"2026-11-29T07:00:00+00:00","#,
            r#""Id":"\"800ae4b3-bdd2-4c08-badd-f08e5a34b865\"","InsertionTime":"2026-11-22T07:00:00+00:00","#,
            r#""NextVisibleTime":"2026-11-22T07:10:00+00:00","PopReceipt":"\"AgAAAAMAAAAAAAAAAgtnj8x+1QE=\"","sys":{"#,
        ];
        assert!(text.contains(&metadata.concat()), "{text}");
        assert!(text.contains(r#""resource":"\"users\"""#) && text.contains(r#""page":"\"3\"""#), "{text}");
    }

    #[test]
    fn a_plain_message_is_a_quoted_string() {
        let text = queue("item", &item("hi"), &sys("continue_sync"));
        assert!(text.starts_with(r#"{"Data":{"item":"\"hi\""},"#), "{text}");
    }

    #[test]
    fn members_overwrite_the_built_ins_and_triggers_vanish() {
        let text = queue(
            "item",
            &item(r#"{"id":"x","Trigger":1,"myTrigger":2,"nested":{"a":1},"list":[1]}"#),
            &sys("f"),
        );
        assert!(text.contains(r#""Id":"\"x\"""#) && !text.contains("800ae4b3"), "{text}");
        let metadata = text.split_once("Metadata").unwrap().1;
        assert!(!metadata.to_lowercase().contains("trigger") && !metadata.contains("list"), "{text}");
        assert!(metadata.contains(r#""nested":{"a":1}"#), "{text}");
    }
}
