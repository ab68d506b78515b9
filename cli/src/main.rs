//! nanduti
fn main() {}
