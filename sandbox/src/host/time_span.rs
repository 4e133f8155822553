//! .NET's `TimeSpan` texts, as `host.json` and `function.json` use them.

use std::time::Duration;

use anyhow::{Context, Result, bail};

/// Reads `[d.]hh:mm:ss[.fraction]`. A negative span (`-1`, `-00:00:01`) is the host's way to say "no limit":
/// `None`.
pub(super) fn parse(text: &str) -> Result<Option<Duration>> {
    if text.starts_with('-') {
        return Ok(None);
    }
    span(text).map(Some).with_context(|| format!("{text:?} is not a time span (hh:mm:ss)"))
}

fn span(text: &str) -> Result<Duration> {
    let [hours, minutes, seconds] = text.split(':').collect::<Vec<_>>()[..] else {
        bail!("three parts are needed")
    };
    let (days, hours) = hours.split_once('.').unwrap_or(("0", hours));
    let (days, hours): (u64, u64) = (days.parse()?, hours.parse()?);
    let minutes: u64 = minutes.parse()?;
    let seconds: f64 = seconds.parse()?;
    if hours > 23 || minutes > 59 || !(0.0..60.0).contains(&seconds) {
        bail!("a part is out of its range");
    }
    Ok(Duration::from_secs(((days * 24 + hours) * 60 + minutes) * 60) + Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_dotnet_reads_them() {
        assert_eq!(parse("00:10:00").unwrap(), Some(Duration::from_secs(600)));
        assert_eq!(parse("1.02:00:30").unwrap(), Some(Duration::from_secs(93_630)));
        assert_eq!(parse("00:00:00.250").unwrap(), Some(Duration::from_millis(250)));
        assert_eq!(parse("-1").unwrap(), None);
    }

    #[test]
    fn a_text_that_is_no_time_span_is_refused() {
        for text in ["", "10", "25:00:00", "00:60:00", "00:00:99", "a:b:c"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
