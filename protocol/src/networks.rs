//! To which network the entries of a log are bound.
//!
//! An entry is signed for one network, and the first of a log names it. In most networks that is the network itself, for every log.
//! A network that was founded anew also carries logs of former networks, which stay as they were signed; which ones its charter
//! says. So whoever checks a signature, a chain or a proof asks for the network *of the log*.

use alloc::{collections::BTreeMap, sync::Arc};

use crate::{hash::Hash, key::PublicKey};

/// Knows to which network the entries of each log are bound.
pub trait NetworkOf {
    /// The network of a log.
    fn network_of(&self, log: &PublicKey) -> Hash;
}

/// All logs are bound to one network.
impl NetworkOf for Hash {
    fn network_of(&self, _: &PublicKey) -> Hash {
        *self
    }
}

/// A network, and the former networks of the logs that it carries over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Networks {
    own: Hash,
    carried: Arc<BTreeMap<PublicKey, Hash>>,
}

impl Networks {
    /// A network that carries these logs of others over.
    pub(crate) fn new(own: Hash, carried: BTreeMap<PublicKey, Hash>) -> Self {
        Self { own, carried: Arc::new(carried) }
    }

    /// The network itself.
    pub fn own(&self) -> Hash {
        self.own
    }
}

impl From<Hash> for Networks {
    /// A network of which no carried logs are known: one that was founded new, or of which the charter has not arrived.
    fn from(own: Hash) -> Self {
        Self::new(own, BTreeMap::new())
    }
}

impl NetworkOf for Networks {
    fn network_of(&self, log: &PublicKey) -> Hash {
        self.carried.get(log).copied().unwrap_or(self.own)
    }
}
