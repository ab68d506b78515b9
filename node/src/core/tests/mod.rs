//! The durable core, with real files: what is acknowledged stays, what is damaged comes back, what counts is shown.

mod authority;
mod bench;
mod calls;
mod crash;
mod damage;
mod failure;
mod full;
mod index;
mod model;
mod verify;
