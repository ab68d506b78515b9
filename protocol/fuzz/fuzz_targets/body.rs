//! The body of a practice.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nanduti_protocol::record::RecordBody;

fuzz_target!(|data: &[u8]| {
    if let Ok(body) = RecordBody::decode(data) {
        let again = body.encode().expect("what was read can be written");
        assert_eq!(RecordBody::decode(&again), Ok(body));
    }
});
