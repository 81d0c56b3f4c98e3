//! See `mailferry::fuzz::reading`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mailferry::fuzz::reading(data));
