//! Opens an address in the person's browser, with the program that the operating system has for it. A crate for this
//! would choose among browsers; the system's own choice is the one that is wanted.

use std::process::Stdio;

use tokio::process::Command;

/// The program that opens addresses, and what it is given before the address.
#[cfg(target_os = "macos")]
const OPENER: (&str, &[&str]) = ("open", &[]);
#[cfg(windows)]
const OPENER: (&str, &[&str]) = ("rundll32", &["url.dll,FileProtocolHandler"]);
#[cfg(not(any(target_os = "macos", windows)))]
const OPENER: (&str, &[&str]) = ("xdg-open", &[]);

/// Starts the browser; whether the program for it was there. It may still fail, so the address is shown as well.
pub fn open(address: &str) -> bool {
    let (program, arguments) = OPENER;
    let mut command = Command::new(program);
    command.args(arguments).arg(address);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().is_ok()
}
