//! Style that matters, as tests: layers between and inside the crates, sizes, essays, who may print, and a book whose links
//! lead somewhere.
//!
//! Each rule is a function from text to breaches, so that a deliberate breach, given as text, proves that it bites; then the
//! rule is held against the source tree itself. Sources are read with a small lexer that blanks comments and literals: that
//! is enough for these rules, and no rule needs a parser.
//!
//! What exceeds a bound today stands in `ratchet.txt` with its size. It may shrink and never grow, and a line that is no
//! longer needed is a breach as well.

mod book;
mod crates;
mod essays;
mod layers;
mod printing;
mod sizes;
mod source;

/// What is wrong, and where.
type Breach = String;

/// Fails with all breaches, one a line.
fn none(breaches: &[Breach]) {
    assert!(breaches.is_empty(), "{} breaches:\n{}", breaches.len(), breaches.join("\n"));
}
