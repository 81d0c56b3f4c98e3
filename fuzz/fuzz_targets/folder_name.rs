//! See `mailferry::fuzz::folder_name`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mailferry::fuzz::folder_name(data));
