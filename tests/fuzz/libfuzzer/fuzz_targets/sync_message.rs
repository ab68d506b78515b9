#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nanduti_fuzz::forms::sync_message(data));
