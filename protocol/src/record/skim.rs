//! A look at the outline of CBOR before it is decoded: how deep, how many values.
//!
//! A body of 1 MiB can hold a million values of one byte each, and each takes some forty times that in memory. Counting
//! them first costs one pass over the bytes and no memory. This is not a decoder: whatever it lets pass is still decoded
//! strictly.

/// What the outline says against decoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outline {
    /// Nested deeper than allowed.
    Deep,
    /// More values than allowed.
    Many,
    /// Not CBOR of definite lengths.
    Broken,
}

/// Passes over one value and all within it. `levels` and `items` are what is left of each.
pub(super) fn skim<'a>(bytes: &'a [u8], levels: usize, items: &mut usize) -> Result<&'a [u8], Outline> {
    *items = items.checked_sub(1).ok_or(Outline::Many)?;
    let (first, rest) = bytes.split_first().ok_or(Outline::Broken)?;
    let (number, rest) = argument(first & 0x1f, rest)?;
    match first >> 5 {
        2 | 3 => {
            let length = usize::try_from(number).map_err(|_| Outline::Broken)?;
            rest.get(length..).ok_or(Outline::Broken)
        }
        major @ (4 | 5) => {
            let levels = levels.checked_sub(1).ok_or(Outline::Deep)?;
            let count = number.checked_mul(if major == 4 { 1 } else { 2 }).ok_or(Outline::Many)?;
            let mut rest = rest;
            for _ in 0..count {
                rest = skim(rest, levels, items)?;
            }
            Ok(rest)
        }
        6 => skim(rest, levels.checked_sub(1).ok_or(Outline::Deep)?, items),
        _ => Ok(rest),
    }
}

/// Reads the argument of a head; for floats that is the float itself.
fn argument(info: u8, rest: &[u8]) -> Result<(u64, &[u8]), Outline> {
    let length = match info {
        0..=23 => return Ok((u64::from(info), rest)),
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        _ => return Err(Outline::Broken),
    };
    let (bytes, rest) = rest.split_at_checked(length).ok_or(Outline::Broken)?;
    Ok((bytes.iter().fold(0, |all, byte| (all << 8) | u64::from(*byte)), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(bytes: &[u8]) -> Result<usize, Outline> {
        let mut items = 10;
        skim(bytes, 2, &mut items).map(<[u8]>::len)
    }

    #[test]
    fn outlines() {
        assert_eq!(run(&[0x82, 0x01, 0x41, 0xff, 0x00]), Ok(1));
        assert_eq!(run(&[0x81, 0x81, 0x81, 0x00]), Err(Outline::Deep));
        assert_eq!(run(&[0x8a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), Err(Outline::Many));
        assert_eq!(run(&[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), Err(Outline::Many));
        assert_eq!(run(&[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), Err(Outline::Broken));
        assert_eq!(run(&[0x9f]), Err(Outline::Broken));
        assert_eq!(run(&[]), Err(Outline::Broken));
    }
}
