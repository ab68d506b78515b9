//! A home that was copied and ran twice, with real processes: the fork is seen on a node that had nothing to do with it, both sides
//! side by side; the member chooses one; all nodes agree, and what the other side said is gone everywhere.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::{collections::BTreeSet, fs};

use nanduti_tests::{Running, World, copy, practice, publish, set, titles, until};
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
    let dry = world.on("PRY", &["fork", "choose", "PRY", &chosen, "--dry-run"]).good();
    assert!(dry.stderr.contains("every other side falls away") && dry.stdout.contains("ends"), "{dry}");
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
