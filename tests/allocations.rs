//! How often the handler allocates for an object, compared with `tests/allocations.json`. A change of a figure changes the
//! file too, in the same commit.
//!
//! This program is its own subject: staged as the product, it is the product with an allocator that counts. What a process
//! allocates whatever it copies falls out: two copies of different sizes are compared.

use std::alloc::System;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use sandbox::graph::TokenDeath;
use sandbox::world::{Setup, World};
use serde_json::{Map, Value, json};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Users of the two copies.
const FEW: usize = 200;
const MANY: usize = 600;
/// How far a figure may be from the one that is known, in percent: where the network cuts an answer is not ours to say.
const SPREAD: f64 = 3.0;
/// How the last line begins on which the product says its count.
const SAID: &str = "allocations: ";

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<ExitCode> {
    let this = std::env::current_exe()?;
    if this.file_name().is_some_and(|name| name == stage::EXECUTABLE) {
        let region = Region::new(COUNTED);
        let code = graph_mirror::cli::run();
        let change = region.change();
        eprintln!("{SAID}{}", change.allocations + change.reallocations);
        return Ok(code);
    }
    let folder = tempfile::tempdir()?;
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    stage::stage(&stage::Plan { source, binary: &this, into: folder.path() })?;
    sandbox::product::without_added(folder.path())?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(compare(folder.path()))?;
    Ok(ExitCode::SUCCESS)
}

async fn compare(product: &Path) -> Outcome<()> {
    let (few, many) = (copies(product, FEW).await?, copies(product, MANY).await?);
    let each = |(name, some, more): (&str, f64, f64)| (name.to_owned(), (more - some) / (MANY - FEW) as f64);
    let counts = few.iter().zip(&many).map(|((name, some), (_, more))| each((name, *some, *more)));
    let counts: Vec<_> = counts.collect();
    let known: Map<String, Value> = serde_json::from_str(include_str!("allocations.json"))?;
    let is_known = |(name, count): &(String, f64)| {
        let known = known.get(name).and_then(Value::as_f64);
        known.is_some_and(|known| (count - known).abs() <= known * SPREAD / 100.0)
    };
    let told: Map<_, _> = counts.iter().map(|(name, count)| (name.clone(), json!(count.round()))).collect();
    println!("allocations for each object: {}", Value::from(told.clone()));
    if !counts.iter().all(is_known) || known.len() != counts.len() {
        return Err(format!("tests/allocations.json has other counts than\n{:#}", Value::from(told)).into());
    }
    Ok(())
}

/// The allocations of a first copy of so many users, and of the same users after a dead token.
async fn copies(product: &Path, users: usize) -> Outcome<[(&'static str, f64); 2]> {
    let setup = Setup { users, groups: 0, page_size: 100, ..Setup::new(product) };
    let world = World::start(setup.set("DOUBT_MINUTES", "0").set("LIST_ABOVE", "1000000000")).await?;
    let initial = sync(&world).await?;
    world.graph.kill_tokens(TokenDeath::Location);
    let reenumerate = sync(&world).await?;
    world.ensure_equal().await?;
    Ok([("initial", initial), ("reenumerate", reenumerate)])
}

async fn sync(world: &World) -> Outcome<f64> {
    let ran = world.command("sync users").output().await?;
    let said = String::from_utf8(ran.stderr)?;
    let count = said.lines().rev().find_map(|line| line.strip_prefix(SAID));
    match count.filter(|_| ran.status.success()) {
        Some(count) => Ok(count.parse()?),
        None => Err(said.into()),
    }
}
