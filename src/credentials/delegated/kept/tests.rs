//! Files: who can read them, and what becomes of one that is not as it was written.

use azure_core::credentials::AccessToken;

use super::*;

fn key(tenant_id: &str) -> Key {
    let registration = Registration {
        authority: "https://login.example".parse().unwrap(),
        tenant_id: tenant_id.into(),
        client_id: "App".into(),
        setting: "AZURE_CLIENT_ID",
    };
    Key::new(&registration, &["b", "a", "b"])
}

fn kept(tenant_id: &str) -> Kept {
    let end = OffsetDateTime::from_unix_timestamp(4_000_000_000).unwrap();
    let granted =
        Granted { token: AccessToken::new("access", end), refresh_token: Some(Secret::new("refresh")) };
    Kept::new(key(tenant_id)).with(&granted, end)
}

/// A folder with one sign-in, and the path of its file.
fn with_one() -> (tempfile::TempDir, Folder, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::new(place.path().join("state/graph-mirror"));
    folder.save(&kept("Tenant")).unwrap();
    let file = folder.files().unwrap().pop().unwrap();
    (place, folder, file)
}

#[test]
fn a_kept_sign_in_is_found_again_however_its_names_are_written() {
    let (_place, folder, _) = with_one();
    let found = folder.load(&key("tenant")).unwrap().unwrap();
    assert_eq!(found.access_token.unwrap().secret(), "access");
    assert_eq!(found.refresh_token.unwrap().secret(), "refresh");
    assert_eq!(found.expires_on.unix_timestamp(), 4_000_000_000);
    assert!(folder.load(&key("other")).unwrap().is_none());
    assert_eq!((folder.others(&key("other")), folder.others(&key("tenant"))), (1, 0));
    assert!(!format!("{:?}", kept("t")).contains("refresh\""));
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_it_and_a_file_that_others_could_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let (_place, folder, file) = with_one();
    assert_eq!((mode(&folder.0), mode(&file)), (0o700, 0o600));
    fs::set_permissions(&folder.0, fs::Permissions::from_mode(0o755)).unwrap();
    folder.save(&kept("tenant")).unwrap();
    assert_eq!(mode(&folder.0), 0o700, "the folder is closed again");
    for open in [0o640, 0o604, 0o660] {
        fs::set_permissions(&file, fs::Permissions::from_mode(open)).unwrap();
        let error = folder.load(&key("tenant")).unwrap_err();
        assert!(matches!(error, KeptError::Exposed) && error.to_string().contains("graph-mirror logout"));
    }
}

#[test]
fn the_error_about_a_file_that_cannot_be_used_names_the_command_that_removes_it() {
    let (_place, folder, file) = with_one();
    let text = fs::read_to_string(&file).unwrap();
    for (content, word) in [
        ("", "cannot be read"),
        ("{\"format\":1}", "cannot be read"),
        (&text[..text.len() / 2], "cannot be read"),
        ("{\"format\":2,\"new\":true}", "newer version"),
    ] {
        fs::write(&file, content).unwrap();
        let error = folder.load(&key("tenant")).unwrap_err().to_string();
        assert!(error.contains(word) && error.contains("graph-mirror logout"), "{error}");
    }
    assert_eq!(folder.clear().unwrap(), 1);
    assert!(folder.load(&key("tenant")).unwrap().is_none());
}

#[test]
fn a_file_copied_to_the_name_of_another_tenant_is_not_used() {
    let (_place, folder, file) = with_one();
    fs::copy(&file, folder.0.join(key("other").file_name())).unwrap();
    assert!(folder.load(&key("other")).unwrap().is_none());
}

#[test]
fn clearing_removes_half_written_files_too_and_no_file_of_others() {
    let (_place, folder, _) = with_one();
    folder.save(&kept("other")).unwrap();
    let half = folder.0.join("00000000000000000000000000000000.new");
    let foreign = folder.0.join("notes.json");
    fs::write(&half, "refresh").unwrap();
    fs::write(&foreign, "{}").unwrap();
    assert_eq!(folder.clear().unwrap(), 2);
    assert!(!half.exists() && foreign.exists());
    assert_eq!(folder.clear().unwrap(), 0);
}
