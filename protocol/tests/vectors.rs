//! The committed vectors are what the program makes today, and each of them holds: the generator puts every vector to the
//! program while it makes it. A change of a format shows here, and has to be meant.

#[path = "../examples/vectors/generate/mod.rs"]
mod generate;

use std::{fs, path::Path};

#[test]
fn the_committed_vectors_are_current_and_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    for (name, content) in generate::all() {
        let committed = fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(
            committed == content,
            "{name} is not what the program makes; if the change is meant, run `cargo run -p nanduti-protocol --example vectors`"
        );
    }
}
