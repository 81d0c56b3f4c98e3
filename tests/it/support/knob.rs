//! Environment variables that make a test longer or repeat it.

use rand::{SeedableRng as _, rngs::StdRng};

pub fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable} is not a number")))
}

/// A random generator whose seed MAILFERRY_TEST_SEED sets; prints the seed.
pub fn random(what: &str) -> StdRng {
    let seed = number_from("MAILFERRY_TEST_SEED").unwrap_or_else(rand::random);
    println!("{what}: MAILFERRY_TEST_SEED={seed}");
    StdRng::seed_from_u64(seed)
}
