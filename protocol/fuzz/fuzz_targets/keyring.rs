//! A keyring; and that it follows itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nanduti_protocol::{hash::Hash, key::MemberId, keyring::Keyring};

fuzz_target!(|data: &[u8]| {
    let member = MemberId::parse("PRY").expect("an id");
    if let Ok(keyring) = Keyring::decode(data, &Hash::of(b"network"), &member) {
        assert_eq!(keyring.encode(), data);
        assert_eq!(keyring.follows(&keyring), Ok(()));
    }
});
