//! `stage [DIR] [--release] [--target TRIPLE]`: builds the product and makes the deployable folder, `dist` by
//! default.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use stage::{Build, Plan};

const USAGE: &str = "usage: stage [DIR] [--release] [--target TRIPLE]";

fn main() -> Result<()> {
    let asked = Asked::parse(std::env::args().skip(1))?;
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the stage package has no parent folder")?;
    let binary = stage::build(&Build { root, release: asked.release, target: asked.target.as_deref() })?;
    stage::stage(&Plan { source: root, binary: &binary, into: &asked.into })?;
    println!("{}", asked.into.display());
    Ok(())
}

#[derive(Debug, PartialEq)]
struct Asked {
    into: PathBuf,
    release: bool,
    target: Option<String>,
}

impl Asked {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut asked = Self { into: PathBuf::from("dist"), release: false, target: None };
        let mut named = false;
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--release" => asked.release = true,
                "--target" => asked.target = Some(arguments.next().context(USAGE)?),
                "-h" | "--help" => bail!(USAGE),
                option if option.starts_with('-') => bail!("{option} is not known; {USAGE}"),
                _ if named => bail!("one folder only; {USAGE}"),
                folder => {
                    asked.into = PathBuf::from(folder);
                    named = true;
                }
            }
        }
        Ok(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Asked> {
        Asked::parse(line.split_whitespace().map(String::from))
    }

    #[test]
    fn the_folder_is_dist_unless_named() {
        assert_eq!(parse("").unwrap(), Asked { into: "dist".into(), release: false, target: None });
        let asked = parse("out --release --target x86_64-unknown-linux-musl").unwrap();
        assert_eq!(asked.into, Path::new("out"));
        assert!(asked.release);
        assert_eq!(asked.target.as_deref(), Some("x86_64-unknown-linux-musl"));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert!(parse("--relaese").is_err());
        assert!(parse("one two").is_err());
        assert!(parse("--target").is_err());
    }
}
