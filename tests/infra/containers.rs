//! The image and its two examples say the same, and name settings that there are.

use crate::{file, root, text};

/// The words of one line of Containerfile, where they are a list.
fn words(instruction: &str) -> Vec<String> {
    let containerfile = text("Containerfile");
    let line = containerfile.lines().find_map(|line| line.strip_prefix(&format!("{instruction} ")));
    serde_json::from_str(line.unwrap_or_else(|| panic!("Containerfile has no {instruction}"))).unwrap()
}

/// What is synced unless somebody says otherwise: what comes with the product.
fn synced() -> Vec<String> {
    let mut words = vec!["sync".to_owned()];
    words.extend(["users", "groups", "devices"].map(String::from));
    words
}

#[test]
fn the_image_and_both_jobs_sync_what_comes_with_the_product() {
    for resource in &synced()[1..] {
        assert!(root().join(format!("functions/sync_{resource}")).is_dir(), "{resource}");
    }
    assert_eq!(words("CMD"), synced());
    let list = format!("args: {}", serde_json::to_string(&synced()).unwrap().replace(',', ", "));
    assert!(text("infra/containers/cronjob.yaml").contains(&list), "{list}");
    let resources = synced()[1..].iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
    let job = text("infra/containers/job.bicep");
    assert!(job.contains(&format!("param resources array = [{resources}]")), "{resources}");
    assert!(job.contains("args: concat(['sync'], resources)"));
}

#[test]
fn none_of_them_runs_as_root() {
    let containerfile = text("Containerfile");
    let user = containerfile.lines().find_map(|line| line.strip_prefix("USER ")).unwrap();
    let (user, group) = user.split_once(':').unwrap();
    let cronjob = text("infra/containers/cronjob.yaml");
    for line in [
        "runAsNonRoot: true",
        &format!("runAsUser: {user}"),
        &format!("runAsGroup: {group}"),
        "allowPrivilegeEscalation: false",
        "readOnlyRootFilesystem: true",
    ] {
        assert!(cronjob.contains(line), "the CronJob lacks {line}");
    }
    assert_ne!((user, group), ("0", "0"));
}

#[test]
fn every_variable_of_the_jobs_is_a_setting() {
    let settings = text("docs/settings.md");
    let (job, cronjob) = (file("containers/job.bicep").text, text("infra/containers/cronjob.yaml"));
    let of_job = job.lines().filter_map(|line| line.trim().strip_prefix("name: '")?.strip_suffix('\''));
    let of_cronjob = cronjob.lines().filter_map(|line| line.trim().strip_prefix("- name: "));
    let is_variable = |name: &&str| name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let names: Vec<&str> = of_job.chain(of_cronjob).filter(is_variable).collect();
    assert!(names.len() >= 9, "{names:?}");
    for name in names {
        assert!(settings.contains(&format!("| `{name}` |")), "{name} is no setting");
    }
}
