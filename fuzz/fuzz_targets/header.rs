//! See `mailferry::fuzz::header`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mailferry::fuzz::header(data));
