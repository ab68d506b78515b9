//! The keys of members: what is known of them, what the root key of this node's member is to sign so that they change, and taking in
//! what it signed.
//!
//! The root key itself is never here: [`prepare`] makes the bytes to be signed, the caller has them signed wherever the key is, and
//! [`submit`] takes them in by the door through which everything comes. A fresh publishing key is made and kept before a keyring
//! lists it, and takes its place only once the keyring stands: see [`Engine::take_over`](super::Engine).

mod choose;
mod list;
mod listed;
mod offer;
mod prepare;
mod ring;
mod submit;
mod takeover;
