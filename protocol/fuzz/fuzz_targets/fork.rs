//! A fork proof.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nanduti_protocol::{fork::ForkProof, hash::Hash};

fuzz_target!(|data: &[u8]| {
    if let Ok(proof) = ForkProof::decode(&Hash::of(b"nanduti vectors"), data) {
        assert_eq!(proof.encode(), data);
        assert_eq!(proof.merge(&proof), proof);
    }
});
