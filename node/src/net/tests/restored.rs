//! Which sessions tell a restored node where its own log stands.

use std::time::Duration;

use libp2p::PeerId;
use nanduti_protocol::key::PublicKey;
use nanduti_protocol::kind::Audience;

use super::fixture::{OBSERVER, World, adoption, node_key, publish_key};
use crate::Home;
use crate::core::{Author, Core, CoreError, CoreOptions};
use crate::net::sync::{Job, Role, SessionError, SessionReport};
use crate::restored::{Marker, OwnLog};

fn open(world: &World, home: &Home) -> Core {
    let options = CoreOptions {
        network: world.network,
        pinned: None,
        author: Some(Author::new(publish_key(0), world.charter.members[0].id.clone())),
        index_cache: 1 << 20,
        min_free: 0,
        now_ms: || 1_700_000_000_000,
    };
    Core::open(home.clone(), options, &tokio::runtime::Handle::current()).expect("a core")
}

fn report(peer: PeerId, role: Role) -> SessionReport {
    SessionReport {
        peer,
        role,
        elapsed: Duration::ZERO,
        bytes_in: 0,
        bytes_out: 0,
        received: 0,
        sent: 0,
        notes: Vec::new(),
        peer_digest: None,
        equal: true,
        whole: true,
        error: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_whole_sessions_in_order_with_other_members_count() {
    let world = World::new();
    let dir = tempfile::tempdir().expect("a folder");
    let home = Home::at(dir.path());
    home.create().expect("folders");
    let key = PublicKey::from(&publish_key(0));
    let log = OwnLog { key, root: false, next: 1, head: world.network };
    Marker::new(1, 2, vec![log]).write(&home).expect("written");
    let core = open(&world, &home);
    for member in 0..5 {
        core.admit(world.root_run(member)).await.expect("admitted");
        core.admit(world.opening_run(member).0).await.expect("admitted");
    }
    let own = world.charter.members[0].id.clone();
    let told = |core: &Core| {
        let snapshot = core.snapshot();
        let restored = snapshot.restored.as_ref().map(|restored| restored.tally(&own, snapshot.ledger.authority()));
        restored.map(|tally| tally.told.len())
    };
    let sign = async || core.author(adoption(), Audience::Public, 1, b"something".to_vec()).await;
    let peer = |member: usize| node_key(member).peer_id();

    for (what, report) in [
        ("only what was asked for", report(peer(1), Role::Initiator(Job::Pull([key].into())))),
        ("a part", SessionReport { whole: false, ..report(peer(1), Role::Responder) }),
        (
            "cut short",
            SessionReport { error: Some(SessionError::Stalled), ..report(peer(1), Role::Initiator(Job::Full)) },
        ),
        ("another node of the same member", report(peer(0), Role::Responder)),
        ("an observer", report(peer(OBSERVER), Role::Initiator(Job::Full))),
    ] {
        report.tell(&core).await;
        assert_eq!(told(&core), Some(0), "{what}");
    }
    for _ in 0..2 {
        report(peer(1), Role::Initiator(Job::Full)).tell(&core).await;
        assert_eq!(told(&core), Some(1), "one member is one, however often");
    }
    assert!(matches!(sign().await, Err(CoreError::Restored(why)) if why.tally.missing() == 1));
    report(peer(2), Role::Responder).tell(&core).await;
    assert_eq!(told(&core), None, "two of five are more than a third");
    assert!(!home.restored_file().exists());
    sign().await.expect("it signs again");
    core.close().await;
    drop(core);
    let again = open(&world, &home);
    assert_eq!(told(&again), None, "and after a restart");
    again.close().await;
}
