//! CBOR written by hand, so that it can be written wrongly.

/// A head in its shortest form.
pub(super) fn head(major: u8, number: u64) -> Vec<u8> {
    let be = number.to_be_bytes();
    let first = major << 5;
    match number {
        0..=23 => vec![first | be[7]],
        24..=0xff => vec![first | 24, be[7]],
        0x100..=0xffff => [&[first | 25], &be[6..]].concat(),
        0x1_0000..=0xffff_ffff => [&[first | 26], &be[4..]].concat(),
        _ => [&[first | 27], &be[..]].concat(),
    }
}

/// A head with eight bytes, however small the number.
pub(super) fn long_head(major: u8, number: u64) -> Vec<u8> {
    [&[major << 5 | 27], &number.to_be_bytes()[..]].concat()
}

/// An integer.
pub(super) fn uint(number: u64) -> Vec<u8> {
    head(0, number)
}

/// A byte string.
pub(super) fn bytes(content: &[u8]) -> Vec<u8> {
    [head(2, content.len() as u64).as_slice(), content].concat()
}

/// A text.
pub(super) fn text(content: &str) -> Vec<u8> {
    [head(3, content.len() as u64).as_slice(), content.as_bytes()].concat()
}

/// A map of these pairs in the order given.
pub(super) fn map(pairs: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let content = pairs.iter().flat_map(|(key, value)| [text(key), value.clone()].concat());
    head(5, pairs.len() as u64).into_iter().chain(content).collect()
}
