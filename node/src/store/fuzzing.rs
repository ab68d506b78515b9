//! Doors for fuzz targets: the bytes of a segment file after damage, and the frames in which runs come.

use nanduti_protocol::{
    hash::Hash,
    key::PublicKey,
    run::{ReceivedRun, VerifiedRun},
};

use super::{
    Piece, carve,
    piece::unpack_unknown,
    salvage::{claimed_next, sound_runs},
    walk::next_run,
};

/// The runs at the front of a file, and where reading stopped and whether what follows looks like an unfinished write.
pub fn segment_file(network: &Hash, bytes: &[u8]) -> (Vec<VerifiedRun>, Option<(usize, bool)>) {
    let (mut runs, mut end) = (Vec::new(), 0);
    while let Some(rest) = bytes.get(end..).filter(|rest| !rest.is_empty()) {
        match next_run(network, rest, end) {
            Ok((run, len)) => {
                end += len;
                runs.push(run);
            }
            Err(stop) => return (runs, Some((stop.offset, stop.unfinished))),
        }
    }
    (runs, None)
}

/// A segment file that holds these bytes as one piece, whatever they are. Its head fits if they are a run.
pub fn packed(network: &Hash, bytes: &[u8]) -> Vec<u8> {
    let run = ReceivedRun::receive(bytes.to_vec()).and_then(|run| run.verify(network));
    let (first, count) = run.map_or((0, 0), |run| (run.first_seq(), run.items().len()));
    Piece::of_anything(first, count, bytes).bytes().to_vec()
}

/// What is sound in a file that was set aside: the places of runs; and how far it claims to reach.
pub fn set_aside(network: &Hash, log: &PublicKey, bytes: &[u8]) -> (Vec<(u64, u64)>, u64) {
    let sound = sound_runs(network, log, bytes);
    let whole = sound.iter().all(|sound| sound.read(network, bytes).is_some());
    assert!(whole, "what was found is read again");
    (sound.iter().map(|sound| (sound.first, sound.next)).collect(), claimed_next(log, bytes))
}

/// Some bytes as they are appended at once, with a head that says this of them, be it so or not.
pub fn piece(first: u64, count: usize, content: &[u8]) -> Vec<u8> {
    Piece::of_anything(first, count, content).bytes().to_vec()
}

/// What is in a frame of which nothing is known.
pub fn unpacked(frame: &[u8]) -> Option<Vec<u8>> {
    unpack_unknown(frame)
}

/// The piece that is kept of the frame in which a run came.
pub fn kept(run: &VerifiedRun, frame: &[u8]) -> Option<Vec<u8>> {
    Piece::of_frame(run, frame).map(|piece| piece.bytes().to_vec())
}

/// Items that follow one another as the runs in which they are written again.
pub fn carved(network: &Hash, items: &[u8]) -> Option<Vec<VerifiedRun>> {
    carve(network, items)
}
