//! Token buckets: how much somebody may do now.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use tokio::time::Instant;

/// One bucket: so many tokens a second, so many at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    rate: (f64, f64),
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    /// A full bucket of `(per second, at once)`.
    pub(super) fn new(rate: (f64, f64), now: Instant) -> Self {
        Self { rate, tokens: rate.1, filled: now }
    }

    /// Takes a token, if there is one.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        self.take_some(1, now)
    }

    /// Takes so many tokens, or none if there are fewer.
    fn take_some(&mut self, tokens: usize, now: Instant) -> bool {
        self.fill(now);
        let tokens = tokens as f64;
        let enough = self.tokens >= tokens;
        if enough {
            self.tokens -= tokens;
        }
        enough
    }

    /// How long until there is a token.
    pub(super) fn wait(&mut self, now: Instant) -> Duration {
        self.fill(now);
        Duration::from_secs_f64(((1.0 - self.tokens) / self.rate.0).max(0.0))
    }

    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.tokens = (self.tokens + passed * self.rate.0).min(self.rate.1);
        self.filled = now;
    }
}

/// A bucket for each of many, of which only those that are not full have to be remembered.
#[derive(Debug)]
pub(super) struct Buckets<K> {
    rate: (f64, f64),
    max: usize,
    buckets: HashMap<K, Bucket>,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    /// Buckets of `(per second, at once)`, at most `max` of them.
    pub(super) fn new(rate: (f64, f64), max: usize) -> Self {
        Self { rate, max, buckets: HashMap::new() }
    }

    /// Takes a token of one, if there is one.
    pub(super) fn take(&mut self, key: &K, now: Instant) -> bool {
        self.take_some(key, 1, now)
    }

    /// Takes so many tokens of one, or none if there are fewer.
    pub(super) fn take_some(&mut self, key: &K, tokens: usize, now: Instant) -> bool {
        if !self.buckets.contains_key(key) && self.buckets.len() >= self.max {
            self.forget(now);
        }
        self.buckets.entry(key.clone()).or_insert_with(|| Bucket::new(self.rate, now)).take_some(tokens, now)
    }

    /// Forgets those that are full again; if none is, the fullest.
    fn forget(&mut self, now: Instant) {
        let full = self.rate.1;
        for bucket in self.buckets.values_mut() {
            bucket.fill(now);
        }
        self.buckets.retain(|_, bucket| bucket.tokens < full);
        if self.buckets.len() >= self.max {
            let fullest = self.buckets.iter().max_by(|(_, a), (_, b)| a.tokens.total_cmp(&b.tokens));
            if let Some(key) = fullest.map(|(key, _)| key.clone()) {
                self.buckets.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_what_it_holds_and_fills_again() {
        let start = Instant::now();
        let mut bucket = Bucket::new((2.0, 3.0), start);
        assert_eq!((0..5).filter(|_| bucket.take(start)).count(), 3);
        assert_eq!(bucket.wait(start), Duration::from_millis(500));
        assert!(bucket.take(start + Duration::from_millis(500)));
        assert!(!bucket.take(start + Duration::from_millis(600)));
        assert!(!bucket.take_some(3, start + Duration::from_millis(1600)), "there are two");
        assert!(bucket.take_some(2, start + Duration::from_millis(1600)));
        assert_eq!((0..9).filter(|_| bucket.take(start + Duration::from_secs(60))).count(), 3);
    }

    #[test]
    fn buckets_are_bounded_and_the_emptiest_are_kept() {
        let start = Instant::now();
        let mut buckets = Buckets::new((0.001, 2.0), 4);
        assert!(buckets.take(&0, start) && buckets.take(&0, start));
        for key in 1..100 {
            assert!(buckets.take(&key, start));
            assert!(buckets.buckets.len() <= 4);
        }
        assert!(!buckets.take(&0, start), "the one who took all is not forgotten");
    }
}
