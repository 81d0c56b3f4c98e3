//! See `mailferry::fuzz::guard`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mailferry::fuzz::guard(data));
