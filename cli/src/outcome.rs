//! How a command ends: the exit codes, which are few, documented (`docs/guide/cli.md`) and stable, and the ways to stop
//! before the end.
//!
//! | code | meaning |
//! | ---: | --- |
//! | 0 | done |
//! | 1 | failed, for a reason of its own; also: the content of a file is not right (`publish`, `publish --check`) |
//! | 2 | the command line makes no sense |
//! | 3 | there is no such thing here |
//! | 4 | the rules of the network do not allow it |
//! | 5 | a peer or the network failed |
//! | 6 | the store is damaged, or `verify` found damage |
//! | 130 | interrupted with Ctrl-C, as shells count it |
//!
//! Output that nobody reads any more (`nanduti list | head`) is no failure: the exit code is 0.

use nanduti_node::api::{ApiError, ErrorKind};

/// Done.
pub(crate) const DONE: u8 = 0;
/// Failed, for a reason of its own.
pub(crate) const FAILED: u8 = 1;
/// The command line makes no sense.
pub(crate) const USAGE: u8 = 2;
/// There is no such thing here.
pub(crate) const NOT_FOUND: u8 = 3;
/// The rules of the network do not allow it.
pub(crate) const REFUSED: u8 = 4;
/// A peer or the network failed.
pub(crate) const NETWORK: u8 = 5;
/// The store is damaged.
pub(crate) const DAMAGED: u8 = 6;
/// Interrupted with Ctrl-C.
pub(crate) const INTERRUPTED: u8 = 130;

/// The exit code of an error.
pub(crate) fn code_of(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Failed => FAILED,
        ErrorKind::Usage => USAGE,
        ErrorKind::NotFound => NOT_FOUND,
        ErrorKind::Refused => REFUSED,
        ErrorKind::Network => NETWORK,
        ErrorKind::Store => DAMAGED,
    }
}

/// What a command returns: its exit code, or why it stopped.
pub(crate) type Outcome = Result<u8, Stop>;

/// Why a command stopped before its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Something went wrong; still to be reported.
    Error(Box<ApiError>),
    /// Something went wrong with a file; still to be reported.
    File(String, Box<ApiError>),
    /// Nobody reads the output any more.
    OutputClosed,
    /// Ctrl-C.
    Interrupted,
}

impl From<ApiError> for Stop {
    fn from(error: ApiError) -> Self {
        Self::Error(Box::new(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_those_that_the_api_documents() {
        use ErrorKind::{Failed, Network, NotFound, Refused, Store, Usage};
        for kind in [Failed, Usage, NotFound, Refused, Network, Store] {
            assert_eq!(code_of(kind), kind.exit_code());
        }
    }
}
