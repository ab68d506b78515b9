//! The layers inside each crate: a module uses what stands in a lower tier, never its own tier or a higher one.
//!
//! The order is the data's way through the program, so that a reader who starts at the top of a table never meets a name
//! that is explained further down. Code for tests is free: a test may look from above.

use std::{collections::BTreeSet, ops::Range};

use super::{
    Breach, none,
    source::{Source, blank, closing, file, files, is_word, line_of, test_modules, without_tests, words},
};

/// The layers of one crate.
struct Layers {
    name: &'static str,
    /// Lowest first.
    tiers: &'static [&'static [&'static str]],
    /// Modules that may use only these, whatever their tier would allow, and why.
    narrow: &'static [(&'static str, &'static [&'static str], &'static str)],
    /// Modules of one tier that may use each other, and why.
    knot: &'static [&'static str],
}

const PROTOCOL: Layers = Layers {
    name: "protocol",
    tiers: &[
        &["cbor", "hash", "limits", "vocabulary"],
        &["key", "kind", "record", "ticket"],
        &["envelope", "library", "networks", "terms"],
        &["entry", "frontier", "keyring", "node_record"],
        &["chain", "roster"],
        &["former", "fork", "run"],
        &["charter"],
        &["authority", "ballot"],
        &["ledger"],
        &["sync"],
        &["announce"],
        &["testing"],
    ],
    narrow: &[("record", &["hash", "limits", "vocabulary"], "what people say is independent of who may say it")],
    knot: &[],
};

const NODE: Layers = Layers {
    name: "node",
    tiers: &[
        &["api", "disk"],
        &["durable"],
        &["authoring", "home"],
        &["config", "keys", "lock"],
        &["governance", "logging", "restored", "store"],
        &["core"],
        &["founding", "net", "web"],
        &["backup", "offline"],
        &["engine"],
        &["operator"],
        &["client", "node"],
        &["fuzzing"],
    ],
    narrow: &[
        ("api", &[], "what programs see must not change because an inner type did"),
        ("authoring", &["api"], "a text becomes a record without a disk"),
        ("web", &["api"], "pages show what `Library` and the status give them and reach nothing else"),
        ("net", &["api", "config", "core", "keys"], "bytes from peers reach the disk through the core alone"),
    ],
    knot: &[],
};

const CLI: Layers = Layers {
    name: "cli",
    tiers: &[&["memory", "outcome"], &["signals", "terminal"], &["args", "commands", "context", "help"], &["app"]],
    narrow: &[("terminal", &["outcome"], "printing knows no command")],
    // The parser names every command's arguments, and a command may ask for the parser (`man`, `completions`).
    knot: &["args", "commands", "context", "help"],
};

impl Layers {
    fn tier(&self, module: &str) -> Option<usize> {
        self.tiers.iter().position(|tier| tier.contains(&module))
    }

    /// Why a module may not use another, if so.
    fn objection(&self, from: &str, to: &str) -> Option<String> {
        let (Some(from_tier), Some(to_tier)) = (self.tier(from), self.tier(to)) else {
            return Some(format!("`{from}` or `{to}` has no tier in {}", file!()));
        };
        if let Some((_, allowed, why)) = self.narrow.iter().find(|(module, ..)| *module == from)
            && !allowed.contains(&to)
        {
            return Some(format!("`{from}` may not use `{to}`: {why}"));
        }
        let knotted = self.knot.contains(&from) && self.knot.contains(&to);
        (to_tier >= from_tier && !knotted)
            .then(|| format!("`{from}` may not use `{to}`, which stands as high or higher"))
    }

    /// What a file uses that it may not. `exports` are names at the crate's root and the modules they come from.
    fn breaches(&self, path: &str, text: &str, exports: &[(String, String)]) -> Vec<Breach> {
        let module = module_of(path);
        let Some(own) = module.first() else { return Vec::new() };
        let blanked = without_tests(&blank(text));
        let mut breaches = Vec::new();
        for (at, name) in names_at_root(&blanked, module.len()) {
            let exported = exports.iter().find(|(export, _)| *export == name).map(|(_, module)| module.as_str());
            let used = exported.unwrap_or(&name);
            if used != *own
                && let Some(objection) = self.objection(own, used)
            {
                breaches.push(format!("{path}:{}: {objection}", line_of(text, at)));
            }
        }
        breaches
    }
}

/// The path of a file's module, without the crate.
fn module_of(path: &str) -> Vec<&str> {
    let inner = path.split_once("/src/").map_or(path, |(_, inner)| inner);
    let parts = inner.trim_end_matches(".rs").split('/');
    parts.filter(|part| !["mod", "lib", "main"].contains(part)).collect()
}

/// Every name that is taken from the crate's root, by `crate::` or by going up far enough.
fn names_at_root(blanked: &str, depth: usize) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let inline = inline_modules(blanked);
    for at in words(blanked, "crate") {
        if blanked[..at].ends_with('$') {
            continue;
        }
        if let Some(rest) = blanked[at..].strip_prefix("crate::") {
            found.extend(heads(rest).into_iter().map(|name| (at, name)));
        }
    }
    for at in words(blanked, "super") {
        if blanked[..at].ends_with("super::") {
            continue;
        }
        let (mut ups, mut rest) = (0, &blanked[at..]);
        while let Some(further) = rest.strip_prefix("super::") {
            (ups, rest) = (ups + 1, further);
        }
        let inner = inline.iter().filter(|module| module.contains(&at)).count();
        if ups == depth + inner {
            found.extend(heads(rest).into_iter().map(|name| (at, name)));
        }
    }
    found
}

/// Where the modules that stand inside the file begin and end.
fn inline_modules(blanked: &str) -> Vec<Range<usize>> {
    let braces = words(blanked, "mod").filter_map(|at| {
        let brace = at + blanked[at..].find(['{', ';'])?;
        blanked[brace..].starts_with('{').then_some(brace)
    });
    braces.map(|brace| brace..closing(blanked, brace)).collect()
}

/// The first names of a path or of each path in a group.
fn heads(rest: &str) -> Vec<String> {
    let Some(group) = rest.strip_prefix('{') else {
        let name: String = rest.chars().take_while(|character| is_word(*character as u8)).collect();
        return if name.is_empty() { Vec::new() } else { vec![name] };
    };
    let (mut depth, mut start, mut parts) = (0_usize, 0, Vec::new());
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => {
                parts.push(&group[start..at]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&group[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.into_iter().flat_map(|part| heads(part.trim())).collect()
}

/// What `lib.rs` re-exports: name and module.
fn exports_of(lib: &str) -> Vec<(String, String)> {
    let blanked = blank(lib);
    let uses = blanked.match_indices("pub use ").map(|(at, head)| &blanked[at + head.len()..]);
    uses.filter_map(|rest| rest.split_once(';')?.0.split_once("::"))
        .flat_map(|(module, names)| heads(names).into_iter().map(|name| (name, module.trim().to_owned())))
        .collect()
}

fn hold(layers: &Layers) {
    let sources = files(&format!("{}/src", layers.name), ".rs");
    let lib = sources.iter().find(|source| source.path.ends_with("/src/lib.rs"));
    let exports = lib.map(|lib| exports_of(&lib.text)).unwrap_or_default();
    let for_tests: BTreeSet<String> = sources.iter().flat_map(test_paths).collect();
    let is_for_tests = |path: &str| {
        let stem = path.trim_end_matches(".rs");
        for_tests.iter().any(|test| stem == test || stem.starts_with(&format!("{test}/")))
    };
    let checked = sources.iter().filter(|source| !is_for_tests(&source.path));
    none(&checked.flat_map(|source| layers.breaches(&source.path, &source.text, &exports)).collect::<Vec<_>>());
    for module in layers.tiers.iter().copied().flatten() {
        let exists = sources.iter().any(|source| module_of(&source.path).first() == Some(module));
        assert!(exists, "{} has no module `{module}`: take it out of the table", layers.name);
    }
}

/// The files, without ending, that a file declares as modules for tests.
fn test_paths(source: &Source) -> Vec<String> {
    let folder = source.path.trim_end_matches(".rs");
    let folder = ["/mod", "/lib", "/main"].iter().find_map(|end| folder.strip_suffix(end)).unwrap_or(folder);
    let blanked = blank(&source.text);
    test_modules(&blanked).iter().map(|module| format!("{folder}/{module}")).collect()
}

#[test]
fn protocol_keeps_its_layers() {
    hold(&PROTOCOL);
}

#[test]
fn node_keeps_its_layers() {
    hold(&NODE);
}

#[test]
fn cli_keeps_its_layers() {
    hold(&CLI);
}

#[test]
fn the_program_reaches_the_node_only_through_its_doors() {
    let root = file("node/src/lib.rs");
    for inner in ["core", "engine", "net", "store", "operator"] {
        let opened = words(&blank(&root.text), inner).any(|at| root.text[..at].ends_with("pub mod "));
        assert!(!opened, "node/src/lib.rs opens `{inner}` to everybody");
    }
}

#[test]
fn a_deliberate_breach_is_found_in_every_spelling() {
    let exports = exports_of("pub use engine::{Engine, Handle};\nmod engine;");
    let breach = |path: &str, text: &str| NODE.breaches(path, text, &exports).len();
    assert_eq!(breach("node/src/core/writer.rs", "use crate::net::Network;"), 1);
    assert_eq!(breach("node/src/core/writer.rs", "use crate::{store::Index, net::{a, b}, web};"), 2);
    assert_eq!(breach("node/src/store/index.rs", "fn f() { super::super::core::g() }"), 1);
    assert_eq!(breach("node/src/core/writer.rs", "fn f(engine: &crate::Engine) {}"), 1, "by a re-export");
    assert_eq!(breach("node/src/web/mod.rs", "use crate::core::Core;"), 1, "narrower than its tier");
    assert_eq!(breach("node/src/elsewhere.rs", "use crate::api::Call;"), 1, "a module without a tier");
    assert_eq!(breach("node/src/net/mod.rs", "use crate::founding::x;"), 1, "its own tier");
    assert_eq!(breach("node/src/core/writer.rs", "// crate::net\nuse crate::store::Index; use super::super::home;"), 0);
    assert_eq!(breach("node/src/keys.rs", "mod private { impl X for super::Handle {} }"), 0, "up to its own file");
    assert_eq!(breach("node/src/keys.rs", "mod private { impl X for super::super::Handle {} }"), 1);
    assert_eq!(breach("node/src/core/mod.rs", "#[cfg(test)]\nmod tests { use crate::web::x; }"), 0);
}
