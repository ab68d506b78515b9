//! A home that was copied and ran twice, with real processes: the fork is seen on a node that had nothing to do with it, both sides
//! side by side; the member chooses one; all nodes agree, and what the other side said is gone everywhere. Where it is a root log, the
//! members choose, each with the same command.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::{collections::BTreeSet, fs};

use nanduti_tests::{Running, World, copy, heard, practice, publish, roster, set, titles, until};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_nanduti");

/// PRY's home, copied after its first practice, and what each of the two has said since, unseen by the other.
fn forked(members: &[&str]) -> World {
    let world = World::new(PROGRAM);
    world.found(members);
    publish(&world, "PRY", "One");
    copy(&world.path("PRY"), &world.path("twin"));
    publish(&world, "PRY", "Mine");
    publish(&world, "PRY", "Mine too");
    publish(&world, "twin", "Theirs");
    for home in ["PRY", "twin"] {
        world.on(home, &["bundle", "export", &format!("{home}.nanduti")]).good();
    }
    world
}

/// The side that a node holds, or the other one, as `fork show` tells it.
fn side(world: &World, home: &str, held: bool) -> Value {
    let report = world.json(home, &["fork", "show", "PRY"]);
    report["sides"].as_array().unwrap().iter().find(|side| side["held"] == held).unwrap().clone()
}

fn agree(nodes: &[&Running]) -> bool {
    let digests: BTreeSet<String> = nodes.iter().map(|node| node.status().digest).collect();
    digests.len() == 1
}

#[test]
fn a_copied_home_forks_its_log_and_the_member_chooses_for_everybody() {
    let world = forked(&["PRY", "MAR", "KEN"]);
    // MAR met the twin first, KEN the original; now they meet.
    world.on("MAR", &["bundle", "import", "twin.nanduti"]).good();
    world.on("KEN", &["bundle", "import", "PRY.nanduti"]).good();
    let mar = world.start("MAR", &[]);
    let ken = world.start("KEN", &[mar.as_peer()]);
    until("both know of the fork", || [&mar, &ken].iter().all(|node| node.status().forks.len() == 1));
    until("nothing above it counts", || {
        [("MAR", &mar), ("KEN", &ken)]
            .iter()
            .all(|(home, node)| titles(&world, home) == set(&["One"]) && agree(&[node]))
    });

    // Both sides on the third node: what it holds, and what it knows of the other.
    let listed = world.on("KEN", &["fork", "list"]).good();
    assert!(listed.stdout.contains("PRY"), "{listed}");
    let shown = world.on("KEN", &["fork", "show", "PRY"]).good();
    for words in [
        "side A",
        "side B",
        "Mine too",
        "only as a proof",
        "Only the root key of PRY (Test PRY) can choose",
        "call them",
    ] {
        assert!(shown.stdout.contains(words), "{words}: {shown}");
    }
    assert!(!shown.stdout.contains("Theirs"), "{shown}");
    let (held, other) = (side(&world, "KEN", true), side(&world, "KEN", false));
    assert_eq!((&held["entries"], &held["rows"][0]["title"]), (&2.into(), &"Mine".into()), "{held}");
    assert_eq!((&other["entries"], &other["kind"]), (&1.into(), &"practice".into()), "{other}");
    assert_eq!(side(&world, "MAR", true)["id"], other["id"], "MAR holds what KEN does not");
    let chosen = held["short"].as_str().unwrap().to_owned();
    let refused = world.on("KEN", &["fork", "choose", "PRY", &chosen, "--yes"]).code(4);
    assert!(refused.stderr.contains("call PRY"), "{refused}");
    // Readers see it on a page, without a word of what stands above.
    let key = world.json("KEN", &["fork", "list"])["forks"][0]["key"].as_str().unwrap().to_owned();
    for node in [&mar, &ken] {
        let page = node.page(&format!("/forks/{key}"));
        assert!(page.starts_with("HTTP/1.1 200") && page.contains(&chosen), "{page}");
        assert!(!page.contains("Mine") && !page.contains("Theirs"), "{page}");
        assert!(node.page("/status").contains(&format!("/forks/{key}")));
        assert!(node.page(&format!("/api/forks/{key}")).contains(&chosen));
    }
    // The rest of the network goes on.
    publish(&world, "MAR", "Elsewhere");
    until("KEN has it", || titles(&world, "KEN") == set(&["Elsewhere", "One"]));

    // The member learns of it too, is shown what follows, and chooses with the root key.
    let pry = world.start("PRY", &[mar.as_peer(), ken.as_peer()]);
    until("PRY knows of it", || pry.status().forks.len() == 1);
    publish_is_refused(&world);
    what_follows_is_said(&world, &chosen);
    let vague = world.on("PRY", &["fork", "choose", "PRY", "2222", "--yes"]).code(2);
    assert!(vague.stderr.contains("does not tell one branch from the other"), "{vague}");
    let taken = world.json("PRY", &["fork", "choose", "PRY", &chosen, "--yes"]);
    assert!(taken["signs_with"].is_string(), "{taken}");
    let whole = set(&["Elsewhere", "Mine", "Mine too", "One"]);
    until("all agree on it", || {
        ["PRY", "MAR", "KEN"].iter().all(|home| titles(&world, home) == whole) && agree(&[&pry, &mar, &ken])
    });
    for (home, node) in [("PRY", &pry), ("MAR", &mar), ("KEN", &ken)] {
        assert_eq!(node.status().forks, Vec::new(), "{home}");
        let gone = world.on(home, &["show", other["short"].as_str().unwrap()]);
        assert_eq!(gone.code, Some(3), "{home}: {gone}");
        assert_eq!(world.json(home, &["fork", "show", &key])["state"], "settled", "{home}");
        assert!(!node.page("/").contains("Theirs"), "{home}");
    }
    assert!(world.on("PRY", &["fork", "choose", &key, &chosen, "--yes"]).code(4).stderr.contains("settled"));
    publish(&world, "PRY", "Four");
    until("the fresh key is heard", || titles(&world, "KEN").contains("Four"));

    // The twin meets them: what it said alone is gone there too, and it may say nothing more with that key.
    let twin = world.start("twin", &[mar.as_peer(), ken.as_peer()]);
    until("the twin agrees", || agree(&[&twin, &pry]));
    assert_eq!(titles(&world, "twin"), titles(&world, "PRY"));
    world.write("late.md", practice("Late", 300));
    world.on("twin", &["publish", "late.md"]).code(4);
}

/// Before anything is signed: of a side, and of an entry below both.
fn what_follows_is_said(world: &World, chosen: &str) {
    let dry = world.on("PRY", &["fork", "choose", "PRY", chosen, "--dry-run"]).good();
    assert!(dry.stderr.contains("every other side falls away") && dry.stdout.contains("ends"), "{dry}");
    assert!(!dry.stderr.contains("neither side counts"), "{dry}");
    let below = world.json("PRY", &["list", "--member", "PRY"])["practices"][0]["short"].as_str().unwrap().to_owned();
    let both = world.on("PRY", &["fork", "choose", "PRY", &below, "--dry-run"]).good();
    assert!(both.stderr.contains("entry 1 stands below the fork at entry 2: neither side counts then"), "{both}");
}

fn publish_is_refused(world: &World) {
    world.write("three.md", practice("Three", 300));
    let refused = world.on("PRY", &["publish", "three.md"]).code(4);
    assert!(refused.stderr.contains("fork choose"), "{refused}");
}

#[test]
fn a_branch_that_is_not_held_can_be_chosen_off_line_and_is_fetched() {
    let world = forked(&["PRY", "MAR"]);
    fs::create_dir(world.path("stick")).unwrap();
    fs::rename(world.path("PRY/keys/root.pem"), world.path("stick/root.pem")).unwrap();
    world.on("MAR", &["bundle", "import", "twin.nanduti"]).good();
    world.on("PRY", &["bundle", "import", "twin.nanduti"]).code(0);
    let other = side(&world, "PRY", false)["short"].as_str().unwrap().to_owned();
    world.on("PRY", &["fork", "choose", "PRY", &other, "--yes"]).code(3);
    let prepared = world.on("PRY", &["fork", "choose", "PRY", &other, "--prepare", "branch.request"]).good();
    assert!(prepared.stderr.contains("does not hold that branch: it knows 1 of its entries"), "{prepared}");
    world.run(&["sign", "branch.request", "--key", "stick/root.pem", "--yes"]).good();
    world.on("PRY", &["submit", "branch.signed", "--yes"]).good();
    // Alone, it waits for what it named; a second choice is refused.
    let report = world.json("PRY", &["fork", "show", "PRY"]);
    assert_eq!((&report["state"], &report["named"]["seq"]), (&"awaited".into(), &2.into()), "{report}");
    let again = world.on("PRY", &["fork", "choose", "PRY", &other, "--prepare", "again.request"]).code(4);
    assert!(again.stderr.contains("names a branch already"), "{again}");
    let pry = world.start("PRY", &[]);
    let mar = world.start("MAR", &[pry.as_peer()]);
    let whole = set(&["One", "Theirs"]);
    until("both hold the branch that was named", || {
        ["PRY", "MAR"].iter().all(|home| titles(&world, home) == whole) && agree(&[&pry, &mar])
    });
    publish(&world, "PRY", "Next");
    until("the fresh key is heard", || titles(&world, "MAR") == set(&["Next", "One", "Theirs"]));
}

/// PRY's root key has listed another publishing key in each of two homes; both wrote with theirs. MAR met the twin first, KEN the original.
fn forked_root(world: &World) {
    world.found(&["PRY", "MAR", "KEN", "WSM"]);
    publish(world, "PRY", "One");
    copy(&world.path("PRY"), &world.path("twin"));
    for (home, title) in [("PRY", "Mine"), ("twin", "Theirs")] {
        world.on(home, &["key", "replace", "--yes"]).good();
        publish(world, home, title);
        world.on(home, &["bundle", "export", &format!("{home}.nanduti")]).good();
    }
    world.on("MAR", &["bundle", "import", "twin.nanduti"]).good();
    world.on("KEN", &["bundle", "import", "PRY.nanduti"]).good();
}

#[test]
fn a_forked_root_log_is_settled_by_a_ballot_in_which_each_member_chooses_with_one_command() {
    let world = World::new(PROGRAM);
    forked_root(&world);
    let first = world.start("PRY", &[]);
    let others = ["MAR", "KEN", "WSM"].map(|member| world.start(member, &[first.as_peer()]));
    let nodes: Vec<&Running> = [&first].into_iter().chain(&others).collect();
    until("all know of the fork", || nodes.iter().all(|node| node.status().forks.len() == 1));
    until("nothing above it counts", || ["MAR", "KEN"].iter().all(|home| titles(&world, home) == set(&["One"])));

    // What follows is said, and nothing is signed without a word.
    let shown = world.on("KEN", &["fork", "show", "PRY"]).good();
    assert!(shown.stdout.contains("root log") && shown.stdout.contains("the members choose, in a ballot"), "{shown}");
    let [mine, theirs] = [true, false].map(|held| side(&world, "KEN", held)["short"].as_str().unwrap().to_owned());
    let unsure = world.on("KEN", &["fork", "choose", "PRY", &mine]).code(2);
    assert!(unsure.stderr.contains("every other side falls away") && unsure.stderr.contains("has to be confirmed"));
    let dry = world.on("KEN", &["fork", "choose", "PRY", &mine, "--dry-run"]).good();
    for words in ["KEN endorses", "choose the branch of PRY's logs", &mine, "1 of 4 will have endorsed it"] {
        assert!(dry.stdout.contains(words), "{words}: {dry}");
    }
    let early = world.on("KEN", &["fork", "choose", "PRY", &mine, "--unheard", "--yes"]).code(2);
    assert!(early.stderr.contains("--unheard is for keyrings"), "{early}");
    let below = world.on("KEN", &["fork", "choose", "PRY", "2222", "--yes"]).code(2);
    assert!(below.stderr.contains("does not tell one branch from the other"), "{below}");

    // KEN's root key lies elsewhere: what it signs is carried there and back.
    fs::create_dir(world.path("stick")).unwrap();
    fs::rename(world.path("KEN/keys/root.pem"), world.path("stick/root.pem")).unwrap();
    world.on("KEN", &["fork", "choose", "PRY", &mine, "--prepare", "branch.request"]).good();
    let read = world.run(&["sign", "branch.request", "--show"]).good();
    assert!(read.stdout.contains("choose the branch of PRY's logs") && read.stdout.contains(&mine), "{read}");
    world.run(&["sign", "branch.request", "--key", "stick/root.pem", "--yes"]).good();
    let cast = world.json("KEN", &["submit", "branch.signed", "--yes"]);
    let short = cast["proposals"][0]["short"].as_str().unwrap().to_owned();
    let twice = world.on("KEN", &["fork", "choose", "PRY", &mine, "--yes"]).code(4);
    assert!(twice.stderr.contains("KEN has endorsed proposal"), "{twice}");

    // The others choose the same side and join that proposal, also MAR, which holds the other one.
    for member in ["MAR", "PRY"] {
        heard(&world, member, "endorsed", &short, 1);
        let shown = world.on(member, &["fork", "show", "PRY"]).good();
        assert!(shown.stdout.contains(&format!("Proposal {short} chooses side")), "{shown}");
        let rival = world.on(member, &["fork", "choose", "PRY", &theirs, "--dry-run"]).good();
        assert!(rival.stderr.contains("chooses another side: votes may split"), "{rival}");
        let dry = world.on(member, &["fork", "choose", "PRY", &mine, "--dry-run"]).good();
        assert!(dry.stderr.contains(&format!("proposal {short} chooses that side already")), "{dry}");
        let joined = world.json(member, &["fork", "choose", "PRY", &mine, "--yes"]);
        assert_eq!(joined["proposals"].as_array().unwrap().len(), 1, "{joined}");
    }
    // A quorum has endorsed it: what is left is to ratify.
    for (member, key) in [("MAR", "MAR/keys/root.pem"), ("PRY", "PRY/keys/root.pem"), ("KEN", "stick/root.pem")] {
        heard(&world, member, "endorsed", &short, 3);
        let told = world.on(member, &["fork", "choose", "PRY", &mine, "--root-key", key, "--yes"]).code(4);
        assert!(told.stderr.contains(&format!("nanduti ballot ratify {short}")), "{told}");
        world.json(member, &["ballot", "ratify", &short, "--root-key", key, "--yes"]);
    }
    let whole = set(&["One", "Mine"]);
    until("all agree on it, the member too that said nothing", || {
        ["PRY", "MAR", "KEN", "WSM"].iter().all(|home| roster(&world, home) == 1 && titles(&world, home) == whole)
            && agree(&nodes)
            && nodes.iter().all(|node| node.status().forks.is_empty())
    });
    let settled = world.on("WSM", &["fork", "choose", &report_key(&world), &theirs, "--yes"]).code(4);
    assert!(settled.stderr.contains("settled"), "{settled}");

    // The root key speaks on along its branch, and the twin follows.
    world.on("PRY", &["key", "replace", "--yes"]).good();
    publish(&world, "PRY", "Next");
    until("its next keyring counts", || titles(&world, "WSM").contains("Next"));
    let twin = world.start("twin", &[others[0].as_peer()]);
    until("the twin agrees", || agree(&[&twin, &first]));
    assert_eq!(titles(&world, "twin"), titles(&world, "PRY"));
}

/// The key of the log that is forked, as a node knew it that has settled it.
fn report_key(world: &World) -> String {
    let members = world.json("WSM", &["member", "list"]);
    let pry = members["members"].as_array().unwrap().iter().find(|member| member["id"] == "PRY").unwrap().clone();
    pry["root_key"].as_str().unwrap().to_owned()
}
