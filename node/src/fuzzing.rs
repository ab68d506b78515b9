//! Doors to the decoders that stand behind files, streams and sockets, so that fuzz targets reach them without any of these.
//! Built with the feature `fuzzing` only.
//!
//! A door takes bytes or text and returns what was understood of it, where it can written again; what must hold of that is
//! said in the crate `nanduti-fuzz`. What has a public way in without the outside world (front matter, the calls of the
//! operator's API) has no door here.

pub use crate::{
    backup::fuzzing::{backup, backup_tar, backup_with},
    config::fuzzing::config,
    engine::fuzzing::bundle,
    founding::fuzzing::{card, card_text, claims, consent, consent_text, document, signed_card},
    keys::fuzzing::{encrypted_key, plain_key},
    net::fuzzing::{Judged, Listener, exchanged, frames, node_record, segment, usable},
    offline::fuzzing::{offer, request, signed},
    store::fuzzing::{carved, kept, packed, piece, segment_file, set_aside, unpacked},
    web::fuzzing::{Answer, ask, markdown, page, query},
};
