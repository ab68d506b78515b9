//! Bounds on the shape of records. (The bytes of a body are bounded by `limits::BODY_MAX`.)

/// Random bytes in a body, so that a short body cannot be guessed from its hash.
pub const SALT_LEN: usize = 16;
/// Nesting of a record: the record itself is level 1.
pub const DEPTH_MAX: usize = 8;
/// Values in a body, keys of maps included: bounds the memory that a decoded body takes.
pub const ITEMS_MAX: usize = 32_768;
/// Revisions that one revision replaces, and versions that one withdrawal names.
pub const REVISES_MAX: usize = 16;
/// Largest magnitude of an integer in a record: 2^53 - 1, the last that every reader of JSON keeps.
pub(super) const INTEGER_MAX: i128 = 9_007_199_254_740_991;
/// Characters of a web address.
pub(super) const URL_MAX: usize = 2048;
/// Bytes of one attachment.
pub(super) const ATTACHMENT_MAX: i128 = 100 * 1024 * 1024;
