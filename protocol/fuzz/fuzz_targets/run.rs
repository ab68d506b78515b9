//! A segment: what is accepted is made of whole items.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nanduti_protocol::{
    hash::Hash,
    run::{ReceivedRun, item_len},
};

fuzz_target!(|data: &[u8]| {
    if let Ok(run) = ReceivedRun::receive(data.to_vec()) {
        let mut rest = data;
        while let Some(len) = item_len(rest) {
            rest = &rest[len..];
        }
        assert!(rest.is_empty());
        let network = Hash::of(b"network");
        let anchored = run.anchored_len(&network);
        if let Ok(verified) = run.verify(&network) {
            assert_eq!(anchored, verified.items().len());
            assert_eq!(verified.bytes(), data);
        }
    }
});
