//! The charter.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nanduti_protocol::{
    charter::{Charter, Roster},
    hash::Hash,
};

fuzz_target!(|data: &[u8]| {
    if let Ok(charter) = Charter::decode(data) {
        assert_eq!(charter.encode(), data);
        assert_eq!(charter.network(), Hash::of(data));
        let _ = Roster::founding(&charter).hash();
    }
});
