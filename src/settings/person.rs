//! The credentials that act for a person: how the person signs in, and where that is kept.

use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

use super::cloud::Cloud;
use super::kind::Named;
use super::lookup::Reader;
use super::registration::{certificate, registration};
use crate::credentials::{Code, Flow, OnBehalfOf, Proof, Show, SignIn};

/// The tenant where none is stated: that of whichever work or school account signs in.
const ANYWHERE: &str = "organizations";

/// A person who signs in.
pub(super) fn sign_in(reader: &mut Reader<'_>, cloud: Cloud, named: Named, flow: Flow) -> SignIn {
    let registration = registration(reader, cloud, named, Some(ANYWHERE));
    let proof = match flow {
        Flow::AuthorizationCode(_) => proof(reader).unwrap_or(Proof::Nothing),
        Flow::DeviceCode | Flow::InteractiveBrowser => Proof::Nothing,
    };
    let keep_in = state_folder(|name| reader.text(name));
    if keep_in.is_none() {
        reader
            .problem("XDG_STATE_HOME", "is not set, and HOME neither; the sign-in is kept below one of them");
    }
    SignIn { registration, proof, flow, keep_in, show: Show::default() }
}

/// The code of a sign-in elsewhere. Without one, the sign-in that was kept is used.
pub(super) fn code(reader: &mut Reader<'_>) -> Flow {
    let code = reader.text("GRAPH_AUTHORIZATION_CODE").map(SecretString::from);
    let verifier = reader.text("GRAPH_CODE_VERIFIER").map(SecretString::from);
    let stated = reader.text("GRAPH_REDIRECT_URI");
    if stated.as_deref().is_some_and(|text| Url::parse(text).is_err()) {
        reader.problem("GRAPH_REDIRECT_URI", "is not a URL");
    }
    Flow::AuthorizationCode(code.map(|code| {
        let what = "the redirect address with which the code in GRAPH_AUTHORIZATION_CODE was asked for";
        let redirect_uri = stated.unwrap_or_else(|| reader.required("GRAPH_REDIRECT_URI", what));
        Code { code, redirect_uri, verifier }
    }))
}

/// A user's token for our API.
pub(super) fn on_behalf_of(reader: &mut Reader<'_>, cloud: Cloud, named: Named) -> OnBehalfOf {
    let registration = registration(reader, cloud, named, None);
    let proof = proof(reader).unwrap_or_else(|| {
        reader.problem(
            "AZURE_CLIENT_SECRET",
            "is not set; set it to the value (not the id) of a client secret",
        );
        Proof::Nothing
    });
    let what = "the path of a file with a user's access token for this API";
    let assertion_file = PathBuf::from(reader.required("GRAPH_USER_ASSERTION_FILE", what));
    OnBehalfOf { registration, proof, assertion_file }
}

fn proof(reader: &mut Reader<'_>) -> Option<Proof> {
    if let Some(secret) = reader.text("AZURE_CLIENT_SECRET") {
        return Some(Proof::Secret(secret.into()));
    }
    reader.text("AZURE_CLIENT_CERTIFICATE_PATH").map(|_| Proof::Certificate(certificate(reader)))
}

/// The folder in which sign-ins are kept: `graph-mirror` below `XDG_STATE_HOME`
/// (<https://specifications.freedesktop.org/basedir-spec/latest/>), else where the operating system has such files.
/// None where no variable says where that is.
pub fn state_folder(mut lookup: impl FnMut(&str) -> Option<String>) -> Option<PathBuf> {
    let mut path = |name: &str| lookup(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = match path("XDG_STATE_HOME") {
        Some(stated) => stated,
        None if cfg!(windows) => path("LOCALAPPDATA")?,
        None if cfg!(target_os = "macos") => path("HOME")?.join("Library/Application Support"),
        None => path("HOME")?.join(".local/state"),
    };
    Some(base.join("graph-mirror"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(variables: &[(&str, &str)]) -> Option<PathBuf> {
        state_folder(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn sign_ins_are_kept_where_the_person_keeps_state() {
        let home = ("HOME", "/home/ada");
        assert_eq!(folder(&[home]).unwrap(), PathBuf::from("/home/ada/.local/state/graph-mirror"));
        assert_eq!(
            folder(&[home, ("XDG_STATE_HOME", "/state")]).unwrap(),
            PathBuf::from("/state/graph-mirror")
        );
        let relative = ("XDG_STATE_HOME", "state");
        assert_eq!(folder(&[home, relative]).unwrap(), PathBuf::from("/home/ada/.local/state/graph-mirror"));
        assert_eq!(folder(&[relative]), None);
    }
}
