//! Keys that change, with real processes: a stolen publishing key is cut off by a root key that was never online, whatever arrives
//! first; a second node gets keys of its own; a key out of use ends.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::fs;

use nanduti_tests::{Output, World, copy, practice, publish, set, titles, until};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_nanduti");

/// The keys of a member as a node knows them, with a use.
fn keys(world: &World, home: &str, member: &str, key_use: &str) -> Vec<Value> {
    let list = world.json(home, &["key", "list", "--member", member]);
    let all = list["keys"].as_array().unwrap().iter();
    all.filter(|key| key["use"] == key_use).cloned().collect()
}

/// Signs on a machine that has the root key and nothing else.
fn sign(world: &World, request: &str) -> Output {
    world.run(&["sign", request, "--key", "stick/root.pem", "--yes"])
}

#[test]
fn a_stolen_key_is_cut_off_by_a_root_key_that_was_never_online() {
    let world = World::new(PROGRAM);
    world.found(&["PRY", "MAR", "KEN"]);
    fs::create_dir(world.path("stick")).unwrap();
    fs::rename(world.path("PRY/keys/root.pem"), world.path("stick/root.pem")).unwrap();
    publish(&world, "PRY", "One");
    publish(&world, "PRY", "Two");

    // Somebody copies the machine, and publishes in its name. MAR hears of it before anybody notices, KEN does not.
    copy(&world.path("PRY"), &world.path("thief"));
    publish(&world, "thief", "Forged");
    publish(&world, "thief", "Forged again");
    world.on("thief", &["bundle", "export", "thief.nanduti"]).good();
    world.on("MAR", &["bundle", "import", "thief.nanduti"]).good();
    assert_eq!(titles(&world, "MAR"), set(&["Forged", "Forged again", "One", "Two"]));

    // The root key is not here, so nothing can be signed here.
    let refused = world.on("PRY", &["key", "replace", "--last", "2", "--yes"]).code(3);
    assert!(refused.stderr.contains("--prepare"), "{refused}");
    let dry = world.on("PRY", &["key", "revoke", &key_of(&world), "--last", "2", "--dry-run"]).good();
    assert!(dry.stdout.contains("Two") && dry.stdout.contains("every later one counts"), "{dry}");
    assert!(dry.stdout.contains("This node alone cannot know") && !dry.stdout.contains("The file alone"), "{dry}");
    let prepared = world.json("PRY", &["key", "replace", "--last", "2", "--prepare", "theft.request"]);
    assert_eq!(prepared["request"]["entry"], 2);
    let shown = world.run(&["sign", "theft.request", "--show"]).good();
    for words in ["Test (", "PRY, Test PRY", "ends", "new", "The file alone does not show"] {
        assert!(shown.stdout.contains(words), "{words}: {shown}");
    }
    assert_ne!(world.on("PRY", &["submit", "theft.request", "--yes"]).code, Some(0), "nobody has signed it");
    sign(&world, "theft.request").good();
    // The same root key signs nothing else for that place, and a changed file is refused.
    world.on("PRY", &["key", "revoke", &key_of(&world), "--last", "1", "--prepare", "other.request"]).good();
    let second = sign(&world, "other.request").code(4);
    assert!(second.stderr.contains("another statement for entry 2"), "{second}");
    let mut changed = fs::read(world.path("theft.signed")).unwrap();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    world.write("changed.signed", changed);
    assert_ne!(world.on("PRY", &["submit", "changed.signed", "--yes"]).code, Some(0));

    // Handed in beside the running node, it is announced: MAR loses what the thief said and keeps the rest.
    let pry = world.start("PRY", &[]);
    let mar = world.start("MAR", &[pry.as_peer()]);
    until("the two have exchanged", || mar.status().peers_equal == 1);
    assert_eq!(titles(&world, "PRY"), set(&["Forged", "Forged again", "One", "Two"]), "it came here too");
    let taken = world.json("PRY", &["submit", "theft.signed", "--yes"]);
    assert_eq!((&taken["known"], &taken["effects"][0]["stops"]), (&false.into(), &2.into()), "{taken}");
    assert!(taken["signs_with"].is_string(), "{taken}");
    until("MAR has the keyring", || titles(&world, "MAR") == set(&["One", "Two"]));
    assert_eq!(titles(&world, "PRY"), set(&["One", "Two"]));
    assert_eq!(world.json("PRY", &["submit", "theft.signed", "--yes"])["known"], true);

    // The member goes on under the fresh key, at once.
    publish(&world, "PRY", "Three");
    until("MAR has what came after", || titles(&world, "MAR") == set(&["One", "Three", "Two"]));

    // KEN learns of the keyring first, and then meets what the thief said.
    let ken = world.start("KEN", &[pry.as_peer()]);
    until("KEN has what counts", || ken.status().practices == 3);
    let met = world.json("KEN", &["bundle", "import", "thief.nanduti"]);
    assert_eq!(met["new"], 0, "{met}");
    until("all three hold the same", || {
        let digests = [&pry, &mar, &ken].map(|node| node.status().digest);
        digests[0] == digests[1] && digests[1] == digests[2]
    });
    for home in ["MAR", "KEN"] {
        assert_eq!(titles(&world, home), set(&["One", "Three", "Two"]), "{home}");
        let states: Vec<_> = keys(&world, home, "PRY", "publish").iter().map(|key| key["state"].clone()).collect();
        assert_eq!(states[0], "live", "{home}");
        assert_eq!(states.len(), 2);
    }
    // The thief has the old key still: what it signs goes nowhere.
    publish_may_fail(&world);
    pry.stop();
    publish(&world, "PRY", "Four");
    assert!(titles(&world, "PRY").contains("Four"), "the fresh key is there after a new start");
    assert!(!world.path("PRY/keys/root.pem").exists());
}

/// The publishing key that PRY signs with.
fn key_of(world: &World) -> String {
    let own = keys(world, "PRY", "PRY", "publish").into_iter().find(|key| key["own"] == true).unwrap();
    own["key"].as_str().unwrap()[..12].to_owned()
}

fn publish_may_fail(world: &World) {
    world.write("late.md", practice("Forged late", 300));
    world.on("thief", &["publish", "late.md"]).good();
    world.on("thief", &["bundle", "export", "late.nanduti"]).good();
    assert_eq!(world.json("KEN", &["bundle", "import", "late.nanduti"])["new"], 0);
}

#[test]
fn a_second_node_gets_keys_of_its_own_and_a_key_out_of_use_ends() {
    let world = World::new(PROGRAM);
    let founding = world.found(&["PRY", "MAR"]);
    publish(&world, "PRY", "One");
    world.run(&["init", "--home", "second", "--member", "PRY", "--further-node"]).good();
    let joined = world.run(&["join", "--json", World::text(&founding), "--home", "second"]).json();
    assert_eq!(joined["role"], "not-admitted");
    world.write("two.md", practice("Two", 300));
    world.on("second", &["publish", "two.md"]).code(4);

    let offered = world.json("second", &["key", "offer", "--out", "second.keys"]);
    assert_eq!(
        world.json("second", &["key", "offer", "--out", "second.keys"])["offer"],
        offered["offer"],
        "always the same"
    );
    world.on("MAR", &["key", "add", "second.keys", "--yes"]).code(4);
    let added = world.json("PRY", &["key", "add", "second.keys", "--yes"]);
    let steps = added["request"]["steps"].as_array().unwrap();
    assert_eq!(steps.iter().filter(|step| step["step"] == "added").count(), 2);
    assert_eq!(steps.iter().filter(|step| step["step"] == "moves-on").count(), 1, "checkpoints move on by themselves");
    world.on("PRY", &["key", "add", "second.keys", "--yes"]).code(4);

    let pry = world.start("PRY", &[]);
    let second = world.start("second", &[pry.as_peer()]);
    until("the second node may speak", || world.on("second", &["publish", "two.md"]).code == Some(0));
    until("the first has what the second said", || pry.status().practices == 2);
    second.stop();

    // A key out of use ends where it stands, and what it said stays.
    let listed = keys(&world, "PRY", "PRY", "publish");
    let other = listed.iter().find(|key| key["own"] == false).unwrap()["key"].as_str().unwrap().to_owned();
    world.on("PRY", &["key", "retire", &other[..3], "--yes"]).code(2);
    let retired = world.json("PRY", &["key", "retire", &other[..10], "--yes"]);
    assert_eq!(retired["effects"], serde_json::json!([]));
    assert_eq!(titles(&world, "PRY"), set(&["One", "Two"]));
    let again = world.on("PRY", &["key", "retire", &other[..10], "--yes"]).code(4);
    assert!(again.stderr.contains("has ended already"), "{again}");
    let later = world.on("PRY", &["key", "revoke", &other[..10], "--last", "1", "--yes"]).code(4);
    assert!(later.stderr.contains("can only be cut earlier"), "{later}");
    let choose = world.on("PRY", &["key", "revoke", &key_of(&world), "--yes"]).code(2);
    assert!(choose.stderr.contains("One") && choose.stderr.contains("--last"), "{choose}");
    let cut = world.json("PRY", &["key", "revoke", &other[..10], "--last", "0", "--yes"]);
    assert_eq!(cut["effects"][0]["stops"], 1);
    assert_eq!(titles(&world, "PRY"), set(&["One"]));
    let keyring = world.json("PRY", &["key", "list"]);
    assert_eq!(keyring["keyring"], 4);
    let ended = keys(&world, "PRY", "PRY", "publish").into_iter().find(|key| key["key"] == other.as_str()).unwrap();
    assert_eq!((&ended["state"], &ended["since"], &ended["ended_by"]), (&"revoked".into(), &2.into(), &3.into()));
    // Nobody can be asked here, and nothing is done unasked.
    let unasked = world.on("PRY", &["key", "replace"]).code(2);
    assert!(unasked.stderr.contains("--yes"), "{unasked}");
}

#[test]
fn a_lost_machine_is_replaced_by_another_that_has_the_root_key_alone() {
    let world = World::new(PROGRAM);
    world.found(&["PRY", "MAR"]);
    publish(&world, "PRY", "One");
    let old = keys(&world, "PRY", "PRY", "publish")[0]["key"].as_str().unwrap().to_owned();
    let old_node = keys(&world, "PRY", "PRY", "node")[0]["key"].as_str().unwrap().to_owned();
    world.on("PRY", &["bundle", "export", "all.nanduti"]).good();
    fs::rename(world.path("PRY/keys/root.pem"), world.path("root.pem")).unwrap();
    fs::remove_dir_all(world.path("PRY")).unwrap();

    world.run(&["init", "--home", "new", "--member", "PRY", "--further-node"]).good();
    world.run(&["join", "founding.nanduti", "--home", "new"]).good();
    world.on("new", &["bundle", "import", "all.nanduti"]).good();
    world.on("new", &["key", "offer", "--out", "new.keys"]).good();
    let change = |args: &[&str]| {
        let mut all = vec!["key"];
        all.extend(args);
        all.extend(["--root-key", "root.pem", "--yes"]);
        world.on("new", &all).good();
    };
    change(&["add", "new.keys"]);
    change(&["revoke", &old, "--last", "1"]);
    change(&["revoke", &old_node]);
    publish(&world, "new", "Two");
    world.on("new", &["bundle", "export", "new.nanduti"]).good();
    world.on("MAR", &["bundle", "import", "new.nanduti"]).good();
    assert_eq!(titles(&world, "MAR"), set(&["One", "Two"]));
    let nodes = keys(&world, "MAR", "PRY", "node");
    assert_eq!(nodes.iter().filter(|node| node["state"] == "live").count(), 1);
}

#[test]
fn a_fresh_key_takes_over_also_if_its_keyring_was_handed_in_elsewhere() {
    let world = World::new(PROGRAM);
    world.found(&["PRY", "MAR"]);
    fs::create_dir(world.path("stick")).unwrap();
    fs::rename(world.path("PRY/keys/root.pem"), world.path("stick/root.pem")).unwrap();
    let pry = world.start("PRY", &[]);
    let mar = world.start("MAR", &[pry.as_peer()]);
    until("the two have exchanged", || mar.status().peers_equal == 1);
    let before = pry.status().publish_key;
    world.on("PRY", &["key", "replace", "--prepare", "change.request"]).good();
    assert_eq!(pry.status().publish_key, before, "nothing has changed yet");
    sign(&world, "change.request").good();
    world.on("MAR", &["submit", "change.signed", "--yes"]).good();
    until("PRY signs with its fresh key", || pry.status().publish_key != before);
    assert_eq!(pry.status().keyring_seq, Some(2));
    publish(&world, "PRY", "One");
    until("MAR has it", || mar.status().practices == 1);
}

#[test]
fn after_both_have_signed_at_one_place_the_member_says_which_is_its_own() {
    let world = World::new(PROGRAM);
    world.found(&["PRY", "MAR"]);
    publish(&world, "PRY", "One");
    copy(&world.path("PRY"), &world.path("thief"));
    publish(&world, "thief", "Forged");
    publish(&world, "PRY", "Mine");
    for (home, file) in [("thief", "thief.nanduti"), ("PRY", "pry.nanduti")] {
        world.on(home, &["bundle", "export", file]).good();
    }
    for (home, files) in [("MAR", ["thief.nanduti", "pry.nanduti"]), ("PRY", ["thief.nanduti", "thief.nanduti"])] {
        files.iter().for_each(|file| drop(world.on(home, &["bundle", "import", file])));
        assert_eq!(titles(&world, home), set(&["One"]), "{home}: above the fork nothing counts");
    }
    let dry = world.on("PRY", &["key", "replace", "--dry-run"]).good();
    assert!(dry.stderr.contains("two entries 2 of that key are known"), "{dry}");
    world.on("PRY", &["key", "replace", "--last", "2", "--yes"]).good();
    assert_eq!(titles(&world, "PRY"), set(&["Mine", "One"]));
    world.on("PRY", &["bundle", "export", "healed.nanduti"]).good();
    // The keyring names a branch that MAR does not hold: it leaves the other, and takes the one named.
    until("MAR has what is the member's own", || {
        world.on("MAR", &["bundle", "import", "healed.nanduti"]);
        titles(&world, "MAR") == set(&["Mine", "One"])
    });
}

#[test]
fn a_root_key_on_a_stick_never_touches_the_home() {
    let world = World::new(PROGRAM);
    fs::create_dir(world.path("stick")).unwrap();
    let made = ["init", "--home", "PRY", "--member", "PRY", "--name", "Test PRY", "--root-key", "stick/root.pem"];
    world.run(&made).good();
    assert!(!world.path("PRY/keys/root.pem").exists() && world.path("stick/root.pem").exists());
    world.run(&["network", "new", "--name", "Test", "--purpose", "To be tested", "PRY/PRY.card"]).good();
    let missing = world.run(&["network", "sign", "draft.nanduti", "--home", "PRY"]).code(3);
    assert!(missing.stderr.contains("--root-key"), "{missing}");
    let sign = ["network", "sign", "draft.nanduti", "--home", "PRY", "--root-key", "stick/root.pem"];
    // The whole charter is shown, and nothing is signed unasked.
    let unasked = world.run(&sign).code(2);
    for words in [
        "purpose: To be tested",
        "PRY (Test PRY) as mechanism",
        "publishing key",
        "The draft alone does not",
        "use --yes",
    ] {
        assert!(unasked.stderr.contains(words), "{words}: {unasked}");
    }
    assert!(!world.path("PRY.signed").exists());
    world.run(&[&sign[..], &["--yes"]].concat()).good();
    // What is signed already is only handed out again.
    world.run(&sign).good();
    world.run(&["network", "seal", "draft.nanduti", "PRY.signed"]).good();
    world.run(&["join", "founding.nanduti", "--home", "PRY"]).good();
    publish(&world, "PRY", "One");
    let replaced = world.json("PRY", &["key", "replace", "--root-key", "stick/root.pem", "--yes"]);
    assert!(replaced["signs_with"].is_string(), "{replaced}");
    publish(&world, "PRY", "Two");
    assert_eq!(titles(&world, "PRY"), set(&["One", "Two"]));
}

#[test]
fn every_act_of_a_root_key_is_read_and_signed_on_a_machine_that_has_it_and_nothing_else() {
    let world = World::new(PROGRAM);
    fs::create_dir(world.path("stick")).unwrap();
    for member in ["PRY", "NEW"] {
        let (name, key) = (format!("Test {member}"), format!("stick/{member}.pem"));
        world.run(&["init", "--home", member, "--member", member, "--name", &name, "--root-key", &key]).good();
    }
    // Reads what it says, and signs it where there is no home: the file and the key are all there is.
    let away = |request: &str, member: &str, says: &[&str]| {
        let key = format!("stick/{member}.pem");
        let shown = world.run(&["sign", request, "--key", &key, "--show", "--home", "nowhere"]).good();
        says.iter().for_each(|words| assert!(shown.stdout.contains(words), "{words}: {shown}"));
        world.run(&["sign", request, "--key", &key, "--yes", "--home", "nowhere"]).good();
        assert!(!world.path("nowhere").exists());
    };
    // The charter.
    world.run(&["network", "new", "--name", "Test", "--purpose", "To be tested", "PRY/PRY.card"]).good();
    world.run(&["network", "sign", "draft.nanduti", "--home", "PRY", "--prepare", "charter.request"]).good();
    world.on("PRY", &["submit", "charter.request", "--yes"]).code(2);
    away("charter.request", "PRY", &["purpose: To be tested", "PRY (Test PRY) as mechanism", "publishing key"]);
    let unasked = world.on("PRY", &["submit", "charter.signed"]).code(2);
    assert!(unasked.stderr.contains("--yes"), "{unasked}");
    world.on("PRY", &["submit", "charter.signed", "--yes"]).good();
    // What lies beside it is no hindrance.
    let sealed = world.run(&["network", "seal", "draft.nanduti", "charter.signed", "PRY.signed"]).good();
    assert!(sealed.stderr.contains("charter.signed is left out"), "{sealed}");
    for home in ["PRY", "NEW"] {
        world.run(&["join", "founding.nanduti", "--home", home]).good();
    }
    publish(&world, "PRY", "One");
    // A keyring.
    world.on("PRY", &["key", "replace", "--prepare", "keyring.request"]).good();
    away("keyring.request", "PRY", &["entry 2 of its root log", "ends", "new"]);
    world.on("PRY", &["submit", "keyring.signed", "--yes"]).good();
    // A newcomer's request, and what it says first.
    world.on("NEW", &["member", "request", "--prepare", "join.request"]).good();
    away("join.request", "NEW", &["NEW (Test NEW) asks to be a member", "entries 0 and 1 of its root log"]);
    let asked = world.json("NEW", &["submit", "join.signed", "--yes"]);
    assert_eq!(asked["member"], "NEW");
    // Endorsement and ratification.
    world.on("PRY", &["ballot", "propose", "--admit", "NEW/NEW.request", "--prepare", "endorse.request"]).good();
    away("endorse.request", "PRY", &["PRY endorses", "admit NEW (Test NEW)"]);
    let shown = world.json("PRY", &["submit", "endorse.signed", "--yes"]);
    let short = shown["proposals"][0]["short"].as_str().unwrap();
    world.on("PRY", &["ballot", "ratify", short, "--prepare", "ratify.request"]).good();
    away("ratify.request", "PRY", &["PRY ratifies", "a ratification binds"]);
    world.on("PRY", &["submit", "ratify.signed", "--yes"]).good();
    assert_eq!(world.json("PRY", &["member", "list"])["version"], 1);
    // The newcomer begins with what was signed away.
    let pry = world.start("PRY", &[]);
    let new = world.start("NEW", &[pry.as_peer()]);
    until("the newcomer has begun", || world.json("NEW", &["status"])["role"] == "member");
    publish(&world, "NEW", "Two");
    until("PRY has it", || pry.status().practices == 2);
    new.stop();
    assert!(!world.path("PRY/keys/root.pem").exists() && !world.path("NEW/keys/root.pem").exists());
}
