//! An entry: what is accepted has the bytes that it would be written with.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nanduti_protocol::{cbor, entry::Entry, envelope::Envelope, hash::Hash};

fuzz_target!(|data: &[u8]| {
    if let Ok(entry) = Entry::decode(data) {
        assert_eq!(entry.hash, Hash::of(data));
        let envelope = Envelope::open(data, data.len()).expect("an entry is an envelope");
        assert_eq!(cbor::encode(&entry.statement), envelope.payload);
        let _ = entry.verify(&Hash::of(b"network"));
    }
});
