//! The running node of Ñandutí: disk, network, pages.

pub mod api;
pub mod authoring;
mod backup;
mod client;
pub mod config;
mod core;
mod disk;
mod durable;
mod engine;
pub mod founding;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod governance;
mod home;
pub mod keys;
mod lock;
mod logging;
mod net;
mod node;
pub mod offline;
mod operator;
mod restored;
mod store;
pub mod web;

pub use backup::restore;
pub use client::Client;
pub use config::{Config, ConfigError};
pub use core::{Admitted, Author, Authored, Core, CoreError, CoreEvent, CoreOptions, Counts, PreparedRun, Snapshot};
pub use core::{VerifiedEntry, VerifyReport, verify_entry, verify_store};
pub use durable::{PRIVATE_DIR, PRIVATE_FILE, create_file_durably, create_private_dir, sync_dir, write_file_durably};
pub use engine::{Engine, Handle};
pub use home::{Home, HomeError};
pub use lock::{Holder, HomeLock, LockError};
pub use logging::{LoggingError, init_logging};
pub use node::Node;
pub use restored::Hindrance;
pub use store::{Damage, StoreError};
