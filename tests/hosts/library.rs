//! Five members and an observer come to one library, whatever kind of address they were given.

use std::net::IpAddr;

use nanduti_node::api::NodeRole;
use nanduti_tests::until;

use crate::scene::{Scene, lists, publish};

#[test]
fn five_members_and_an_observer_who_know_one_neighbour_each_come_to_one_library_and_to_know_each_other() {
    let Some(mut scene) = Scene::found(&["PRY", "MAR", "PRT", "KEN", "WSM"]) else { return };
    scene.start(&[]);
    for before in 0..4 {
        let peer = scene.peer(before);
        scene.start(&[&peer]);
    }
    let world = &scene.world;
    world.run(&["init", "--observer", "--home", "reader"]).good();
    world.run(&["join", "founding.nanduti", "--home", "reader"]).good();
    scene.hosts.push(scene.internet.host("reader"));
    let reader = scene.hosts[5].start(&scene.world, "reader", &[scene.peer(4)]);
    for (at, node) in scene.nodes.iter().enumerate() {
        publish(node, &format!("Practice {at}"));
    }
    scene.nodes.push(reader);
    until("all hold the five practices", || scene.all_hold(5));
    // Nobody was told of more than one neighbour.
    until("all are connected to all", || scene.nodes.iter().all(|node| node.status().peers_connected == 5));

    let reader = scene.nodes.pop().unwrap();
    let status = reader.status();
    assert_eq!((status.role, status.own_practices), (NodeRole::Observer, 0));
    let page = scene.hosts[0].page(&scene.hosts[5], "/");
    assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("Practice 3"), "{page}");
    scene.world.write("practice.md", nanduti_tests::practice("Not mine to say", 100));
    scene.world.on("reader", &["publish", "practice.md"]).code(4);
    assert!(reader.stop().success());
    scene.world.json("reader", &["verify", "--deep"]);
}

#[test]
fn nodes_without_an_address_of_the_old_kind_find_each_other() {
    let Some(mut scene) = Scene::found(&["PRY", "MAR", "KEN"]) else { return };
    scene.hosts.iter().for_each(nanduti_tests::hosts::Host::without_v4);
    let listen = "network.listen=/ip6/::/udp/4001/quic-v1,/ip6/::/tcp/4001";
    scene.start(&[listen]);
    let peer = format!("network.peers=/ip6/{}/udp/4001/quic-v1/p2p/{}", scene.hosts[0].v6(), scene.name(0));
    scene.start(&[listen, &peer]);
    let peer = format!("network.peers=/ip6/{}/tcp/4001/p2p/{}", scene.hosts[1].v6(), scene.name(1));
    scene.start(&[listen, &peer]);
    publish(&scene.nodes[2], "First");
    until("all hold it", || scene.all_hold(1));
    until("all are connected", || scene.nodes.iter().all(|node| node.status().peers_connected == 2));
    // An address that counts on one link only is no way to tell others.
    let known = scene.world.json("PRY", &["peer", "list"])["peers"].to_string();
    assert!(known.contains("/ip6/fd77::3/") && !known.contains("/ip6/fe80"), "{known}");
}

#[test]
fn a_node_that_was_given_a_name_finds_the_host_of_that_name() {
    let Some(mut scene) = Scene::found(&["PRY", "MAR"]) else { return };
    scene.start(&[]);
    scene.hosts[1].set_names(&[(IpAddr::from(scene.hosts[0].v4()), "pry.example")]);
    let peer = format!("network.peers=/dns4/pry.example/udp/4001/quic-v1/p2p/{}", scene.name(0));
    scene.start(&[&peer]);
    publish(&scene.nodes[0], "First");
    until("both hold it", || scene.all_hold(1) && lists(&scene.nodes[1], "First"));
}

#[test]
fn nodes_in_one_house_that_look_for_each_other_need_no_address() {
    let Some(mut scene) = Scene::found(&["PRY", "MAR"]) else { return };
    scene.start(&["network.mdns=true"]);
    scene.start(&["network.mdns=true"]);
    publish(&scene.nodes[0], "First");
    until("both hold it", || scene.all_hold(1));
}
