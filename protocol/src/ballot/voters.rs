//! A set of voters, by their numbers in the electorate.

use crate::limits::MEMBERS_MAX;

const WORDS: usize = MEMBERS_MAX.div_ceil(64);

/// The number of a voter: its place among the voters sorted by id.
pub type Voter = u16;

/// Some voters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Voters([u64; WORDS]);

impl Voters {
    /// Adds a voter. A number beyond any electorate is nobody's.
    pub fn insert(&mut self, voter: Voter) {
        if let Some(word) = self.0.get_mut(usize::from(voter / 64)) {
            *word |= 1 << (voter % 64);
        }
    }

    /// Is this one among them?
    pub fn contains(&self, voter: Voter) -> bool {
        self.0.get(usize::from(voter / 64)).is_some_and(|word| word >> (voter % 64) & 1 == 1)
    }

    /// Are all of these among them?
    pub fn includes(&self, others: &Self) -> bool {
        self.0.iter().zip(&others.0).all(|(all, some)| some & !all == 0)
    }

    /// These and others.
    #[must_use]
    pub fn union(&self, others: &Self) -> Self {
        let mut all = *self;
        all.0.iter_mut().zip(&others.0).for_each(|(all, some)| *all |= some);
        all
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Is it nobody?
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// All of them, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = Voter> + '_ {
        let count = u16::try_from(64 * WORDS).unwrap_or(u16::MAX);
        (0..count).filter(|voter| self.contains(*voter))
    }
}

impl FromIterator<Voter> for Voters {
    fn from_iter<I: IntoIterator<Item = Voter>>(voters: I) -> Self {
        let mut set = Self::default();
        voters.into_iter().for_each(|voter| set.insert(voter));
        set
    }
}
