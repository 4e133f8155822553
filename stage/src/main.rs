//! `stage [DIR] [--release | --portable | --executable FILE] [--zip FILE]`: builds the product and makes the deployable
//! folder, `dist` by default; with `--zip` also the package of a release.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use stage::{Build, Plan, Purpose};

const USAGE: &str = "usage: cargo stage [DIR] [--release | --portable | --executable FILE] [--zip FILE]

  DIR                where the deployable folder is made, `dist` by default
  --release          with optimizations, for this machine
  --portable         as it is shipped: small, for x86-64 Linux with glibc 2.28 or later, wherever it is built;
                     takes cargo-zigbuild (pip install cargo-zigbuild ziglang) and, on another kind of machine,
                     rustup target add x86_64-unknown-linux-gnu
  --executable FILE  an executable that is built already
  --zip FILE         packs the folder too";

fn main() -> Result<()> {
    let asked = Asked::parse(std::env::args().skip(1))?;
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the stage package has no parent folder")?;
    let binary = match asked.executable {
        Some(executable) => executable,
        None => stage::build(&Build { root, purpose: asked.purpose })?,
    };
    stage::stage(&Plan { source: root, binary: &binary, into: &asked.into })?;
    println!("{}", asked.into.display());
    if let Some(zip) = asked.zip {
        stage::pack(&asked.into, &zip)?;
        println!("{}", zip.display());
    }
    Ok(())
}

#[derive(Debug, PartialEq)]
struct Asked {
    into: PathBuf,
    purpose: Purpose,
    executable: Option<PathBuf>,
    zip: Option<PathBuf>,
}

impl Asked {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut asked =
            Self { into: PathBuf::from("dist"), purpose: Purpose::Dev, executable: None, zip: None };
        let mut named = false;
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--release" | "--portable" | "--executable" if asked.has_source() => bail!(USAGE),
                "--release" => asked.purpose = Purpose::Release,
                "--portable" => asked.purpose = Purpose::Portable,
                "--executable" => asked.executable = Some(arguments.next().context(USAGE)?.into()),
                "--zip" => asked.zip = Some(arguments.next().context(USAGE)?.into()),
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

    /// Whether an argument has said already where the executable comes from.
    fn has_source(&self) -> bool {
        self.purpose != Purpose::Dev || self.executable.is_some()
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
        let plain = Asked { into: "dist".into(), purpose: Purpose::Dev, executable: None, zip: None };
        assert_eq!(parse("").unwrap(), plain);
        let asked = parse("out --portable --zip out.zip").unwrap();
        assert_eq!(asked.into, Path::new("out"));
        assert_eq!((asked.purpose, asked.zip), (Purpose::Portable, Some("out.zip".into())));
        let asked = parse("--executable graph-mirror").unwrap();
        assert_eq!(asked, Asked { executable: Some("graph-mirror".into()), ..plain });
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert!(parse("--relaese").is_err());
        assert!(parse("one two").is_err());
        assert!(parse("--zip").is_err());
        assert!(parse("--release --portable").is_err());
        assert!(parse("--executable one --release").is_err());
    }
}
