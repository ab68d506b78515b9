//! A message of sync.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nanduti_protocol::sync::Message;

fuzz_target!(|data: &[u8]| {
    if let Ok(message) = Message::decode(data) {
        let again = message.encode();
        assert_eq!(Message::decode(&again).map(|message| message.encode()), Ok(again));
    }
});
