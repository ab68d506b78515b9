//! A gossip message, and the node record that one may carry.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nanduti_protocol::{announce::Announcement, node_record::SealedNodeRecord};

fuzz_target!(|data: &[u8]| {
    if let Ok(message) = Announcement::decode(data) {
        assert_eq!(message.encode(), data);
    }
    let _ = SealedNodeRecord::decode(data);
});
