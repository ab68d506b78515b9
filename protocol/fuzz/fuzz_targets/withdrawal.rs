//! The body of a withdrawal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nanduti_protocol::record::WithdrawalBody;

fuzz_target!(|data: &[u8]| {
    let _ = WithdrawalBody::decode(data);
});
