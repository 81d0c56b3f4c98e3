//! See `mailferry::fuzz::reader`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mailferry::fuzz::reader(data));
