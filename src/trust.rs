//! Why the certificate of a server is not trusted, read from an error and what caused it; pure.
//!
//! Such an error is final: the next try meets the same certificate. rustls says so in words that are its own
//! (`invalid peer certificate`), and those who carry its error on keep no more of it than the words.

use std::error::Error;

const SAYS: &str = "invalid peer certificate: ";
/// What helps where the certificate is not the service's own.
const NEXT: &str = "a proxy that inspects TLS has to be trusted through the file that SSL_CERT_FILE names";

/// Why the certificate is not trusted, and what to do, if that is what an error is about.
pub fn distrusted(error: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(why) = read(&error.to_string()) {
            return Some(why);
        }
        cause = error.source();
    }
    None
}

/// The same of a text.
pub fn read(text: &str) -> Option<String> {
    let (_, why) = text.split_once(SAYS)?;
    let is = |words: &[&str]| words.iter().any(|word| why.starts_with(word));
    Some(match () {
        () if is(&["Expired", "certificate expired"]) => {
            "its certificate has expired, or the clock of this machine is ahead".into()
        }
        () if is(&["NotValidYet", "certificate not valid yet"]) => {
            "its certificate is not valid yet, or the clock of this machine is behind".into()
        }
        () if is(&["NotValidForName", "certificate not valid for name"]) => {
            format!("its certificate is for another host; {NEXT}")
        }
        () if is(&["UnknownIssuer", "BadSignature"]) => {
            format!("nobody who is trusted here issued its certificate; {NEXT}")
        }
        () => format!("its certificate is not valid; {NEXT}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rustls_says_is_found_wherever_it_stands() {
        let inner = std::io::Error::other("invalid peer certificate: UnknownIssuer");
        let outer = std::io::Error::other(inner);
        assert!(distrusted(&outer).unwrap().contains("SSL_CERT_FILE"));
        assert!(distrusted(&std::io::Error::other("connection refused")).is_none());
        for (says, word) in [
            ("invalid peer certificate: certificate expired: verification time", "expired"),
            ("x: invalid peer certificate: certificate not valid for name \"a\"", "another host"),
            ("invalid peer certificate: BadSignature", "nobody who is trusted"),
            ("invalid peer certificate: Revoked", "not valid"),
        ] {
            assert!(read(says).unwrap().contains(word), "{says}");
        }
    }
}
