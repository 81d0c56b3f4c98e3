//! See `mailferry::fuzz::smtp`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mailferry::fuzz::smtp(data));
