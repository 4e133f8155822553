//! The demo can fail: whatever is lost on its way to Cosmos, it exits 1 and names the difference.

use std::process::{Command, Output};

use serde_json::Value;

fn demo(arguments: &[&str]) -> (Output, Value) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_demo")).args(["--json", "--users", "250"]).args(arguments).output();
    let output = output.expect("the demo starts");
    let summary = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("no JSON on stdout ({error}): {}", String::from_utf8_lossy(&output.stderr));
    });
    (output, summary)
}

#[test]
fn the_demo_succeeds_and_fails_when_something_is_lost() {
    let (output, summary) = demo(&[]);
    assert_eq!(output.status.code(), Some(0), "{summary}");
    assert_eq!(summary["users"]["tenant"], summary["users"]["equal"]);
    assert_eq!(summary["users"]["tenant"], summary["users"]["copied"]);
    for figure in ["/seconds", "/handler/peakRssMiB", "/handler/cpuSeconds", "/handler/startMs"] {
        assert!(
            summary.pointer(figure).and_then(Value::as_f64).is_some_and(|figure| figure > 0.0),
            "{figure}"
        );
    }
    for (lost, named) in [
        ("null", "is null in the tenant, absent in the copy"),
        ("page", "living in the tenant, missing in the copy"),
        ("removal", "not in the tenant, living in the copy"),
    ] {
        let (output, summary) = demo(&["--sabotage", lost]);
        assert_eq!(output.status.code(), Some(1), "{lost}: {summary}");
        assert!(summary["chapters"].to_string().contains(named), "{lost}: {summary}");
    }
}
