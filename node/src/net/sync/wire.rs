//! Frames over a stream, and the meter that tells a slow peer from a dead one.
//!
//! A frame's bound is checked on its header, and memory is taken as the bytes arrive, not as they are promised. Progress is
//! counted in bytes of both directions and in segments admitted, so that a thin line lives and a peer who only holds a slot
//! does not.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use nanduti_protocol::sync::{FRAME_HEADER_LEN, FrameHeader, PeerFault};

use super::super::limits;

/// What is read at a time.
const CHUNK: usize = 64 * 1024;

/// Counts what moves.
#[derive(Debug, Default)]
pub(super) struct Meter {
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    work: AtomicU64,
}

impl Meter {
    /// Bytes read.
    pub(super) fn bytes_in(&self) -> u64 {
        self.bytes_in.load(Ordering::Relaxed)
    }

    /// Bytes written.
    pub(super) fn bytes_out(&self) -> u64 {
        self.bytes_out.load(Ordering::Relaxed)
    }

    /// Something was done with what was read: our own disk may be what is slow.
    pub(super) fn worked(&self) {
        self.work.fetch_add(limits::PROGRESS_BYTES, Ordering::Relaxed);
    }

    /// Returns when too little has moved for too long.
    pub(super) async fn stalled(&self) {
        let mut before = self.total();
        loop {
            tokio::time::sleep(limits::PROGRESS).await;
            let now = self.total();
            if now - before < limits::PROGRESS_BYTES {
                return;
            }
            before = now;
        }
    }

    fn total(&self) -> u64 {
        self.bytes_in() + self.bytes_out() + self.work.load(Ordering::Relaxed)
    }
}

/// Why no frame could be read or written.
#[derive(Debug, thiserror::Error)]
pub(super) enum WireError {
    /// The stream failed.
    #[error("the stream failed: {0}")]
    Io(#[from] io::Error),
    /// The frame breaks the protocol.
    #[error("the peer {0}")]
    Frame(#[from] PeerFault),
}

/// Reads frames.
pub(super) struct FrameReader<R> {
    reader: R,
    scratch: Box<[u8]>,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// Reads frames from a stream.
    pub(super) fn new(reader: R) -> Self {
        Self { reader, scratch: vec![0; CHUNK].into() }
    }

    /// The next frame; `None` at an orderly end.
    pub(super) async fn next(&mut self, meter: &Meter) -> Result<Option<(FrameHeader, Vec<u8>)>, WireError> {
        let mut header = Vec::with_capacity(FRAME_HEADER_LEN);
        if !self.fill(&mut header, FRAME_HEADER_LEN, meter).await? {
            return Ok(None);
        }
        let header = header.try_into().map_err(|_| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        let header = FrameHeader::decode(header)?;
        let mut content = Vec::new();
        if !self.fill(&mut content, header.len, meter).await? {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        Ok(Some((header, content)))
    }

    /// Reads until `into` has `len` bytes. False if the stream ended before the first.
    async fn fill(&mut self, into: &mut Vec<u8>, len: usize, meter: &Meter) -> io::Result<bool> {
        while into.len() < len {
            let room = (len - into.len()).min(self.scratch.len());
            let chunk = self.scratch.get_mut(..room).unwrap_or_default();
            let read = self.reader.read(chunk).await?;
            if read == 0 {
                return if into.is_empty() { Ok(false) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
            meter.bytes_in.fetch_add(read as u64, Ordering::Relaxed);
            into.extend_from_slice(chunk.get(..read).unwrap_or_default());
        }
        Ok(true)
    }
}

/// Writes a whole frame. Bytes count as they go, so that a slow reader on the other side is no dead one.
pub(super) async fn write_frame(writer: &mut (impl AsyncWrite + Unpin), frame: &[u8], meter: &Meter) -> io::Result<()> {
    let mut rest = frame;
    while !rest.is_empty() {
        let written = writer.write(rest).await?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        meter.bytes_out.fetch_add(written as u64, Ordering::Relaxed);
        rest = rest.get(written..).unwrap_or_default();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use futures::io::Cursor;
    use nanduti_protocol::sync::FrameType;

    use super::*;

    #[tokio::test]
    async fn frames_are_read_as_they_were_written() {
        let meter = Meter::default();
        let content = vec![7; 300_000];
        let header = FrameHeader::new(FrameType::Segment, content.len()).expect("within bounds");
        let mut wire = Vec::new();
        write_frame(&mut wire, &[&header.encode()[..], &content].concat(), &meter).await.expect("memory");
        let mut reader = FrameReader::new(Cursor::new(wire.clone()));
        assert_eq!(reader.next(&meter).await.expect("whole"), Some((header, content)));
        assert_eq!(reader.next(&meter).await.expect("the end"), None);
        assert_eq!(meter.bytes_in(), meter.bytes_out());
        for cut in [1, 3, 4, 1000] {
            let mut reader = FrameReader::new(Cursor::new(wire[..cut].to_vec()));
            assert!(matches!(reader.next(&meter).await, Err(WireError::Io(_))), "cut at {cut}");
        }
    }

    #[tokio::test]
    async fn a_frame_out_of_bounds_is_refused_on_its_header() {
        let meter = Meter::default();
        for header in [[0, 0xff, 0xff, 0xff], [9, 0, 0, 1], [2, 0, 0, 1]] {
            let mut reader = FrameReader::new(Cursor::new(header.to_vec()));
            assert!(matches!(reader.next(&meter).await, Err(WireError::Frame(_))), "{header:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_thin_line_lives_and_a_dead_one_is_noticed() {
        let meter = Meter::default();
        let line = async {
            for _ in 0..600 {
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                meter.bytes_in.fetch_add(2000, Ordering::Relaxed);
            }
        };
        tokio::select! {
            () = line => {}
            () = meter.stalled() => panic!("it made progress"),
        }
        meter.stalled().await;
    }
}
