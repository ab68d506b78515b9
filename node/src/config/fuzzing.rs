//! A door for fuzz targets: the text of a configuration file.

use std::path::Path;

use super::{Config, ConfigError, layers};

/// The configuration that a file makes, without environment and flags.
///
/// # Errors
/// Everything that is wrong with it.
pub fn config(text: &str) -> Result<Config, ConfigError> {
    layers::resolve(Some((Path::new("config.toml"), text)), [], &[])
}
