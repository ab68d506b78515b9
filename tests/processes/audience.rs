//! What is for members only, with real processes: members read it, and nobody else finds a word of it anywhere: not on the pages
//! of any node, not in a bundle for everybody, not in the home of an observer, until the observer's node is a member's.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::{fs, path::Path};

use nanduti_tests::{Running, World, practice, unpacked, until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_nanduti");

/// Stands in a title and in a text for members only, and nowhere else.
const SECRETS: [&str; 2] = ["Quetzalcoatlus", "xylophonist"];

/// A practice for these readers; nobody is named where `audience` is empty.
fn write(world: &World, file: &str, title: &str, word: &str, audience: &str) {
    let line = if audience.is_empty() { String::new() } else { format!("\naudience: {audience}") };
    let text = practice(title, 300).replacen("\nsummary: Invented", &format!("{line}\nsummary: {word} Invented"), 1);
    world.write(file, text);
}

/// Files below a folder in which one of the secrets stands.
fn telling(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(telling(&path));
        } else if path.is_file() && tells(&unpacked(&path)) {
            found.push(path.display().to_string());
        }
    }
    found
}

fn tells(bytes: &[u8]) -> bool {
    SECRETS
        .iter()
        .any(|secret| bytes.windows(secret.len()).any(|window| window.eq_ignore_ascii_case(secret.as_bytes())))
}

/// Every page of a node, and what it says to wrong questions.
fn pages(node: &Running, ids: &[&str]) -> Vec<(String, String)> {
    let mut addresses: Vec<String> =
        ["/", "/for-members", "/status", "/?member=PRY", "/?language=en", "/?strand=parliament"]
            .map(str::to_owned)
            .to_vec();
    addresses
        .extend(["/api/practices", "/api/for-members", "/api/status", "/api/practices?member=PRY"].map(str::to_owned));
    for id in ids {
        addresses.extend(["", "/api"].map(|root| format!("{root}/practices/{id}")));
        addresses.extend(["", "/api"].map(|root| format!("{root}/practices/{id}/history")));
    }
    addresses.into_iter().map(|address| (node.page(&address), address)).map(|(page, address)| (address, page)).collect()
}

/// Revises a practice for members. A revision has to say again that it is for members: nothing becomes public by silence.
fn revise(world: &World, id: &str) -> String {
    write(world, "closed.md", SECRETS[0], &format!("{} again", SECRETS[1]), "");
    for args in
        [&["publish", "closed.md"][..], &["publish", "closed.md", "--revises", id], &["publish", "closed.md", "--new"]]
    {
        let refused = world.on("PRY", args).code(4);
        assert!(
            refused.stderr.contains("does not say who may read") && refused.stderr.contains("audience: members"),
            "{refused}"
        );
    }
    write(world, "closed.md", SECRETS[0], &format!("{} again", SECRETS[1]), "public");
    let refused = world.on("PRY", &["publish", "closed.md", "--revises", id]).code(4);
    assert!(refused.stderr.contains("keeps its readers"), "{refused}");
    write(world, "closed.md", SECRETS[0], &format!("{} again", SECRETS[1]), "members");
    let revised = world.json("PRY", &["publish", "closed.md", "--revises", id]);
    assert_eq!((&revised["outcome"], &revised["audience"]), (&"revised".into(), &"members".into()));
    revised["revision"].as_str().unwrap().to_owned()
}

/// The observer sees that it is there, asks for nothing, and lacks nothing.
fn look_as_an_observer(world: &World, reader: &Running, [id, revision]: [&str; 2]) {
    let status = reader.status();
    assert_eq!((status.wanted_bodies, status.practices, status.for_members.missing), (0, 1, 2), "{status:?}");
    assert!(!status.for_members.readable);
    let listed = world.json("reader", &["list"]);
    assert_eq!((&listed["total"], &listed["closed"]["total"]), (&1.into(), &2.into()), "{listed}");
    assert_eq!(listed["closed"]["entries"][0]["member"], "PRY");
    let table = world.on("reader", &["list"]).good();
    assert!(table.stdout.contains("For members only, not readable here") && table.stdout.contains(id), "{table}");
    for args in [["show", id], ["history", id], ["show", revision]] {
        let refused = world.on("reader", &args).code(4);
        assert!(refused.stderr.contains("for members only, signed by PRY (Test PRY): entry"), "{refused}");
    }
    let verified = world.json("reader", &["verify", id]);
    assert_eq!((&verified["entries"], &verified["damage"]), (&1.into(), &serde_json::json!([])), "{verified}");
    assert_eq!(world.json("reader", &["verify", "--deep"])["damage"], serde_json::json!([]));
}

/// The observer learns that it was withdrawn, and why, whichever of its ids it asks for; `list --all` keeps the section.
fn withdrawn_for_an_observer(world: &World, ids: [&str; 2]) {
    for (args, total) in [
        (&["list"][..], 2),
        (&["list", "--all"], 2),
        (&["list", "--state", "withdrawn"], 2),
        (&["list", "--state", "current"], 0),
    ] {
        let listed = world.json("reader", args);
        assert_eq!(listed["closed"]["total"], total, "{args:?}: {listed}");
        for entry in listed["closed"]["entries"].as_array().unwrap() {
            assert_eq!(entry["withdrawal"]["reason"], "superseded", "{listed}");
        }
    }
    let listed = world.json("reader", &["list"]);
    let withdrawal = listed["closed"]["entries"][0]["withdrawal"]["id"].as_str().unwrap().to_owned();
    for args in [["show", ids[0]], ["history", ids[0]], ["show", ids[1]], ["show", &withdrawal]] {
        let refused = world.on("reader", &args).code(4);
        assert!(refused.stderr.contains("; withdrawn on ") && refused.stderr.contains(": superseded"), "{refused}");
    }
    assert!(world.on("reader", &["list", "--all"]).good().stdout.contains("withdrawn: superseded"));
}

/// On the pages all say the same of it, and no word of what it says.
fn compare_pages([pry, mar, reader]: [&Running; 3], ids: &[&str]) {
    let node_pages = [pry, mar, reader].map(|node| pages(node, ids));
    for (at, (address, page)) in node_pages[2].iter().enumerate() {
        for pages in &node_pages {
            assert!(!tells(pages[at].1.as_bytes()), "{address} tells of it: {}", pages[at].1);
        }
        if ids.iter().any(|id| address.contains(id)) {
            assert!(page.starts_with("HTTP/1.1 403"), "{address}: {page}");
        }
        if !address.contains("status") && address != "/" {
            let body = |page: &str| page.split_once("\r\n\r\n").map(|(_, body)| body.replace("Test MAR", "Test PRY"));
            let own = |page: &str| body(page).map(|body| body.replace(" · Node of <bdi lang=\"\">Test PRY</bdi>", ""));
            assert_eq!(own(&node_pages[0][at].1), own(page), "{address}");
            assert_eq!(own(&node_pages[1][at].1), own(page), "{address}");
        }
    }
    assert!(node_pages[2][0].1.contains("2 documents are for members only"));
    assert!(node_pages[0][1].1.contains("practice") && node_pages[0][1].1.contains("Test PRY"));
    for status in [pry, reader].map(|node| node.page("/api/status")) {
        assert!(status.contains("\"practices\":1,") && status.contains("\"for_members\":2,"), "{status}");
    }
}

#[test]
fn what_is_for_members_is_read_by_members_and_nobody_else_finds_a_word_of_it() {
    let world = World::new(PROGRAM);
    let founding = world.found(&["PRY", "MAR"]);
    world.run(&["join", World::text(&founding), "--home", "reader"]).good();

    let pry = world.start("PRY", &[]);
    let mar = world.start("MAR", &[pry.as_peer()]);
    let reader = world.start("reader", &[pry.as_peer(), mar.as_peer()]);

    write(&world, "public.md", "Open to all", "hello", "");
    write(&world, "closed.md", SECRETS[0], SECRETS[1], "members");
    let said = world.on("PRY", &["publish", "public.md"]).good();
    assert!(said.stderr.contains("everybody can read it"), "{said}");
    let said = world.on("PRY", &["publish", "closed.md"]).good();
    assert!(said.stdout.contains("for members only") && said.stderr.contains("pass it on"), "{said}");
    let listed = world.json("PRY", &["list"]);
    let closed = listed["practices"].as_array().unwrap().iter().find(|row| row["audience"] == "members").unwrap();
    let id = closed["short"].as_str().unwrap().to_owned();

    let revision = revise(&world, &id);

    until("all hold the same", || {
        let digests = [&pry, &mar, &reader].map(|node| node.status().digest);
        digests[0] == digests[1] && digests[1] == digests[2] && mar.status().for_members.missing == 0
    });
    // Another member reads it, marked; its file says for whom it is.
    let shown = world.on("MAR", &["show", &id]).good();
    assert!(shown.stdout.contains(SECRETS[0]) && shown.stdout.contains("for members only"), "{shown}");
    assert!(world.on("MAR", &["show", &id, "--markdown"]).good().stdout.contains("\naudience: members\n"));
    assert_eq!(world.on("MAR", &["history", &id]).good().stdout.matches(SECRETS[0]).count(), 2);

    look_as_an_observer(&world, &reader, [&id, &revision]);
    assert!(mar.status().for_members.readable);
    compare_pages([&pry, &mar, &reader], &[&id, &revision]);

    // A withdrawal is public: what is for members leaves the library everywhere, and still nobody else learns a word.
    world.on("PRY", &["withdraw", &id, "--reason", "superseded"]).good();
    until("MAR has the withdrawal", || mar.status().practices == 1);
    until("the observer has it", || reader.status().digest == pry.status().digest);
    withdrawn_for_an_observer(&world, [&id, &revision]);
    compare_pages([&pry, &mar, &reader], &[&id, &revision]);
    assert!(reader.page("/for-members").contains("Withdrawn"));

    reader.stop();
    assert_eq!(telling(&world.path("reader")), Vec::<String>::new());
    assert!(!tells(&fs::read(world.path("reader.log")).unwrap()));
    for log in ["PRY.log", "MAR.log"] {
        assert!(!tells(&fs::read(world.path(log)).unwrap()), "{log}");
    }
    let found = telling(&world.path("MAR"));
    assert!(found.iter().any(|file| file.ends_with(".seg.zst")), "the search finds it where it is: {found:?}");
}

#[test]
fn bundles_are_for_everybody_unless_made_for_members_and_a_new_member_reads_what_was_there_before() {
    let world = World::new(PROGRAM);
    let founding = world.found(&["PRY", "MAR"]);
    write(&world, "closed.md", SECRETS[0], SECRETS[1], "members");
    write(&world, "public.md", "Open to all", "hello", "public");
    world.on("PRY", &["publish", "closed.md", "public.md"]).good();
    let id = world.json("PRY", &["list"])["practices"][1]["short"].as_str().unwrap().to_owned();

    let written = world.on("PRY", &["bundle", "export", "all.nanduti"]).good();
    assert!(written.stdout.contains("without  1 text for members only"), "{written}");
    assert!(!tells(&fs::read(world.path("all.nanduti")).unwrap()));
    let written = world.on("PRY", &["bundle", "export", "members.nanduti", "--for", "members"]).good();
    assert!(written.stdout.contains("with     1 text for members only"), "{written}");
    assert!(written.stderr.contains("not encrypted"), "{written}");
    assert!(tells(&fs::read(world.path("members.nanduti")).unwrap()));

    // A member that has the entry without its text wants it, and takes it from a bundle that has it.
    world.on("MAR", &["bundle", "import", "all.nanduti"]).good();
    let status = world.json("MAR", &["status"]);
    assert_eq!((&status["practices"], &status["for_members"]["missing"]), (&1.into(), &1.into()), "{status}");
    assert_eq!(status["for_members"]["readable"], true);
    let filled = world.json("MAR", &["bundle", "import", "members.nanduti"]);
    assert_eq!((&filled["new"], &filled["filled"], &filled["for_members"]), (&0.into(), &1.into(), &1.into()));
    assert!(world.on("MAR", &["show", &id]).good().stdout.contains(SECRETS[0]));

    // A node that is nobody's yet has the same entries and not this text.
    world.run(&["init", "--home", "second", "--member", "MAR", "--further-node"]).good();
    world.run(&["join", World::text(&founding), "--home", "second"]).good();
    let pry = world.start("PRY", &[]);
    let second = world.start("second", &[pry.as_peer()]);
    until("the second node holds all that is public", || second.status().digest == pry.status().digest);
    assert_eq!((second.status().practices, second.status().wanted_bodies), (1, 0));
    assert_eq!(telling(&world.path("second")), Vec::<String>::new());

    // MAR lists its keys: from then on it is a member's node, asks for what is for members, and is given it.
    world.on("second", &["key", "offer", "--out", "second.keys"]).good();
    world.on("MAR", &["key", "add", "second.keys", "--yes"]).good();
    let mar = world.start("MAR", &[pry.as_peer()]);
    until("the second node reads it", || second.status().practices == 2);
    assert!(world.on("second", &["show", &id]).good().stdout.contains(SECRETS[0]));
    assert_eq!((second.status().for_members.missing, second.status().for_members.readable), (0, true));

    // Its key ends: it keeps what it has read, and is given nothing further.
    let keys = world.json("MAR", &["key", "list", "--member", "MAR"]);
    let peer = second.status().peer_id.unwrap();
    let own = world.json("second", &["key", "list", "--member", "MAR"]);
    let node = own["keys"].as_array().unwrap().iter().find(|key| key["use"] == "node" && key["own"] == true);
    let node = node.unwrap_or_else(|| panic!("{peer}: {keys}"))["key"].as_str().unwrap().to_owned();
    world.on("MAR", &["key", "retire", &node, "--yes"]).good();
    until("it knows", || !second.status().for_members.readable && !pry_knows(&world, &node));
    write(&world, "later.md", &format!("{} later", SECRETS[0]), "word", "members");
    world.on("PRY", &["publish", "later.md"]).good();
    until("all have the entry", || {
        let digest = second.status().digest;
        digest == pry.status().digest && digest == mar.status().digest && mar.status().practices == 3
    });
    assert_eq!((second.status().practices, second.status().for_members.missing), (2, 1));
    assert!(world.on("second", &["show", &id]).good().stdout.contains(SECRETS[0]), "what was read stays read");
}

/// Does PRY take this key for that of a member's node?
fn pry_knows(world: &World, node: &str) -> bool {
    let keys = world.json("PRY", &["key", "list", "--member", "MAR"]);
    keys["keys"].as_array().unwrap().iter().any(|key| key["key"] == node && key["state"] == "live")
}
