//! Files stay under 500 lines and functions under 70 lines of code, so that each can be held in the head at once.
//!
//! Lines of code in a function are those between its braces that are neither empty nor comment.

use super::{
    Breach, none,
    source::{blank, closing, is_word, line_of, rust_files, words},
};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;
const RATCHET: &str = include_str!("ratchet.txt");

/// Something whose size is bounded: a file, or `file::function`.
#[derive(Debug, PartialEq)]
struct Sized {
    name: String,
    lines: usize,
    max: usize,
}

fn measure(path: &str, text: &str) -> Vec<Sized> {
    let mut found = vec![Sized { name: path.to_owned(), lines: text.lines().count(), max: FILE_LINES_MAX }];
    let blanked = blank(text);
    for at in words(&blanked, "fn") {
        let name: String = blanked[at + 2..].trim_start().chars().take_while(|c| is_word(*c as u8)).collect();
        let Some(open) = body_of(&blanked, at).filter(|_| !name.is_empty()) else { continue };
        let body = &blanked[open + 1..closing(&blanked, open) - 1];
        let lines = body.lines().filter(|line| !line.trim().is_empty()).count();
        found.push(Sized { name: format!("{path}::{name}"), lines, max: FUNCTION_LINES_MAX });
    }
    found
}

/// Where the body of the function at `at` opens; none for a declaration.
fn body_of(blanked: &str, at: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (offset, byte) in blanked.as_bytes()[at..].iter().enumerate() {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'{' if depth == 0 => return Some(at + offset),
            b';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

fn breaches(sizes: &[Sized], ratchet: &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let lines = ratchet.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let exceptions: Vec<(&str, usize)> = lines
        .filter_map(|line| {
            let (name, lines) = line.rsplit_once(' ')?;
            Some((name, lines.parse().ok()?))
        })
        .collect();
    for Sized { name, lines, max } in sizes {
        let exception = exceptions.iter().find(|(exempt, _)| exempt == name).map(|(_, lines)| *lines);
        match exception {
            None if lines > max => breaches.push(format!("{name}: {lines} lines, at most {max}")),
            Some(allowed) if *lines > allowed => breaches.push(format!("{name}: {lines} lines, grew from {allowed}")),
            Some(allowed) if *lines < allowed => {
                breaches.push(format!("{name}: {lines} lines: write it into ratchet.txt"))
            }
            _ => {}
        }
    }
    for (name, allowed) in exceptions {
        if !sizes.iter().any(|size| size.name == name && size.lines == allowed && size.lines > size.max) {
            breaches.push(format!("{name}: take it out of ratchet.txt"));
        }
    }
    breaches
}

#[test]
fn files_and_functions_stay_small() {
    let sizes: Vec<Sized> = rust_files().iter().flat_map(|source| measure(&source.path, &source.text)).collect();
    none(&breaches(&sizes, RATCHET));
}

#[test]
fn a_deliberate_breach_is_found_and_the_ratchet_only_turns_one_way() {
    let long = format!("//! x\nfn short() {{}}\nfn long(a: [u8; 2]) {{\n{}\n}}\n", "    a();\n    // why\n".repeat(71));
    let sizes = measure("x.rs", &long);
    let found: Vec<(&str, usize)> = sizes.iter().map(|size| (size.name.as_str(), size.lines)).collect();
    assert_eq!(found, [("x.rs", 147), ("x.rs::short", 0), ("x.rs::long", 71)]);
    assert_eq!(breaches(&sizes, "").len(), 1);
    assert_eq!(breaches(&sizes, "# why\nx.rs::long 71\n").len(), 0);
    assert_eq!(breaches(&sizes, "x.rs::long 70\n").len(), 2, "it grew");
    assert_eq!(breaches(&sizes, "x.rs::long 72\n").len(), 2, "it shrank, and the ratchet follows");
    assert_eq!(breaches(&sizes, "x.rs::long 71\nx.rs::gone 80\n").len(), 1, "a line that is not needed");
    let file = measure("x.rs", &"a\n".repeat(501));
    assert_eq!(breaches(&file, "").len(), 1);
    assert_eq!(line_of("a\nb", 2), 2);
}
