//! The exchange of node records, on connecting and a little later once more (`/nanduti/peers/1`): each side says what it knows.
//!
//! ```text
//! length (4 bytes, big-endian)  DAG-CBOR array of at most 64 byte strings, each a node record
//! ```
//!
//! Who opened the stream speaks first, the other answers, and the stream is closed.

use std::io;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::swarm::Stream;
use nanduti_protocol::cbor;
use nanduti_protocol::limits::{NODE_RECORD_MAX, NODE_RECORDS_MAX};
use serde_bytes::ByteBuf;

use super::blame::Fault;
use super::limits;

/// The longest message: all records of the greatest length, each with the head of a byte string.
const MESSAGE_MAX: usize = NODE_RECORDS_MAX * (NODE_RECORD_MAX + 3) + 3;

/// Why an exchange failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExchangeError {
    /// The stream failed.
    #[error("the stream failed: {0}")]
    Io(#[from] io::Error),
    /// The peer took too long.
    #[error("the peer took too long")]
    Slow,
    /// The peer broke the protocol.
    #[error("the peer sent something that is no list of node records")]
    Fault(Fault),
}

/// Says what we know and hears what the peer knows.
pub(super) async fn exchange(
    mut stream: Stream,
    ours: Vec<Vec<u8>>,
    we_begin: bool,
) -> Result<Vec<Vec<u8>>, ExchangeError> {
    let talk = async {
        if we_begin {
            write(&mut stream, ours).await?;
            return read(&mut stream).await;
        }
        let theirs = read(&mut stream).await?;
        let answered = async {
            write(&mut stream, ours).await?;
            Ok::<_, ExchangeError>(stream.close().await?)
        };
        // What the peer said is worth the same if it does not stay to hear us.
        if let Err(error) = answered.await {
            tracing::trace!(%error, "a peer did not hear our node records");
        }
        Ok(theirs)
    };
    tokio::time::timeout(limits::HANDSHAKE, talk).await.map_err(|_| ExchangeError::Slow)?
}

async fn write(stream: &mut (impl AsyncWrite + Unpin), records: Vec<Vec<u8>>) -> Result<(), ExchangeError> {
    let records: Vec<ByteBuf> = records.into_iter().take(NODE_RECORDS_MAX).map(ByteBuf::from).collect();
    let message = cbor::encode(&records);
    let len = u32::try_from(message.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    stream.write_all(&len.to_be_bytes()).await?;
    stream.write_all(&message).await?;
    Ok(stream.flush().await?)
}

pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<Vec<Vec<u8>>, ExchangeError> {
    let mut len = [0; 4];
    stream.read_exact(&mut len).await?;
    let len = u32::from_be_bytes(len) as usize;
    if len > MESSAGE_MAX {
        return Err(ExchangeError::Fault(Fault::OVERSIZED));
    }
    let mut message = Vec::new();
    stream.take(len as u64).read_to_end(&mut message).await?;
    if message.len() < len {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    let records: Vec<ByteBuf> = cbor::decode(&message).map_err(|_| ExchangeError::Fault(Fault::PROTOCOL))?;
    if records.len() > NODE_RECORDS_MAX {
        return Err(ExchangeError::Fault(Fault::OVERSIZED));
    }
    Ok(records.into_iter().map(ByteBuf::into_vec).collect())
}

#[cfg(test)]
mod tests {
    use futures::io::Cursor;

    use super::*;

    #[tokio::test]
    async fn lists_come_back_and_longer_ones_are_refused() {
        let records = vec![vec![1; 10], vec![2; NODE_RECORD_MAX]];
        let mut wire = Cursor::new(Vec::new());
        write(&mut wire, records.clone()).await.expect("memory");
        assert_eq!(read(&mut Cursor::new(wire.into_inner())).await.expect("ours"), records);
        let refused = |bytes: &[u8]| {
            let mut wire = Cursor::new(bytes.to_vec());
            async move { read(&mut wire).await }
        };
        assert!(matches!(refused(&[0xff; 8]).await, Err(ExchangeError::Fault(_))));
        assert!(matches!(refused(&[0, 0, 0, 2, 0x81, 0x01]).await, Err(ExchangeError::Fault(_))));
        assert!(matches!(refused(&[0, 0, 0, 9, 0x80]).await, Err(ExchangeError::Io(_))));
        let many = cbor::encode(&vec![ByteBuf::from(vec![0]); NODE_RECORDS_MAX + 1]);
        let many = [&(many.len() as u32).to_be_bytes()[..], &many].concat();
        assert!(matches!(refused(&many).await, Err(ExchangeError::Fault(_))));
    }
}
