//! A script: the fuzzer's bytes, read as decisions. When they are used up, every decision is the first choice, and the host
//! of the script ends.

/// Bytes that are read as decisions.
#[derive(Debug, Clone)]
pub(crate) struct Script<'a> {
    rest: &'a [u8],
}

impl<'a> Script<'a> {
    /// A script of these bytes.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Is nothing left?
    pub(crate) fn is_over(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next byte, or 0.
    pub(crate) fn byte(&mut self) -> u8 {
        match self.rest.split_first() {
            Some((byte, rest)) => {
                self.rest = rest;
                *byte
            }
            None => 0,
        }
    }

    /// A number below `end`; 0 if there is none.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        match end {
            0 | 1 => 0,
            2..=256 => usize::from(self.byte()) % end,
            _ => (usize::from(self.byte()) << 8 | usize::from(self.byte())) % end,
        }
    }

    /// One of them.
    pub(crate) fn pick<'b, T>(&mut self, of: &'b [T]) -> Option<&'b T> {
        of.get(self.below(of.len()))
    }

    /// Up to `most` bytes: as many as the next byte says.
    pub(crate) fn bytes(&mut self, most: usize) -> &'a [u8] {
        let len = self.below(most.min(255) + 1).min(self.rest.len());
        let (bytes, rest) = self.rest.split_at(len);
        self.rest = rest;
        bytes
    }

    /// A number of which nobody would think, or a small one, or none.
    #[cfg(feature = "node")]
    pub(crate) fn number(&mut self) -> Option<u64> {
        match self.byte() {
            0 => None,
            1 => Some(u64::MAX),
            2 => Some(u64::MAX - 1),
            3 => Some(i64::MAX.unsigned_abs()),
            4 => Some(u64::from(u32::MAX)),
            5 => Some(1_750_000_000_000),
            small => Some(u64::from(small - 6)),
        }
    }
}
