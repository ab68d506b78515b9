//! An emergency, with real processes: so many root keys are lost that no ballot can succeed, and three of four members found the
//! network anew. The old library stands in it as it was signed, everybody is shown what the claim is worth, members speak on with
//! new keys, and what is claimed wrongly is refused.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::{collections::BTreeMap, fs};

use nanduti_protocol::{
    cbor,
    charter::Charter,
    hash::Hash,
    key::{MemberId, PublicKey},
};
use nanduti_tests::{World, practice, until};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_nanduti");
const MEMBERS: [&str; 4] = ["KEN", "MAR", "PRY", "WSM"];

/// The file of a draft.
#[derive(Serialize, Deserialize)]
struct Draft {
    kind: String,
    charter: ByteBuf,
}

/// A network of four, each with a practice, that PRY has whole. Two of its root keys are lost: three are needed.
fn lost(world: &World) {
    world.found(&MEMBERS);
    for member in MEMBERS {
        let file = format!("{member}.md");
        world.write(&file, practice(&format!("Of {member}"), 300));
        world.on(member, &["publish", &file]).good();
        world.on(member, &["bundle", "export", &format!("{member}.bundle")]).good();
        world.on("PRY", &["bundle", "import", &format!("{member}.bundle")]).good();
    }
    for member in ["KEN", "WSM"] {
        fs::remove_file(world.path(&format!("{member}/keys/root.pem"))).unwrap();
    }
}

/// New homes of three of them, and the consents of the two that have their root keys.
fn new_homes(world: &World) {
    for member in ["KEN", "MAR", "PRY"] {
        let (home, name) = (format!("{member}2"), format!("Test {member}"));
        world.run(&["init", "--home", &home, "--member", member, "--name", &name]).good();
    }
    for member in ["MAR", "PRY"] {
        let card = format!("{member}2/{member}.card");
        let made = world.json(member, &["network", "consent", &card, "--out", &format!("{member}.consent"), "--yes"]);
        assert_eq!(made["member"], member);
    }
    let gone = world.on("KEN", &["network", "consent", "KEN2/KEN.card", "--yes"]).code(3);
    assert!(gone.stderr.contains("found the network without a consent"), "{gone}");
    // It is shown and asked for; a key that the former network does not list, and a home of none, give no consent.
    let consent = ["network", "consent", "PRY2/PRY.card", "--out", "never.consent"];
    let unasked = world.on("PRY", &consent).code(2);
    for words in
        ["the root key of PRY in `Test`", "of Test PRY, the root key on the card", "cannot be taken back", "use --yes"]
    {
        assert!(unasked.stderr.contains(words), "{words}: {unasked}");
    }
    let other = world.on("PRY", &[&consent[..], &["--root-key", "MAR/keys/root.pem", "--yes"]].concat()).code(4);
    assert!(other.stderr.contains("lists another root key of PRY"), "{other}");
    for home in ["PRY2", "nowhere"] {
        let none = world.on(home, &[&consent[..], &["--yes"]].concat()).code(2);
        assert!(none.stderr.contains("is no home of a former network") && none.stderr.contains("--home"), "{none}");
    }
    assert!(!world.path("never.consent").exists());
}

const FILES: [&str; 5] = ["KEN2/KEN.card", "MAR2/MAR.card", "MAR.consent", "PRY2/PRY.card", "PRY.consent"];

fn refound<'a>(files: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    let command =
        ["network", "refound", "--from", "PRY", "--name", "Test again", "--reason", "Two root keys were lost."];
    [&command[..], files, more].concat()
}

fn titles(world: &World, home: &str) -> BTreeMap<String, String> {
    let list = world.json(home, &["list"]);
    let rows = list["practices"].as_array().unwrap().iter();
    rows.map(|row| (row["title"].as_str().unwrap().to_owned(), row["id"].as_str().unwrap().to_owned())).collect()
}

/// The same draft with another charter.
fn tampered(world: &World, name: &str, change: impl FnOnce(&mut Charter)) {
    let draft: Draft = cbor::decode(&fs::read(world.path("again.draft")).unwrap()).unwrap();
    let mut charter = Charter::decode(&draft.charter).unwrap();
    change(&mut charter);
    let draft = Draft { charter: ByteBuf::from(charter.encode()), ..draft };
    world.write(name, cbor::encode(&draft));
}

fn log_of(charter: &Charter, member: &str) -> PublicKey {
    charter.former[0].logs.iter().find(|carried| carried.member.as_str() == member).unwrap().log
}

#[test]
fn a_network_that_lost_its_root_keys_is_founded_anew_with_its_library() {
    let world = World::new(PROGRAM);
    lost(&world);
    new_homes(&world);
    // Beside the running node of the former network, which is left as it is.
    let old = world.start("PRY", &[]);
    draft(&world);
    wrong_claims_are_refused(&world);
    seal(&world);
    let before = titles(&world, "PRY");

    // KEN takes the library out of a former home, PRY out of a bundle of the former network; MAR and a reader get it from them.
    let joined = world.json("KEN2", &["join", "again.founding", "--from", "PRY"]);
    assert_eq!(joined["carried_over"], 8, "{joined}");
    world.on("PRY2", &["join", "again.founding"]).good();
    world.on("PRY", &["bundle", "export", "old.bundle"]).good();
    world.on("PRY2", &["bundle", "import", "old.bundle"]).good();
    assert_eq!(titles(&world, "PRY2"), before);
    world.on("MAR2", &["join", "again.founding"]).good();
    let sealed = fs::read_to_string(world.path("ticket")).unwrap();
    world.on("reader", &["join", &sealed]).good();
    let ken = world.start("KEN2", &[]);
    let mar = world.start("MAR2", &[ken.as_peer()]);
    let reader = world.start("reader", &[mar.as_peer()]);
    until("the reader has the library", || reader.status().practices == 4);
    let peers = world.json("reader", &["peer", "list"]);
    let blamed = |peer: &Value| peer["faults"].as_array().is_none_or(|faults| !faults.is_empty());
    assert!(!peers["peers"].as_array().unwrap().iter().any(blamed), "for what could not be known yet: {peers}");
    for home in ["KEN2", "MAR2", "reader"] {
        assert_eq!(titles(&world, home), before, "{home}");
    }
    shown_honestly(&world, &before["Of WSM"], &reader);

    // PRY speaks on with its new key; what the old one says from now on reaches nobody here.
    let pry = world.start("PRY2", &[ken.as_peer()]);
    revise(&world, &before["Of PRY"]);
    until("the revision is everywhere", || titles(&world, "reader").contains_key("Of PRY, revised"));
    let history = world.json("reader", &["history", &before["Of PRY"]]);
    assert_eq!(history[0]["proof"]["former"]["by"], "Test again", "{history}");
    assert_eq!((&history[1]["proof"]["former"], &history[1]["newest"]), (&Value::Null, &true.into()), "{history}");
    world.write("late.md", practice("Late", 300));
    world.on("PRY", &["publish", "late.md"]).good();
    world.on("PRY", &["bundle", "export", "late.bundle"]).good();
    let late = world.json("KEN2", &["bundle", "import", "late.bundle"]);
    assert_eq!(late["new"], 0, "{late}");
    until("all are equal", || {
        [&ken, &mar, &reader, &pry].iter().all(|node| node.status().digest == ken.status().digest)
    });
    assert!(!titles(&world, "KEN2").contains_key("Late"));
    for node in [old, ken, mar, reader, pry] {
        assert!(node.stop().success());
    }
    it_is_there_after_all_that_happens_to_a_home(&world);
}

fn draft(world: &World) {
    let asked = world.on("KEN2", &refound(&FILES, &[])).code(2);
    assert!(asked.stderr.contains("--yes"), "{asked}");
    let drafted = world.on("KEN2", &refound(&FILES, &["--yes", "--out", "again.draft"])).good();
    for words in [
        "another network, `Test again`",
        "4 practices in 4 logs",
        "without a consent of their former root key: KEN",
        "no founders: WSM",
    ] {
        assert!(drafted.stderr.contains(words), "{words}: {drafted}");
    }
    let shown = world.run(&["network", "show", "again.draft"]).good();
    for words in [
        "Two root keys were lost.",
        "the founders themselves state has 4 that vote; of these, founders here: 3, with a consent of the root key that this list gives them: 2.",
        "consented     MAR, PRY",
        "claimed       KEN",
        "not here      WSM",
        "8 entries in 4 logs",
    ] {
        let flat = shown.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(&words), "{words}: {shown}");
    }
}

fn wrong_claims_are_refused(world: &World) {
    let says = |file: &str, words: &str| {
        let refused =
            world.on("MAR2", &["network", "sign", file, "--from", "PRY", "--out", "never.signed", "--yes"]).code(4);
        assert!(
            refused.stderr.contains("what is not so there") && refused.stderr.contains(words),
            "{words}: {refused}"
        );
        assert!(!world.path("never.signed").exists());
    };
    tampered(world, "hash.draft", |charter| {
        charter.former[0].logs[1].last.hash = Hash::of(b"another entry");
    });
    says("hash.draft", "in this home, and");
    tampered(world, "member.draft", |charter| {
        let wsm = log_of(charter, "WSM");
        let line = charter.former[0].logs.iter_mut().find(|carried| carried.log == wsm).unwrap();
        line.member = MemberId::parse("KEN").unwrap();
    });
    says("member.draft", "spoke for WSM, and is claimed for KEN");
    tampered(world, "name.draft", |charter| charter.former[0].name = "Another".into());
    says("name.draft", "it calls the former network `Another`");
    tampered(world, "roster.draft", |charter| charter.former[0].roster.bounds.keys += 1);
    says("roster.draft", "is another one than that of this home");
    // A consent that was given for another key shows without any home.
    tampered(world, "consent.draft", |charter| {
        let other = charter.former[0].consents[0].proof.clone();
        charter.former[0].consents[1].proof = other;
    });
    let refused = world.run(&["network", "show", "consent.draft"]);
    assert!(refused.stderr.contains("the consent of PRY does not hold"), "{refused}");
    world.run(&["init", "--home", "PRY3", "--member", "PRY", "--name", "Somebody else"]).good();
    let files = ["KEN2/KEN.card", "PRY3/PRY.card", "PRY.consent"];
    let refused = world.on("KEN2", &refound(&files, &["--yes", "--out", "other.draft"])).code(4);
    assert!(refused.stderr.contains("not the word of the former root key of PRY"), "{refused}");
    // A list that nobody can compare but by a home of the former network: under another number, with root keys of the drafter's own.
    tampered(world, "invented.draft", |charter| {
        let former = &mut charter.former[0];
        former.roster.version += 1;
        former.consents.clear();
        former.roster.members[1].root = PublicKey::from_bytes([7; 32]);
    });
    let told = world.run(&["network", "show", "invented.draft", "--from", "PRY"]).good();
    assert!(told.stderr.contains("other former root keys than this home knows, of MAR"), "{told}");
    // What the root key is asked away from the node is the whole charter, with what it says of the former network.
    world.on("PRY2", &["network", "sign", "again.draft", "--prepare", "anew.request"]).good();
    let shown = world.run(&["sign", "anew.request", "--show"]).good();
    for words in [
        "founds a network anew: its founders claim that it takes the place of Test,",
        "reason, which everybody reads: Two root keys were lost.",
        "founders with a consent: MAR, PRY",
        "founders without a consent: KEN",
        "members there that are no founders: WSM",
        "carries over 4 logs with 8 entries",
        "nanduti network show --from OLD_HOME",
    ] {
        let flat = shown.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(words), "{words}: {shown}");
    }
    // What is left out is told, and is not wrong.
    tampered(world, "short.draft", |charter| drop(charter.former[0].logs.remove(0)));
    let told = world.run(&["network", "show", "short.draft", "--from", "PRY"]).good();
    assert!(told.stderr.contains("is left out"), "{told}");
}

fn seal(world: &World) {
    for home in ["KEN2", "MAR2", "PRY2"] {
        let out = format!("{home}.signed");
        world.on(home, &["network", "sign", "again.draft", "--from", "PRY", "--out", &out, "--yes"]).good();
    }
    let signed = ["KEN2.signed", "MAR2.signed", "PRY2.signed", "--out", "again.founding"];
    let sealed = world.run(&[&["--json", "network", "seal", "again.draft"], &signed[..]].concat());
    world.write("ticket", sealed.json()["ticket"].as_str().unwrap());
}

fn shown_honestly(world: &World, of_wsm: &str, reader: &nanduti_tests::Running) {
    let status = world.on("reader", &["status"]).good();
    assert!(status.stdout.contains("takes the place of Test"), "{status}");
    let former = &world.json("reader", &["status"])["former"][0];
    assert_eq!((&former["voters"], &former["carried"], &former["name"]), (&4.into(), &4.into(), &"Test".into()));
    let shown = world.on("reader", &["show", of_wsm]).good();
    let flat = shown.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in
        ["signed in the former network Test; carried over by the charter of Test again", "nobody can change it"]
    {
        assert!(flat.contains(words), "{words}: {shown}");
    }
    let proof = &world.json("reader", &["show", of_wsm])["revision"]["proof"];
    assert_eq!((&proof["member_name"], &proof["former"]["is_member"]), (&"Test WSM".into(), &false.into()), "{proof}");
    let of_ken = &titles(world, "reader")["Of KEN"];
    let shown = world.json("reader", &["show", of_ken]);
    assert_eq!(shown["revision"]["proof"]["former"]["proven"], false, "its former root key is lost");
    let of_mar = &titles(world, "reader")["Of MAR"];
    let shown = world.json("reader", &["show", of_mar]);
    assert_eq!(shown["revision"]["proof"]["former"]["proven"], true);
    let verified = world.on("reader", &["verify", of_wsm]).good();
    assert!(verified.stdout.contains("a claim of its founders"), "{verified}");
    let page = reader.page(&format!("/practices/{of_wsm}"));
    assert!(
        page.contains("carried over by the charter of this one") && page.contains("nobody can change it"),
        "{page}"
    );
    let page = reader.page("/status");
    assert!(page.contains("Founded anew") && page.contains("Two root keys were lost."), "{page}");
}

fn revise(world: &World, id: &str) {
    let revised = practice("Of PRY, revised", 300);
    world.write("revised.md", revised);
    let reply = world.json("PRY2", &["publish", "revised.md", "--revises", id]);
    assert_eq!(reply["outcome"], "revised", "{reply}");
}

/// The store is read again, checked, made anew, and comes back out of a backup.
fn it_is_there_after_all_that_happens_to_a_home(world: &World) {
    let library = titles(world, "KEN2");
    assert_eq!(library.len(), 4);
    let deep = world.json("KEN2", &["verify", "--deep"]);
    assert_eq!(deep["damage"].as_array().map(Vec::len), Some(0), "{deep}");
    world.on("KEN2", &["reindex"]).good();
    assert_eq!(titles(world, "KEN2"), library);
    fs::remove_dir_all(world.path("KEN2/index")).unwrap();
    assert_eq!(titles(world, "KEN2"), library);
    world.on("KEN2", &["backup", "--all", "ken.backup"]).good();
    world.on("back", &["restore", "ken.backup"]).good();
    assert_eq!(titles(world, "back"), library);
    let shown = world.json("back", &["network", "show"]);
    assert_eq!(shown["former"][0]["reason"], "Two root keys were lost.");
}
