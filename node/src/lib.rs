//! The running node of Ñandutí: disk, network, pages.

pub mod api;
mod durable;
mod home;
pub mod keys;
mod lock;
pub mod web;

pub use durable::{
    PRIVATE_DIR, PRIVATE_FILE, create_file_durably, create_private_dir, sync_dir, write_file_durably,
};
pub use home::{Home, HomeError};
pub use lock::{Holder, HomeLock, LockError};
