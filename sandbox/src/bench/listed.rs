//! When the users of the source were created: one after another, over fourteen years.

use std::ops::Range;

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// When the first one was, in seconds since 1970: 2012.
const FIRST: i64 = 1_325_376_000;
/// From the first one to the last one, in seconds.
const SPAN: i64 = 14 * 365 * 86_400;

/// When a user was created.
pub(super) fn created(number: usize, users: usize) -> String {
    let second = FIRST + SPAN * number as i64 / users.max(1) as i64;
    let time = OffsetDateTime::from_unix_timestamp(second).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    time.format(&Rfc3339).unwrap_or_default()
}

/// The users that a filter for times of creation leaves, of so many.
pub(super) fn range(query: &str, users: usize) -> Range<usize> {
    let filter = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "$filter");
    let filter = filter.map(|(_, text)| text.into_owned()).unwrap_or_default();
    let time = |operator: &str| {
        let text = filter.split_once(&format!(" {operator} "))?.1.split(' ').next()?;
        OffsetDateTime::parse(text, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp)
    };
    // The number of users who were created before a second.
    let before = |second: i64| {
        let passed = (second - FIRST).clamp(0, SPAN) as u128;
        (passed * users as u128).div_ceil(SPAN as u128) as usize
    };
    let from = time("ge").map_or(0, before);
    from..time("le").map_or(users, |second| before(second + 1)).max(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_all_users_and_share_at_most_those_of_one_second() {
        let query = |text: &str| format!("$top=999&$filter={}", text.replace(' ', "%20"));
        for users in [1, 7, 20_000] {
            let edge = created(users / 3, users);
            let (one, other) = (
                range(&query(&format!("createdDateTime le {edge}")), users),
                range(&query(&format!("createdDateTime ge {edge}")), users),
            );
            assert_eq!((one.start, other.end), (0, users));
            assert_eq!((one.end, other.start), (users / 3 + 1, users / 3), "{users}");
        }
        assert_eq!(range("", 9), 0..9);
    }
}
