//! Real nodes decide: a newcomer is admitted, a member is suspended and comes back, votes split and a later round settles it.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use nanduti_node::{Home, governance::RequestText, keys::KeyStore};
use nanduti_protocol::{ballot::request, charter::Member, hash::Hash, key::MemberId};
use nanduti_tests::{Running, World, heard, practice, publish, roster, set, titles, until};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_nanduti");

/// Four founders whose nodes run, each connected to the first.
fn four(world: &World) -> Vec<Running> {
    world.found(&["PRY", "MAR", "KEN", "WSM"]);
    let first = world.start("PRY", &[]);
    let peer = first.as_peer();
    let others = ["MAR", "KEN", "WSM"].map(|member| world.start(member, std::slice::from_ref(&peer)));
    [first].into_iter().chain(others).collect()
}

/// These members carry a proposal of the first of them; the roster after it.
fn pass(world: &World, members: &[&str], proposal: &[&str]) -> u64 {
    let before = roster(world, members[0]);
    let mut args = vec!["ballot", "propose", "--yes"];
    args.extend(proposal);
    let proposed = world.json(members[0], &args);
    let short = newest(&proposed, members[0]);
    for member in &members[1..] {
        heard(world, member, "endorsed", &short, 1);
        world.json(member, &["ballot", "endorse", &short, "--yes"]);
    }
    for (number, member) in members.iter().enumerate() {
        heard(world, member, "endorsed", &short, members.len());
        if number > 0 {
            heard(world, member, "ratified", &short, number);
        }
        world.json(member, &["ballot", "ratify", &short, "--yes"]);
    }
    for member in members {
        until("the roster is in force", || roster(world, member) == before + 1);
    }
    before + 1
}

/// The short id of the proposal that a member has endorsed last.
fn newest(shown: &Value, member: &str) -> String {
    let endorsed = |proposal: &Value| {
        let rounds = proposal["rounds"].as_array().unwrap().clone();
        rounds.iter().rev().any(|round| round["endorsed"].as_array().unwrap().iter().any(|name| name == member))
    };
    let proposals = shown["proposals"].as_array().unwrap();
    proposals.iter().find(|proposal| endorsed(proposal)).unwrap()["short"].as_str().unwrap().to_owned()
}

#[test]
fn a_newcomer_asks_is_admitted_and_begins_to_speak_by_itself() {
    let world = World::new(PROGRAM);
    let nodes = four(&world);
    world.run(&["init", "--home", "NEW", "--member", "NEW", "--name", "Ministry of the New State"]).good();
    world.on("NEW", &["member", "request"]).code(2);
    world.run(&["join", "founding.nanduti", "--home", "NEW"]).good();
    let newcomer = world.start("NEW", &[nodes[0].as_peer()]);
    world.write("new.md", practice("New", 400));
    world.on("NEW", &["publish", "new.md"]).code(4);
    let request = world.json("NEW", &["member", "request"]);
    assert_eq!(world.json("NEW", &["member", "request"])["request"], request["request"], "asked again, the same");
    let line = request["request"].as_str().unwrap();

    let early = world.on("PRY", &["--json", "ballot", "propose", "--admit", &line[..40], "--yes"]).code(2);
    assert!(early.error()["message"].as_str().unwrap().contains("not a request"), "{early}");
    let unsure = world.on("PRY", &["ballot", "propose", "--admit", line]).code(2);
    assert!(unsure.stderr.contains("has to be confirmed"), "{unsure}");
    pass(&world, &["PRY", "MAR", "KEN"], &["--admit", "NEW/NEW.request"]);

    // The fourth, which said nothing, and the newcomer follow as well; what the newcomer says is heard everywhere.
    until("the newcomer has begun", || world.json("NEW", &["status"])["role"] == "member");
    world.json("NEW", &["publish", "new.md"]);
    for member in ["PRY", "MAR", "KEN", "WSM"] {
        until("the newcomer's practice has arrived", || {
            world.json(member, &["list", "--member", "NEW"])["total"] == 1 && roster(&world, member) == 1
        });
    }
    let members = world.json("WSM", &["member", "list"]);
    let line = members["members"].as_array().unwrap().iter().find(|member| member["id"] == "NEW").unwrap().clone();
    assert_eq!((&line["fingerprint"], &line["votes"]), (&request["fingerprint"], &true.into()));
    let again = world.on("PRY", &["--json", "ballot", "propose", "--admit", "NEW/NEW.request", "--yes"]).code(4);
    assert!(again.error()["causes"][0].as_str().unwrap().contains("NEW is a member already"), "{again}");
    assert!(newcomer.stop().success());

    // All of it is on the disk.
    for node in nodes {
        assert!(node.stop().success());
    }
    assert_eq!((roster(&world, "WSM"), roster(&world, "NEW")), (1, 1));
    assert_eq!(world.json("MAR", &["list", "--member", "NEW"])["total"], 1);
}

#[test]
fn nobody_votes_for_a_root_key_by_which_another_publishes() {
    let world = World::new(PROGRAM);
    let nodes = four(&world);
    let key = KeyStore::of(&Home::at(world.path("MAR"))).open_publish().unwrap();
    let network: Hash = Hash::from_hex(world.json("PRY", &["status"])["network"].as_str().unwrap()).unwrap();
    let line = Member {
        id: MemberId::parse("ZZZ").unwrap(),
        name: "Ministry".into(),
        role: "mechanism".into(),
        root: key.signing_key().into(),
        spare: None,
        governance: None,
    };
    let request = request::sign(&network, &line, key.signing_key());
    let text = RequestText { network, request, line }.to_text();
    let refused = world.on("PRY", &["--json", "ballot", "propose", "--admit", &text, "--yes"]).code(4).error();
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains("ZZZ") && message.contains("for MAR"), "{refused}");
    assert!(world.json("PRY", &["ballot", "show"])["proposals"].as_array().unwrap().is_empty());
    drop(nodes);
}

/// The status says, before anybody tries to publish, that the node does not speak any more, why, and what there is to do.
fn assert_silent(world: &World, member: &str, why: &str, way_out: &str) {
    let status = world.json(member, &["status"]);
    let told = (&status["role"], &status["writable"], &status["unable"]);
    assert_eq!(told, (&"silent".into(), &false.into(), &why.into()), "{status}");
    let warnings = status["warnings"].as_array().unwrap();
    assert!(warnings.iter().any(|warning| warning.as_str().unwrap().contains(way_out)), "{status}");
    let shown = world.on(member, &["status"]).good();
    assert!(
        shown.stdout.contains("does not speak for it") && !shown.stdout.contains(&format!("speaks for {member}")),
        "{shown}"
    );
}

#[test]
fn a_suspended_members_earlier_documents_stay_and_its_later_ones_do_not_appear() {
    let world = World::new(PROGRAM);
    let nodes = four(&world);
    world.write("early.md", practice("Early", 400));
    world.json("WSM", &["publish", "early.md"]);
    for node in &nodes {
        until("the early practice is everywhere", || node.status().practices == 1);
    }
    publish(&world, "WSM", "Disputed");
    for node in &nodes {
        until("the disputed practice is everywhere", || node.status().practices == 2);
    }
    let keys = world.json("PRY", &["key", "list", "--member", "WSM"]);
    let log = keys["keys"].as_array().unwrap().iter().find(|key| key["use"] == "publish").unwrap()["key"].clone();
    let last = format!("{}=1", &log.as_str().unwrap()[..16]);
    pass(&world, &["PRY", "MAR", "KEN"], &["--suspend", "WSM", "--last", &last]);
    until("the suspended member knows", || roster(&world, "WSM") == 1);
    for node in &nodes {
        until("the disputed practice is gone", || node.status().practices == 1);
    }
    world.write("late.md", practice("Late", 400));
    let refused = world.on("WSM", &["publish", "late.md"]).code(4);
    assert!(refused.stderr.contains("its member is suspended"), "{refused}");
    assert_silent(&world, "WSM", "its member is suspended", "only a ballot");
    let silenced = world.on("WSM", &["--json", "ballot", "propose", "--reinstate", "WSM", "--yes"]).code(4);
    assert!(silenced.error()["message"].as_str().unwrap().contains("suspended"), "{silenced}");
    assert_eq!(world.json("PRY", &["list", "--member", "WSM"])["total"], 1);

    pass(&world, &["PRY", "MAR", "KEN"], &["--reinstate", "WSM"]);
    until("the reinstated member knows", || roster(&world, "WSM") == 2);
    // What the ballot left out stays out; what is said from now on is heard.
    let status = world.json("WSM", &["status"]);
    assert_eq!((&status["role"], &status["writable"], status.get("unable")), (&"member".into(), &true.into(), None));
    world.json("WSM", &["publish", "late.md"]);
    for node in &nodes {
        until("both practices are everywhere", || node.status().practices == 2);
    }
    assert_eq!(titles(&world, "KEN"), set(&["Early", "Late"]));
}

#[test]
fn a_split_vote_is_settled_in_the_next_round() {
    let world = World::new(PROGRAM);
    let nodes = four(&world);
    let [one, other] = [("PRY", "MAR=partner"), ("KEN", "WSM=partner")]
        .map(|(member, role)| newest(&world.json(member, &["ballot", "propose", "--role", role, "--yes"]), member));
    heard(&world, "MAR", "endorsed", &one, 1);
    heard(&world, "MAR", "endorsed", &other, 1);
    world.json("MAR", &["ballot", "endorse", &other, "--yes"]);
    heard(&world, "WSM", "endorsed", &other, 2);
    heard(&world, "WSM", "endorsed", &one, 1);
    // Left to itself the program takes the next round, since in this one it is too late.
    world.json("WSM", &["ballot", "endorse", &one, "--round", "1", "--yes"]);
    // Two and two of four: neither can reach three in round 1, and round 2 is open.
    heard(&world, "KEN", "endorsed", &one, 2);
    let shown = world.json("KEN", &["ballot", "show"]);
    assert_eq!(shown["open_round"], 2, "{shown}");
    assert!(shown["proposals"].as_array().unwrap().iter().all(|found| found["rounds"][0]["can_succeed"] == false));
    let twice = world.on("KEN", &["--json", "ballot", "endorse", &one, "--round", "1", "--yes"]).code(4);
    assert!(twice.error()["causes"][0].as_str().unwrap().contains("you have endorsed"), "{twice}");
    for member in ["PRY", "KEN", "WSM"] {
        heard(&world, member, "endorsed", &one, 2);
        world.json(member, &["ballot", "endorse", &one, "--yes"]);
    }
    for member in ["PRY", "KEN", "WSM"] {
        heard(&world, member, "endorsed", &one, 3);
        world.json(member, &["ballot", "ratify", &one, "--yes"]);
    }
    for node in ["PRY", "MAR", "KEN", "WSM"] {
        until("the roster is in force", || roster(&world, node) == 1);
    }
    let members = world.json("MAR", &["member", "list"]);
    let mar = members["members"].as_array().unwrap().iter().find(|member| member["id"] == "MAR").unwrap().clone();
    assert_eq!((&mar["role"], &mar["votes"]), (&"partner".into(), &false.into()));
    drop(nodes);
}

#[test]
fn a_member_that_lost_its_root_key_begins_anew_under_another_and_the_old_keys_fall_silent() {
    let world = World::new(PROGRAM);
    let nodes = four(&world);
    world.write("early.md", practice("Early", 400));
    world.json("WSM", &["publish", "early.md"]);
    for node in &nodes {
        until("the early practice is everywhere", || node.status().practices == 1);
    }
    world.run(&["init", "--home", "WSM2", "--member", "WSM", "--name", "Ministry"]).good();
    world.run(&["join", "founding.nanduti", "--home", "WSM2"]).good();
    let anew = world.start("WSM2", &[nodes[0].as_peer()]);
    world.json("WSM2", &["member", "request"]);
    pass(&world, &["PRY", "MAR", "KEN"], &["--replace-root", "WSM2/WSM.request"]);
    until("the new node has begun", || {
        world.json("WSM2", &["status"])["writable"] == true && anew.status().members == 4
    });
    world.write("anew.md", practice("Anew", 400));
    until("the new node may write", || world.on("WSM2", &["publish", "anew.md"]).code == Some(0));
    for member in ["PRY", "MAR", "KEN"] {
        until("what stood before and what is new are there", || {
            world.json(member, &["list", "--member", "WSM"])["total"] == 2
        });
    }
    // The old home has the old keys, as a thief may have them.
    world.write("stolen.md", practice("Stolen", 400));
    until("the old node knows", || roster(&world, "WSM") == 1);
    let refused = world.on("WSM", &["publish", "stolen.md"]).code(4);
    assert!(refused.stderr.contains("has ended") && refused.stderr.contains("nanduti key replace"), "{refused}");
    assert_silent(&world, "WSM", "its publishing key has ended", "nanduti key replace");
    world.on("WSM", &["--json", "ballot", "propose", "--name", "PRY=Other", "--yes"]).code(4);
}

#[test]
fn the_keyring_after_a_replaced_root_key_leaves_out_what_a_thief_listed_under_the_old_one() {
    let world = World::new(PROGRAM);
    let nodes = four(&world);
    // Whoever has the root key of WSM lists keys of its own, as many as it likes.
    world.run(&["init", "--home", "thief", "--member", "WSM", "--further-node"]).good();
    world.run(&["join", "founding.nanduti", "--home", "thief"]).good();
    let offered = world.json("thief", &["key", "offer", "--out", "thief.keys"]);
    let of_thief =
        offered["keys"].as_array().unwrap().iter().find(|key| key["use"] == "publish").unwrap()["key"].clone();
    let of_thief = of_thief.as_str().unwrap();
    world.json("WSM", &["key", "add", "thief.keys", "--yes"]);
    for _ in 0..3 {
        world.json("WSM", &["key", "replace", "--yes"]);
    }
    let listed = |home: &str| world.json(home, &["key", "list", "--member", "WSM"])["keys"].as_array().unwrap().clone();
    until("PRY has the keys", || listed("PRY").len() == 7);
    until("PRY has the log of the thief", || {
        listed("PRY").iter().all(|key| key["use"] == "node" || key["entries"] != 0)
    });

    world.run(&["init", "--home", "WSM2", "--member", "WSM", "--name", "Ministry"]).good();
    world.run(&["join", "founding.nanduti", "--home", "WSM2"]).good();
    let _anew = world.start("WSM2", &[nodes[0].as_peer()]);
    world.json("WSM2", &["member", "request"]);
    pass(&world, &["PRY", "MAR", "KEN"], &["--replace-root", "WSM2/WSM.request"]);
    until("the new node has begun", || world.json("WSM2", &["status"])["writable"] == true);

    // The next keyring lists what is the member's own, and nothing of the thief's; that is said before it is signed.
    let prepared = world.json("WSM2", &["key", "replace", "--prepare", "next.request"]);
    let steps = prepared["request"]["steps"].as_array().unwrap();
    assert_eq!((steps.len() as u64, &prepared["request"]["unchanged"]), (2, &1.into()), "{prepared}");
    assert!(steps.iter().all(|step| step["key"] != of_thief), "{prepared}");
    let follows = prepared["follows"][0].as_str().unwrap();
    assert!(follows.starts_with("5 keys") && follows.contains("are not listed again"), "{follows}");
    let shown = world.run(&["sign", "next.request", "--show"]).good();
    assert!(!shown.stdout.contains(&of_thief[..16]), "{shown}");
    world.run(&["sign", "next.request", "--key", "WSM2/keys/root.pem", "--yes"]).good();
    world.json("WSM2", &["submit", "next.signed", "--yes"]);
    for home in ["PRY", "WSM2"] {
        until("the keyring has arrived", || world.json(home, &["key", "list", "--member", "WSM"])["keyring"] == 2);
        let key = listed(home).into_iter().find(|key| key["key"] == of_thief).unwrap();
        assert_eq!((&key["state"], &key["ended_by_roster"]), (&"retired".into(), &1.into()), "{home}: {key}");
    }
    assert!(world.on("PRY", &["key", "list", "--member", "WSM"]).good().stdout.contains("ended by roster 1"));

    // It has ended, and can be cut earlier: then it takes a line.
    for (args, says) in [
        (["key", "retire", of_thief, "--yes"], "the ballot that replaced that root key ended it"),
        (["key", "add", "thief.keys", "--yes"], "never comes back"),
    ] {
        let refused = world.on("WSM2", &args).code(4);
        assert!(refused.stderr.contains(says), "{refused}");
    }
    let cut = world.json("WSM2", &["key", "revoke", of_thief, "--last", "none", "--yes"]);
    assert_eq!((&cut["effects"][0]["key"], &cut["effects"][0]["stops"]), (&of_thief.into(), &1.into()), "{cut}");
    let again = world.on("WSM2", &["key", "revoke", of_thief, "--last", "none", "--yes"]).code(4);
    assert!(again.stderr.contains("counts already"), "{again}");
}

#[test]
fn a_root_key_that_is_never_on_the_node_votes() {
    let world = World::new(PROGRAM);
    world.found(&["PRY", "MAR", "KEN"]);
    std::fs::create_dir(world.path("stick")).unwrap();
    std::fs::rename(world.path("PRY/keys/root.pem"), world.path("stick/root.pem")).unwrap();
    let refused = world.on("PRY", &["ballot", "propose", "--name", "KEN=Other", "--yes"]).code(3);
    assert!(refused.stderr.contains("--prepare"), "{refused}");
    world.on("PRY", &["ballot", "propose", "--name", "KEN=Other", "--prepare", "vote.request"]).good();
    let shown = world.run(&["sign", "vote.request", "--show"]).good();
    for words in ["PRY endorses", "KEN is called \"Other\"", "3 voters; it takes 3"] {
        assert!(shown.stdout.contains(words), "{words}: {shown}");
    }
    assert_ne!(world.on("PRY", &["submit", "vote.request", "--yes"]).code, Some(0), "nobody has signed it");
    let other = world.run(&["sign", "vote.request", "--key", "MAR/keys/root.pem", "--yes"]).code(4);
    assert!(other.stderr.contains("neither the root key of PRY"), "{other}");
    world.run(&["sign", "vote.request", "--key", "stick/root.pem", "--yes"]).good();
    let mut bytes = std::fs::read(world.path("vote.signed")).unwrap();
    let place = bytes.windows(5).position(|word| word == b"Other").unwrap();
    bytes[place..place + 5].copy_from_slice(b"Meant");
    world.write("lie.signed", bytes);
    let lie = world.on("PRY", &["submit", "lie.signed", "--yes"]).code(4);
    assert!(lie.stderr.contains("does not hold"), "{lie}");
    // The key remembers: what was drafted before something else was signed is not signed any more.
    world.on("PRY", &["ballot", "propose", "--name", "KEN=Else", "--prepare", "else.request"]).good();
    let twice = world.run(&["sign", "else.request", "--key", "stick/root.pem", "--yes"]).code(4);
    assert!(twice.stderr.contains("would contradict"), "{twice}");
    let checked = world.json("PRY", &["submit", "vote.signed", "--dry-run"]);
    assert_eq!((&checked["checked_only"], &checked["known"]), (&true.into(), &false.into()), "{checked}");
    let cast = world.json("PRY", &["submit", "vote.signed", "--yes"]);
    assert_eq!(cast["proposals"][0]["rounds"][0]["endorsed"], serde_json::json!(["PRY"]));
    assert_eq!(world.json("PRY", &["submit", "vote.signed", "--yes"]), cast, "twice is once");

    // What was prepared before something else was said is not handed in any more.
    world.on("PRY", &["ballot", "propose", "--name", "KEN=Third", "--root-key", "stick/root.pem", "--yes"]).code(4);
    let voted = world.json("PRY", &["ballot", "show"]);
    assert_eq!(voted["proposals"].as_array().unwrap().len(), 1, "one endorsement a round");
}

#[test]
fn a_node_that_does_not_know_the_rules_says_so_and_signs_nothing() {
    let world = World::new(PROGRAM);
    world.found(&["PRY"]);
    world.write("early.md", practice("Early", 400));
    world.write("late.md", practice("Late", 400));
    world.json("PRY", &["publish", "early.md"]);
    assert_eq!(pass(&world, &["PRY"], &["--rules", "2"]), 1);
    for args in [["publish", "late.md"].as_slice(), &["ballot", "propose", "--name", "PRY=Other", "--yes"]] {
        let refused = world.on("PRY", args).code(4);
        assert!(refused.stderr.contains("does not know the rules in force"), "{refused}");
        assert!(refused.stderr.contains("rules number 2"), "{refused}");
    }
    let list = world.json("PRY", &["list"]);
    assert_eq!((&list["total"], list["notice"].is_string()), (&1.into(), true), "{list}");
    assert!(world.on("PRY", &["list"]).good().stderr.contains("upgrade it"));
    let status = world.json("PRY", &["status"]);
    assert!(status["warnings"][0].as_str().unwrap().contains("upgrade it"), "{status}");
    // What the keys say goes on: a thief can still be cut off.
    let dry = world.on("PRY", &["key", "replace", "--dry-run"]).good();
    assert!(dry.stderr.contains("may judge this keyring otherwise"), "{dry}");
    let node = world.start("PRY", &[]);
    assert!(node.page("/").contains("rules that this node does not know"));
}

/// Makes a key beside a home; its public half.
fn made(world: &World, home: &str, which: &str, out: &str) -> String {
    world.json(home, &["key", which, "--out", out])["key"].as_str().unwrap().to_owned()
}

#[test]
fn governance_keys_admit_while_the_root_keys_stay_in_their_safes_and_decide_nothing_else() {
    let world = World::new(PROGRAM);
    let officers = ["PRY", "MAR", "KEN"];
    for member in officers {
        let key = world.json(member, &["key", "governance"])["key"].as_str().unwrap().to_owned();
        let name = format!("Test {member}");
        world.run(&["init", "--home", member, "--member", member, "--name", &name, "--governance", &key]).good();
    }
    world.found_from_cards(&officers);
    std::fs::create_dir(world.path("safe")).unwrap();
    for member in officers {
        std::fs::rename(world.path(&format!("{member}/keys/root.pem")), world.path(&format!("safe/{member}.pem")))
            .unwrap();
    }
    let first = world.start("PRY", &[]);
    let _others: Vec<Running> = officers[1..].iter().map(|member| world.start(member, &[first.as_peer()])).collect();

    // What needs the root key is not signed without it, and the program says why.
    let refused = world.on("PRY", &["ballot", "propose", "--quorum", "3/4", "--yes"]).code(3);
    assert!(refused.stderr.contains("this needs the root key"), "{refused}");
    let named = world
        .on("PRY", &["ballot", "propose", "--quorum", "3/4", "--governance-key", "PRY/keys/governance.pem", "--yes"]);
    assert!(named.code(4).stderr.contains("a governance key cannot speak of this proposal"));
    world.on("PRY", &["ballot", "propose", "--quorum", "3/4", "--prepare", "quorum.request"]).good();
    let away = world.run(&["sign", "quorum.request", "--key", "PRY/keys/governance.pem", "--yes"]).code(4);
    assert!(away.stderr.contains("a governance key cannot speak of this proposal"), "{away}");

    world.run(&["init", "--home", "NEW", "--member", "NEW", "--name", "Ministry of the New State"]).good();
    world.run(&["join", "founding.nanduti", "--home", "NEW"]).good();
    world.json("NEW", &["member", "request"]);
    assert_eq!(pass(&world, &officers, &["--admit", "NEW/NEW.request"]), 1);
    let shown = world.json("KEN", &["ballot", "show"]);
    assert_eq!(shown["passed"][0]["ratified_by_governance"], serde_json::json!(["KEN", "MAR", "PRY"]), "{shown}");
    let text = world.on("KEN", &["ballot", "show", "--passed"]).good();
    assert!(text.stdout.contains("PRY (governance key)"), "{text}");

    // A stolen governance key is replaced by root keys; from then on the old one says nothing that counts.
    let fresh = made(&world, "PRY", "governance", "officer.pem");
    let vote = |member: &str, args: &[&str]| {
        let root = format!("safe/{member}.pem");
        let mut all = args.to_vec();
        all.extend(["--root-key", &root, "--yes"]);
        world.json(member, &all)
    };
    let _newcomer = world.start("NEW", &[first.as_peer()]);
    until("the newcomer has begun", || world.json("NEW", &["status"])["role"] == "member");
    let listed = format!("PRY={fresh}");
    let short = newest(&vote("MAR", &["ballot", "propose", "--governance", &listed]), "MAR");
    let all = ["MAR", "KEN", "NEW"];
    let root_of =
        |member: &str| if member == "NEW" { "NEW/keys/root.pem".into() } else { format!("safe/{member}.pem") };
    let speak = |member: &str, step: &str| {
        world.json(member, &["ballot", step, &short, "--root-key", &root_of(member), "--yes"]);
    };
    for member in &all[1..] {
        heard(&world, member, "endorsed", &short, 1);
        speak(member, "endorse");
    }
    let refused = {
        heard(&world, "PRY", "endorsed", &short, 3);
        world.on("PRY", &["ballot", "ratify", &short, "--governance-key", "officer.pem", "--yes"]).code(4)
    };
    assert!(refused.stderr.contains("governance key cannot speak"), "{refused}");
    for member in all {
        heard(&world, member, "endorsed", &short, 3);
        speak(member, "ratify");
    }
    until("the key is listed", || roster(&world, "PRY") == 2);
    let keys = world.json("PRY", &["key", "list"]);
    assert_eq!(keys["governance"]["key"], fresh.as_str());
    let old = world.on("PRY", &["ballot", "propose", "--name", "KEN=Other", "--yes"]).code(4);
    assert!(old.stderr.contains("neither the root key of PRY"), "the old one is in the home still: {old}");
    let spoken =
        world.json("PRY", &["ballot", "propose", "--name", "KEN=Other", "--governance-key", "officer.pem", "--yes"]);
    assert_eq!(spoken["proposals"][0]["rounds"][0]["endorsed_by_governance"], serde_json::json!(["PRY"]));
}

#[test]
fn a_spare_that_was_listed_beforehand_takes_the_place_of_a_stolen_root_key() {
    let world = World::new(PROGRAM);
    let nodes = four(&world);
    std::fs::create_dir(world.path("safe")).unwrap();
    let spare = made(&world, "WSM", "spare", "safe/spare.pem");
    world.on("WSM", &["key", "spare"]).code(2);
    pass(&world, &["WSM", "PRY", "MAR"], &["--spare", &format!("WSM={spare}")]);
    until("KEN knows", || roster(&world, "KEN") == 1);
    assert_eq!(world.json("KEN", &["key", "list", "--member", "WSM"])["spare"]["key"], spare.as_str());
    world.write("early.md", practice("Early", 400));
    world.json("WSM", &["publish", "early.md"]);
    for node in &nodes {
        until("the early practice is everywhere", || node.status().practices == 1);
    }

    // Whoever has the root key alone cannot put another spare there, nor make one count that is not listed.
    let thieves = made(&world, "WSM", "spare", "thieves.pem");
    let swap = world.json("WSM", &["ballot", "propose", "--spare", &format!("WSM={thieves}"), "--yes"]);
    assert_eq!(swap["proposals"][0]["in_force"], Value::Null);
    let begin = ["init", "--home", "WSM2", "--member", "WSM", "--name", "Test WSM", "--from-spare", "safe/spare.pem"];
    world.run(&begin).good();
    assert!(!world.path("WSM2/keys/root.pem").exists());
    world.run(&["join", "founding.nanduti", "--home", "WSM2"]).good();
    let anew = world.start("WSM2", &[nodes[0].as_peer()]);
    world.json("WSM2", &["member", "request", "--root-key", "safe/spare.pem"]);
    let dry = world.on("PRY", &["ballot", "propose", "--replace-root", "WSM2/WSM.request", "--dry-run"]).good();
    assert!(dry.stdout.contains("by the spare that it has listed"), "{dry}");
    world
        .run(&["init", "--home", "WSM3", "--member", "WSM", "--name", "Test WSM", "--from-spare", "thieves.pem"])
        .good();
    world.run(&["join", "founding.nanduti", "--home", "WSM3"]).good();
    let forged = world.json("WSM3", &["member", "request", "--root-key", "thieves.pem"]);
    let line = forged["request"].as_str().unwrap();
    let forged = world.on("PRY", &["ballot", "propose", "--replace-root", line, "--dry-run"]).good();
    assert!(forged.stdout.contains("NOT the spare that it has listed"), "{forged}");

    pass(&world, &["PRY", "MAR", "KEN"], &["--replace-root", "WSM2/WSM.request"]);
    until("the new node has begun", || world.json("WSM2", &["status"])["writable"] == true);
    world.write("anew.md", practice("Anew", 400));
    until("the new node may write", || world.on("WSM2", &["publish", "anew.md"]).code == Some(0));
    let keys = world.json("WSM2", &["key", "list"]);
    assert_eq!((keys["root_key"].as_str(), &keys["spare"]), (Some(spare.as_str()), &Value::Null), "{keys}");
    until("PRY has both", || world.json("PRY", &["list", "--member", "WSM"])["total"] == 2);
    drop(anew);
}
