//! The copy converges whatever happens: seeded histories of faults, kills, freezes and two handlers at once.
//! `cargo run -p sandbox --bin soak` tells as many as you like.

use sandbox::soak::{self, Hazard};

use crate::stage::staged;

const SEEDS: u64 = 40;
/// They mostly wait, for leases and doubts.
const JOBS: usize = 12;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_the_copy_becomes_the_tenant() {
    let mut failures = Vec::new();
    let staged = soak::staged(staged()).unwrap();
    soak::many(staged.path(), &Hazard::ALL, 0..SEEDS, JOBS, |seed, told| {
        if let Err(error) = told {
            failures.push(format!("{error:#}\nreplay: cargo run -p sandbox --bin soak -- --seed {seed}"));
        }
        failures.is_empty()
    })
    .await;
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
