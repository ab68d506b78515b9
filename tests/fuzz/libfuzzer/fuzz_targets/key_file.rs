#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nanduti_fuzz::node::key_file(data));
