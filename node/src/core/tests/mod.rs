//! The durable core, with real files: what is acknowledged stays, what is damaged comes back, what counts is shown.

mod authority;
mod bench;
mod damage;
mod index;
mod verify;
