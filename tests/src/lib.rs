//! Nothing: this crate is its tests, which cross the other crates. See `tests/` and `docs/testing.md`.
