//! Everything that the test vectors say must be refused, sent for real, each under a new name: the victim has to give the
//! reason that the specification gives, exactly so often.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::{AsyncWriteExt, future::join_all};
use nanduti_protocol::{announce::Announcement, cbor, key::PublicKey, limits::GOSSIP_MAX, sync::FrameType};
use serde_json::Value;

use super::{
    super::{
        forge,
        line::{Line, Way},
        talk::{self, Claims},
        target::{Target, unhex},
    },
    Attack, Bounds, Done, USUAL,
};

pub(super) const FRAMES: Attack = Attack {
    name: "vectors-frames",
    what: "every refused header, message and segment frame of the vectors",
    answer: "names each by its reason, blames, and refuses who does it again",
    refused: &[],
    bounds: BOUNDS,
    run: |target, _| Box::pin(frames(target)),
};

pub(super) const SEGMENTS: Attack = Attack {
    name: "vectors-segments",
    what: "every refused segment of the vectors, within a session",
    answer: "the same; nothing of it is stored",
    refused: &[],
    bounds: BOUNDS,
    run: |target, _| Box::pin(segments(target)),
};

pub(super) const GOSSIP: Attack = Attack {
    name: "vectors-gossip",
    what: "every refused announcement, entry, fork proof and node record of the vectors, as gossip",
    answer: "the same; nothing of it is passed on",
    refused: &[],
    bounds: BOUNDS,
    run: |target, _| Box::pin(gossip(target)),
};

pub(super) const RECORDS: Attack = Attack {
    name: "vectors-records",
    what: "every refused node record of the vectors, in an exchange",
    answer: "the same",
    refused: &[],
    bounds: BOUNDS,
    run: |target, _| Box::pin(records(target)),
};

const BOUNDS: Bounds = USUAL;
/// Vectors that are sent at a time.
const AT_A_TIME: usize = 8;
/// Lines that are held at a time.
const HELD: usize = 40;
/// After so long a message of gossip has been judged, on however slow a machine.
const JUDGED: Duration = Duration::from_secs(2);

const SYNC: &str = include_str!("../../../../protocol/vectors/sync.json");
const SEGMENT: &str = include_str!("../../../../protocol/vectors/segments.json");
const ANNOUNCED: &str = include_str!("../../../../protocol/vectors/gossip.json");
const PROOFS: &str = include_str!("../../../../protocol/vectors/forks.json");
const ENTRIES: &str = include_str!("../../../../protocol/vectors/entries.json");

/// A vector: its name, the reason for which it is refused, and its bytes.
struct Refused {
    name: String,
    reason: String,
    bytes: Vec<u8>,
}

fn refused(file: &str, list: &str, bytes: &str) -> Vec<Refused> {
    let file: Value = serde_json::from_str(file).expect("the vectors are JSON");
    let text = |vector: &Value, field: &str| vector[field].as_str().expect("vectors have these fields").to_owned();
    let vectors = file[list].as_array().expect("the vectors have this list").iter();
    let read = |vector| Refused {
        name: text(vector, "name"),
        reason: text(vector, "reason"),
        bytes: unhex(&text(vector, bytes)).expect("bytes are hexadecimal"),
    };
    vectors.map(read).collect()
}

/// What is sent, and the counter that it has to move.
type Sent = (Vec<u8>, String);

/// Sends each under a new name, some at a time.
async fn each<F>(sent: Vec<Sent>, send: impl Fn(Vec<u8>) -> F) -> io::Result<Done>
where
    F: Future<Output = io::Result<()>>,
{
    let mut exactly: BTreeMap<String, u64> = BTreeMap::new();
    for some in sent.chunks(AT_A_TIME) {
        for ended in join_all(some.iter().map(|(bytes, _)| send(bytes.clone()))).await {
            ended?;
        }
        for (_, counter) in some {
            *exactly.entry(counter.clone()).or_default() += 1;
        }
    }
    Ok(Done { count: exactly.values().sum(), exactly })
}

/// Tries until the victim has a place for a session.
async fn patiently<F>(act: impl Fn() -> F) -> io::Result<()>
where
    F: Future<Output = io::Result<bool>>,
{
    for _ in 0..200 {
        if act().await? {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(io::Error::other("the victim was busy all the time"))
}

async fn frames(target: Arc<Target>) -> io::Result<Done> {
    let headers = refused(SYNC, "refused_headers", "bytes").into_iter().map(|vector| (vector.bytes, vector.reason));
    let messages = refused(SYNC, "refused_messages", "content")
        .into_iter()
        .map(|vector| (forge::frame(FrameType::Message, &vector.content()), vector.reason));
    let segments = refused(SYNC, "refused_segments", "content")
        .into_iter()
        .map(|vector| (forge::frame(FrameType::Segment, &vector.content()), vector.reason));
    let sent: Vec<Sent> = headers.chain(messages).chain(segments).collect();
    each(sent, |bytes| {
        let target = Arc::clone(&target);
        async move {
            let line = Line::new(target.address(Way::Tcp), Way::Tcp).await?;
            patiently(|| heard(&line, target.network, &bytes)).await
        }
    })
    .await
}

impl Refused {
    fn content(&self) -> Vec<u8> {
        self.bytes.clone()
    }
}

/// Begins a session, waits for the hello that says that the victim has a place, and writes. Says whether it had.
async fn heard(line: &Line, network: nanduti_protocol::hash::Hash, bytes: &[u8]) -> io::Result<bool> {
    // A stream that is closed before we have said anything says "busy".
    let Ok(mut stream) = line.open(talk::SYNC).await else { return Ok(false) };
    let said = async {
        stream.write_all(&forge::hello(network)).await?;
        stream.flush().await
    };
    if said.await.is_err() || talk::read_frame(&mut stream).await.is_none() {
        return Ok(false);
    }
    // It may have had enough before all is written.
    drop(stream.write_all(bytes).await);
    drop(stream.flush().await);
    talk::drain(&mut stream).await;
    Ok(true)
}

async fn segments(target: Arc<Target>) -> io::Result<Done> {
    // A run of no bytes has no frame.
    let vectors = refused(SEGMENT, "refused", "bytes").into_iter().filter(|vector| !vector.bytes.is_empty());
    let counter = |vector: &Refused| match vector.reason.as_str() {
        "anchor" | "spacing" => "bad-signature",
        "body" | "body-missing" => "bad-body",
        _ => "bad-segment",
    };
    let sent: Vec<Sent> = vectors.map(|vector| (vector.content(), counter(&vector).to_owned())).collect();
    let log = PublicKey::from(&target.publish);
    let learnt = talk::fetch(&Line::new(target.address(Way::Tcp), Way::Tcp).await?, target.network).await?;
    let next = learnt.tip(&log).map_or(0, |tip| tip.seq);
    each(sent, |run| {
        let (target, claims) = (Arc::clone(&target), learnt.clone().and(log, next + 3));
        async move {
            let line = Line::new(target.address(Way::Tcp), Way::Tcp).await?;
            let frame = forge::segment_frame(&run, run.len());
            patiently(|| offer(&line, claims.clone(), &frame)).await
        }
    })
    .await
}

/// Serves this in a session. Says whether it came so far.
async fn offer(line: &Line, claims: Claims, frame: &[u8]) -> io::Result<bool> {
    let mut served = false;
    let session = talk::session(line, claims, |_, _, _| {
        served = true;
        frame.to_vec()
    });
    // A stream that is closed at once says "busy".
    drop(session.await);
    Ok(served)
}

async fn gossip(target: Arc<Target>) -> io::Result<Done> {
    let announcements = refused(ANNOUNCED, "rejected", "bytes").into_iter().filter_map(|vector| {
        let counter = match (vector.reason.as_str(), vector.name.as_str()) {
            ("form", "a fork proof that proves nothing") => "bad-fork-proof",
            ("form", "a record with nine addresses") => "bad-node-record",
            ("form", "a segment that is longer than it announces") => "bad-compression",
            ("form", _) => "bad-gossip",
            ("other-network", _) => "other-network",
            ("signature", "a record signed by another key") => "bad-signature",
            // The key of the vectors is nobody's here, so that its signature is not looked at.
            _ => return None,
        };
        Some((vector.bytes, counter.to_owned()))
    });
    let entries = refused(ENTRIES, "refused", "bytes").into_iter().filter(|vector| vector.reason != "signature");
    let entries = entries.map(|vector| {
        let counter = if vector.name == "larger than an entry may be" { "oversized" } else { "bad-gossip" };
        (Announcement::entry(&vector.bytes).encode(), counter.to_owned())
    });
    // Signatures of the vectors' network are wrong here, and one side is looked at before the other, so that either may be said.
    // What is larger than a message of gossip may be never comes to be judged as one.
    let proofs = refused(PROOFS, "refused", "bytes")
        .into_iter()
        .map(|vector| (Announcement::fork(&vector.bytes).encode(), "bad-fork-proof".to_owned()))
        .filter(|(bytes, _)| bytes.len() <= GOSSIP_MAX);
    let records = node_records().into_iter().map(|(bytes, counter)| (Announcement::node(&bytes).encode(), counter));
    let mut sent: Vec<Sent> = announcements.chain(entries).chain(proofs).chain(records).collect();
    // What two files of vectors hold is one message, which is judged once.
    sent.sort_unstable();
    sent.dedup_by(|one, other| one.0 == other.0);
    for (_, counter) in &mut sent {
        if counter == "bad-fork-proof" || counter == "bad-signature" {
            *counter = "bad-fork-proof+bad-signature".to_owned();
        }
    }
    let mut exactly: BTreeMap<String, u64> = BTreeMap::new();
    for some in sent.chunks(HELD) {
        for (counter, count) in gossiped(&target, some.to_vec()).await?.exactly {
            *exactly.entry(counter).or_default() += count;
        }
    }
    Ok(Done { count: exactly.values().sum(), exactly })
}

/// Sends these, each on a line of its own that is held until it has been judged.
async fn gossiped(target: &Arc<Target>, sent: Vec<Sent>) -> io::Result<Done> {
    let held = Arc::new(Mutex::new(Vec::new()));
    let done = each(sent, |bytes| {
        let (target, held) = (Arc::clone(target), Arc::clone(&held));
        async move {
            let line = Line::new(target.address(Way::Tcp), Way::Tcp).await?;
            let mut stream = line.open(super::gossip::MESHSUB).await?;
            let topic = super::gossip::topic(&target);
            stream.write_all(&[forge::subscribe(&topic), forge::publish(&topic, &[bytes])].concat()).await?;
            stream.flush().await?;
            held.lock().unwrap_or_else(PoisonError::into_inner).push((line, stream));
            Ok(())
        }
    })
    .await?;
    // Nobody answers a message of gossip: whoever hangs up too early has not been heard.
    tokio::time::sleep(JUDGED).await;
    drop(held);
    Ok(done)
}

fn node_records() -> Vec<Sent> {
    let counter = |reason: &str| if reason == "signature" { "bad-signature" } else { "bad-node-record" };
    let vectors = refused(ANNOUNCED, "refused_node_records", "bytes").into_iter();
    vectors.map(|vector| (vector.content(), counter(&vector.reason).to_owned())).collect()
}

async fn records(target: Arc<Target>) -> io::Result<Done> {
    let held = Arc::new(Mutex::new(Vec::new()));
    let done = each(node_records(), |bytes| {
        let (target, held) = (Arc::clone(&target), Arc::clone(&held));
        async move {
            let line = Line::new(target.address(Way::Tcp), Way::Tcp).await?;
            let mut stream = line.open(super::gossip::PEERS).await?;
            stream.write_all(&record_list(&[bytes])).await?;
            stream.flush().await?;
            talk::drain(&mut stream).await;
            held.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            Ok(())
        }
    })
    .await?;
    // The list is judged after it has been answered, if the peer is still there.
    tokio::time::sleep(JUDGED).await;
    drop(held);
    Ok(done)
}

/// A list of node records, as an exchange carries it.
pub(super) fn record_list(records: &[Vec<u8>]) -> Vec<u8> {
    let list: Vec<serde_bytes::ByteBuf> = records.iter().cloned().map(serde_bytes::ByteBuf::from).collect();
    let list = cbor::encode(&list);
    let len = u32::try_from(list.len()).expect("a list is short");
    [len.to_be_bytes().as_slice(), &list].concat()
}
