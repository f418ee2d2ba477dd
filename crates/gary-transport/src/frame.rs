//! Messages on a stream: their length in four bytes, the highest first, and then they themselves.

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Memory that is taken for bytes before they came. A length alone must not cost its sender's victim
/// any more.
const AHEAD_BYTES_MAX: usize = 16 << 10;

/// Why there is no next message.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// The message is longer than it may be.
    #[error("a message of {bytes} bytes is longer than the {limit} that it may have")]
    TooLong {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        limit: usize,
    },
    /// The stream broke off.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Writes a message, which has to be shorter than four gigabytes.
pub(crate) async fn write(to: &mut (impl AsyncWrite + Unpin), message: &[u8]) -> io::Result<()> {
    let length = u32::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    to.write_all(&length.to_be_bytes()).await?;
    to.write_all(message).await
}

/// Reads a message; none at the end of the stream.
pub(crate) async fn read(
    from: &mut (impl AsyncRead + Unpin),
    bytes_max: usize,
) -> Result<Option<Bytes>, ReadError> {
    let mut length = [0; 4];
    if from.read(&mut length[..1]).await? == 0 {
        return Ok(None);
    }
    from.read_exact(&mut length[1..]).await?;
    let length = u32::from_be_bytes(length) as usize;
    if length > bytes_max {
        return Err(ReadError::TooLong {
            bytes: length,
            limit: bytes_max,
        });
    }

    let mut message = BytesMut::new();
    while message.len() < length {
        let left = length - message.len();
        message.reserve(left.min(AHEAD_BYTES_MAX));
        let mut rest = (&mut *from).take(left as u64);
        if rest.read_buf(&mut message).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
    }
    Ok(Some(message.freeze()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_written_is_read() {
        let messages = [vec![], vec![1], vec![2; 3 * AHEAD_BYTES_MAX]];
        let mut bytes = Vec::new();
        for message in &messages {
            write(&mut bytes, message).await.unwrap();
        }
        let mut rest = bytes.as_slice();
        for message in messages {
            let read = read(&mut rest, 3 * AHEAD_BYTES_MAX).await.unwrap();
            assert_eq!(read, Some(message.into()));
        }
        assert_eq!(read(&mut rest, 1).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_message_that_is_too_long_is_not_read() {
        let mut rest: &[u8] = &[0, 0, 0, 3, 1, 2, 3];
        let error = read(&mut rest, 2).await.unwrap_err();
        assert!(matches!(error, ReadError::TooLong { bytes: 3, limit: 2 }));
        assert_eq!(rest, [1, 2, 3]);
    }

    #[tokio::test]
    async fn a_message_that_breaks_off_is_an_error() {
        for length in 1..6 {
            let mut rest = &[0, 0, 0, 2, 1, 2][..length];
            let error = read(&mut rest, 9).await.unwrap_err();
            assert!(matches!(error, ReadError::Io(_)), "{length}: {error}");
        }
    }
}
