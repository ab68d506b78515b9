//! The story of a network made by hand: founded by three, lived in by two, read by one who was never online.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use nanduti_node::api::Status;
use nanduti_tests::{Running, World, practice, unpacked, until};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_nanduti");

/// PRY publishes one practice without a running node; its id.
fn first_practice(world: &World) -> String {
    world.write("lace.md", practice("Lace", 400));
    world.on("PRY", &["publish", "--check", "lace.md"]).good();
    let published = world.json("PRY", &["publish", "lace.md"]);
    assert_eq!(published["outcome"], "published");
    assert_eq!(world.json("PRY", &["publish", "lace.md"])["outcome"], "unchanged");
    published["short"].as_str().unwrap().to_owned()
}

fn titles(list: &Value) -> Vec<&str> {
    list["practices"].as_array().unwrap().iter().map(|row| row["title"].as_str().unwrap()).collect()
}

fn same_library(one: &Running, other: &Running) {
    until("both nodes have the same digest", || one.status().digest == other.status().digest);
}

#[test]
fn three_found_a_network_and_each_step_is_checked() {
    let world = World::new(PROGRAM);
    for member in ["PRY", "MAR", "KEN"] {
        let made = world.run(&["init", "--json", "--home", member, "--member", member, "--name", "Ministry"]).json();
        assert_eq!(made["member"], member);
        assert!(made["fingerprint"].is_string() && made["root_key"].is_string(), "{made}");
    }
    let cards = ["PRY/PRY.card", "MAR/MAR.card", "KEN/KEN.card"];
    let mut new = vec!["network", "new", "--json", "--name", "Three", "--purpose", "To share"];
    new.extend(cards);
    let draft = world.run(&new).json();
    assert_eq!(draft["members"], serde_json::json!(["KEN", "MAR", "PRY"]));
    let shown = world.run(&["network", "show", "--json", "draft.nanduti"]).json();
    assert_eq!((&shown["kind"], &shown["network"]), (&"draft".into(), &draft["network"]));

    // A wrong passphrase opens no key, and one founder missing founds nothing.
    let mut wrong = world.command();
    wrong.env("NANDUTI_PASSPHRASE", "not that one").args([
        "network",
        "sign",
        "draft.nanduti",
        "--home",
        "PRY",
        "--yes",
    ]);
    assert_eq!(wrong.output().unwrap().status.code(), Some(1));
    for member in ["PRY", "MAR"] {
        world.run(&["network", "sign", "draft.nanduti", "--home", member, "--yes"]).good();
    }
    let early = world.run(&["network", "seal", "draft.nanduti", "PRY.signed", "MAR.signed"]);
    assert_ne!(early.code, Some(0), "{early}");
    assert!(early.stderr.contains("KEN"), "{early}");
    world.run(&["network", "sign", "draft.nanduti", "--home", "KEN", "--yes"]).good();
    let seal = ["network", "seal", "--json", "draft.nanduti", "PRY.signed", "MAR.signed", "KEN.signed"];
    let founded = world.run(&seal).json();
    assert_eq!(founded["network"], draft["network"]);
    let ticket = founded["ticket"].as_str().unwrap();

    let joined = world.run(&["join", "--json", "founding.nanduti", "--home", "PRY"]).json();
    assert_eq!((&joined["role"], &joined["member"]), (&"member".into(), &"PRY".into()));
    // The ticket alone says which network it is, not what stands in its charter.
    world.run(&["init", "--observer", "--home", "reader"]).good();
    let joined = world.run(&["join", "--json", ticket, "--home", "reader"]).json();
    assert_eq!((&joined["role"], &joined["needs_sync"]), (&"observer".into(), &true.into()));
    world.run(&["join", "nanduti:nonsense", "--home", "reader"]).code(2);
}

#[test]
fn a_practice_is_published_revised_and_withdrawn_and_others_see_it() {
    let world = World::new(PROGRAM);
    world.found(&["PRY", "MAR", "KEN"]);
    let id = first_practice(&world);
    assert_eq!(world.json("PRY", &["status"])["running"], false);

    let pry = world.start("PRY", &[]);
    let mar = world.start("MAR", &[pry.as_peer()]);
    until("MAR has the practice", || mar.status().practices == 1);
    same_library(&pry, &mar);
    assert_eq!(world.json("MAR", &["status"])["running"], true);

    // A revision, published beside the running node, arrives by itself.
    world.write("lace.md", practice("Lace", 400).replace("Begin small.", "Begin with two threads."));
    let same_title = world.on("PRY", &["publish", "lace.md"]);
    assert!(same_title.code != Some(0) && same_title.stderr.contains(&format!("--revises {id}")), "{same_title}");
    let revised = world.json("PRY", &["publish", "lace.md", "--revises", &id]);
    assert_eq!((&revised["outcome"], &revised["short"]), (&"revised".into(), &id.as_str().into()));
    until("MAR has the revision", || world.json("MAR", &["history", &id]).as_array().unwrap().len() == 2);
    let shown = world.json("MAR", &["show", &id]);
    assert_eq!((&shown["member"], &shown["record"]["lessons"]), (&"PRY".into(), &"Begin with two threads.".into()));
    assert_eq!(shown["revision"]["proof"]["member_name"], "Test PRY");
    let changes = world.json("MAR", &["diff", &id]);
    assert_eq!(changes["changes"].as_array().unwrap().len(), 1);
    assert_eq!(changes["changes"][0]["name"], "lessons");

    // Two editors began from the same revision: the second is told, and nothing is overwritten unseen.
    let second = revised["revision"].as_str().unwrap();
    world.write("lace.md", practice("Lace", 400).replace("Begin small.", "Begin with three threads."));
    world.json("PRY", &["publish", "lace.md", "--revises", second]);
    world.write("lace.md", practice("Lace", 400).replace("Begin small.", "Begin with four threads."));
    let late = world.on("PRY", &["publish", "lace.md", "--revises", second]).code(1);
    assert!(late.stderr.contains("a later revision stands on"), "{late}");
    assert_eq!(world.json("PRY", &["history", &id]).as_array().unwrap().len(), 3);

    // The pages show it, and go on showing what is there at the moment.
    let on_page = |running: &Running| ["Lace", "Thread"].map(|title| running.page("/").contains(title));
    assert_eq!((on_page(&pry), on_page(&mar)), ([true, false], [true, false]));

    // What MAR publishes goes the other way; nobody writes for another member.
    world.write("thread.md", practice("Thread", 400));
    world.json("MAR", &["publish", "thread.md"]);
    until("PRY has what MAR published", || pry.status().practices == 2);
    assert_eq!(titles(&world.json("PRY", &["list", "--member", "MAR"])), ["Thread"]);
    assert_eq!((on_page(&pry), on_page(&mar)), ([true, true], [true, true]));
    let foreign = world.on("MAR", &["--json", "withdraw", &id, "--reason", "error"]).code(4);
    assert_eq!(foreign.error()["kind"], "refused");

    world.json("PRY", &["withdraw", &id, "--reason", "superseded", "--note", "A new pattern."]);
    until("MAR has the withdrawal", || mar.status().practices == 1);
    assert_eq!(titles(&world.json("MAR", &["list"])), ["Thread"]);
    assert_eq!((on_page(&pry), on_page(&mar)), ([false, true], [false, true]));
    assert_eq!(titles(&world.json("MAR", &["list", "--state", "withdrawn"])), ["Lace"]);
    assert_eq!(world.json("MAR", &["show", &id])["withdrawal"]["reason"], "superseded");
    same_library(&pry, &mar);
    assert!(pry.stop().success() && mar.stop().success());
}

#[test]
fn peers_are_listed_added_blocked_and_synchronised_with() {
    let world = World::new(PROGRAM);
    world.found(&["PRY", "MAR", "KEN"]);
    first_practice(&world);
    let pry = world.start("PRY", &[]);
    let address = &pry.addresses()[0];

    // Once, without a running node of its own.
    let synced = world.json("KEN", &["sync", address]);
    assert_eq!(synced["peers"][0]["equal"], true, "{synced}");
    assert_eq!(synced["digest"], pry.status().digest.as_str());
    assert_eq!(world.json("KEN", &["sync", address])["peers"][0]["received"], 0);

    // Beside a running one, which is told of the peer.
    let mar = world.start("MAR", &[]);
    world.json("MAR", &["peer", "add", address]);
    until("MAR is connected", || mar.status().peers_connected == 1);
    same_library(&pry, &mar);
    let peers = world.json("MAR", &["peer", "list"]);
    assert_eq!((&peers["peers"][0]["member"], &peers["peers"][0]["connected"]), (&"PRY".into(), &true.into()));
    assert_eq!(world.json("MAR", &["sync", "PRY"])["peers"][0]["equal"], true);
    let peer = peers["peers"][0]["peer"].as_str().unwrap();
    world.json("MAR", &["peer", "block", peer]);
    until("MAR has let go of the blocked peer", || mar.status().peers_connected == 0);

    // Nobody listens there any more.
    assert!(pry.stop().success());
    world.on("KEN", &["sync", address]).code(5);
}

#[test]
fn an_observer_who_was_never_online_reads_everything_and_signs_nothing() {
    let world = World::new(PROGRAM);
    let bundle = world.found(&["PRY", "MAR"]);
    let id = first_practice(&world);
    let exported = world.json("PRY", &["bundle", "export", "library.nanduti"]);
    assert!(exported["entries"].as_u64().unwrap() > 1, "{exported}");
    world.on("PRY", &["bundle", "export", "library.nanduti"]).code(1);

    world.run(&["init", "--observer", "--home", "reader"]).good();
    world.run(&["join", World::text(&bundle), "--home", "reader"]).good();
    let imported = world.json("reader", &["bundle", "import", "library.nanduti"]);
    assert_eq!(imported["new"], 1, "{imported}");
    assert_eq!(world.json("reader", &["bundle", "import", "library.nanduti"])["new"], 0);
    assert_eq!(titles(&world.json("reader", &["list"])), ["Lace"]);
    assert_eq!(world.json("reader", &["show", &id])["title"], "Lace");
    assert_eq!(world.json("reader", &["verify", &id])["damage"], serde_json::json!([]));
    let deep = world.json("reader", &["verify", "--deep"]);
    assert!(deep["damage"] == serde_json::json!([]) && deep["by_chain_alone"] == 0, "{deep}");
    let refused = world.on("reader", &["--json", "publish", "lace.md"]).code(4).error();
    assert_eq!(refused["kind"], "refused");
    world.on("reader", &["withdraw", &id, "--reason", "error"]).code(4);

    // What is derived can be thrown away.
    let digest = |home| world.json(home, &["status"])["digest"].clone();
    assert_eq!(digest("reader"), digest("PRY"));
    world.json("reader", &["reindex"]);
    std::fs::remove_dir_all(world.path("reader/index")).unwrap();
    assert_eq!(titles(&world.json("reader", &["list"])), ["Lace"]);
    assert_eq!(digest("reader"), digest("PRY"));

    // It runs like every other node, and says what it is.
    let reader = world.start("reader", &[]);
    let status = reader.ask(Status {}).unwrap();
    assert!(!status.writable && status.practices == 1, "{status:?}");
    world.on("reader", &["publish", "lace.md"]).code(4);
}

#[test]
fn exit_codes_are_what_the_manual_says() {
    let world = World::new(PROGRAM);
    world.found(&["PRY", "MAR"]);
    let id = first_practice(&world);
    world.write("broken.md", "---\ntitle: Only a title\n---\n");
    world.write("junk.nanduti", "no bundle at all");
    let code = |code: i32, args: &[&str]| {
        let error = world.on("PRY", &[&["--json"], args].concat()).code(code).error();
        assert!(error["message"].is_string() && error["kind"].is_string(), "{error}");
    };
    code(1, &["publish", "broken.md"]);
    code(1, &["publish", "--check", "broken.md"]);
    code(3, &["show", "aaaaaaaaaa"]);
    code(3, &["history", "aaaaaaaaaa"]);
    code(3, &["publish", "no-such-file.md"]);
    code(2, &["list", "--set", "web.lisen=1"]);
    // Port 9 of this machine is closed to everyone.
    let nobody = "/ip4/127.0.0.1/tcp/9/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp";
    assert_eq!(world.on("PRY", &["sync", nobody]).code, Some(5));
    assert_ne!(world.on("PRY", &["bundle", "import", "junk.nanduti"]).code, Some(0));
    world.run(&["list", "--home", "nowhere"]).code(2);
    world.on("PRY", &["publish"]).code(2);

    // One home, one process: a second node is told so.
    let pry = world.start("PRY", &[]);
    world.on("PRY", &["run"]).code(1);
    world.on("PRY", &["show", &id]).good();
    assert!(pry.stop().success());

    // One wrong byte in what was signed.
    let file = segment_of(&world, "PRY", "Lace");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() - 100;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let found = world.on("PRY", &["--json", "verify", "--deep"]).code(6);
    let found: Value = serde_json::from_str(&found.stdout).unwrap();
    assert!(file.ends_with(found["damage"][0]["file"].as_str().unwrap()), "{found}");
}

/// The segment file that holds these words.
fn segment_of(world: &World, home: &str, words: &str) -> std::path::PathBuf {
    let logs = std::fs::read_dir(world.path(home).join("logs")).unwrap();
    let files = logs.flat_map(|log| std::fs::read_dir(log.unwrap().path()).unwrap()).map(|file| file.unwrap().path());
    let holds =
        |file: &std::path::PathBuf| unpacked(file).windows(words.len()).any(|window| window == words.as_bytes());
    files.into_iter().find(holds).expect("it was published")
}
