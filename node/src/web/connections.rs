//! How many connections each address has, so that one reader cannot take the places of all.
//!
//! An IPv6 reader owns at least a /64, so that counts as one address. Loopback is not counted: behind a proxy everybody
//! comes from there, and the proxy knows better.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::bounds::CONNECTIONS_PER_ADDRESS_MAX;

type Counts = BTreeMap<IpAddr, usize>;

/// Connections of each address now.
#[derive(Debug, Clone, Default)]
pub(crate) struct PerAddress(Arc<Mutex<Counts>>);

/// One connection's place; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    address: Option<IpAddr>,
    counts: PerAddress,
}

impl PerAddress {
    /// A place for a connection from `address`, unless it has enough.
    pub(crate) fn take(&self, address: IpAddr) -> Option<Place> {
        let address = address.to_canonical();
        if address.is_loopback() {
            return Some(Place { address: None, counts: self.clone() });
        }
        let address = prefix(address);
        let mut counts = self.lock();
        let count = counts.entry(address).or_default();
        if *count >= CONNECTIONS_PER_ADDRESS_MAX {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(Place { address: Some(address), counts: self.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        // A count is whole at every moment, so a panic elsewhere cannot have left it half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        let mut counts = self.counts.lock();
        if let Some(count) = counts.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&address);
            }
        }
    }
}

fn prefix(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_places_and_gives_them_back() {
        let places = PerAddress::default();
        let mut held: Vec<_> = (0..CONNECTIONS_PER_ADDRESS_MAX)
            .map(|n| places.take(format!("2001:db8::{n:x}").parse().unwrap()))
            .collect();
        assert!(held.iter().all(Option::is_some));
        assert!(places.take("2001:db8::ffff:1".parse().unwrap()).is_none());
        assert!(places.take("2001:db8:0:1::1".parse().unwrap()).is_some());
        assert!(places.take("::1".parse().unwrap()).is_some());
        held.pop();
        assert!(places.take("2001:db8::1".parse().unwrap()).is_some());
        held.clear();
        assert!(places.lock().is_empty());
    }
}
