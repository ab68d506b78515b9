//! Hands what the fuzzer makes to the function of this name in `nanduti_fuzz`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nanduti_fuzz::node::claims(data));
