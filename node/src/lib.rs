//! The running node of Ñandutí: disk, network, pages.

pub mod api;
mod core;
pub mod authoring;
pub mod config;
mod durable;
pub mod founding;
mod home;
pub mod keys;
mod lock;
mod logging;
mod net;
mod store;
pub mod web;

pub use config::{Config, ConfigError};
pub use durable::{
    PRIVATE_DIR, PRIVATE_FILE, create_file_durably, create_private_dir, sync_dir, write_file_durably,
};
pub use home::{Home, HomeError};
pub use lock::{Holder, HomeLock, LockError};
pub use logging::{LoggingError, init_logging};
pub use core::{Admitted, Author, Authored, Core, CoreError, CoreEvent, CoreOptions, Counts, Snapshot};
