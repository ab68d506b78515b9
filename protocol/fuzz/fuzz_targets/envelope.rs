//! The signed envelope: what opens is its one form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nanduti_protocol::{
    envelope::{Envelope, Purpose},
    hash::Hash,
    key::PublicKey,
};

fuzz_target!(|data: &[u8]| {
    if let Ok(envelope) = Envelope::open(data, 4096) {
        assert_eq!(envelope.signature.as_slice(), &data[data.len() - 64..]);
        let key = PublicKey::from_bytes(*Hash::of(data).as_bytes());
        let _ = envelope.verify(Purpose::Entry, &Hash::of(b"network"), &key);
    }
});
