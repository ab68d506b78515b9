//! A ticket, as text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nanduti_protocol::ticket::Ticket;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = core::str::from_utf8(data)
        && let Ok(ticket) = Ticket::parse(text)
    {
        assert_eq!(ticket.to_text(), text.trim().to_ascii_lowercase());
    }
});
