//! What a publishing log says of itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nanduti_protocol::keyring::Opening;

fuzz_target!(|data: &[u8]| {
    if let Ok(opening) = Opening::decode(data) {
        assert_eq!(opening.encode(), data);
    }
});
