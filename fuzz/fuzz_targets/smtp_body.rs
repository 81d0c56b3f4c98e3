//! See `mailferry::fuzz::smtp_body`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mailferry::fuzz::smtp_body(data));
