//! Writes the test vectors of the formats: `cargo run -p nanduti-protocol --example vectors`.
//!
//! They follow from constants alone. A test checks that the committed files are what this writes.

mod generate;

use std::{fs, io, path::Path};

fn main() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    for (name, content) in generate::all() {
        fs::write(folder.join(name), content)?;
    }
    Ok(())
}
