//! A host whose address changes while its node runs.

use std::{net::Ipv4Addr, time::Duration};

use nanduti_tests::{until, until_within};

use crate::scene::{QUIC, Scene, TCP, publish};

/// Old connections count as dead after a minute of silence, and then the new address is dialled.
const SOON: Duration = Duration::from_secs(120);

fn moves(listen: &str, peer: impl Fn(&Scene, usize) -> String) {
    let Some(mut scene) = Scene::found(&["PRY", "MAR", "KEN"]) else { return };
    // Both others were told the address that goes; the one that moves was told nothing.
    scene.start(&[listen]);
    let told = peer(&scene, 0);
    scene.start(&[listen, &told]);
    scene.start(&[listen, &told]);
    publish(&scene.nodes[0], "Before");
    until("all hold what was before", || scene.all_hold(1));
    until("all are connected", || scene.nodes.iter().all(|node| node.status().peers_connected == 2));

    let address = Ipv4Addr::new(10, 77, 9, 1);
    scene.hosts[0].move_to(address);
    publish(&scene.nodes[0], "From the new address");
    publish(&scene.nodes[2], "To the new address");
    until_within(SOON, "all are equal again", || scene.all_hold(3));
    until("all are connected again", || scene.nodes.iter().all(|node| node.status().peers_connected == 2));
    let known = || scene.world.json("MAR", &["peer", "list"]).to_string();
    until("the others know the new address", || known().contains(&format!("/ip4/{address}/")));
}

#[test]
fn a_node_whose_address_changed_is_found_again_over_quic() {
    moves(QUIC, Scene::peer);
}

#[test]
fn a_node_whose_address_changed_is_found_again_over_tcp() {
    moves(TCP, Scene::tcp_peer);
}
