//! A QUIC connection.

use std::net::SocketAddr;

use bytes::Bytes;
use quinn::crypto::rustls::HandshakeData;
use quinn::{ConnectionError, TransportErrorCode, VarInt};
use rustls::pki_types::CertificateDer;

use super::tls;
use crate::carrier::{Closing, Connection};
use crate::{Ending, Lane, PeerKey, RecvStream, SendHalf, SendStream};

/// A connection with a peer that has shown its key.
#[derive(Clone)]
pub(super) struct QuicConnection {
    inner: quinn::Connection,
    peer: PeerKey,
    lane: Lane,
}

impl QuicConnection {
    /// A connection after its handshake.
    pub(super) fn new(inner: quinn::Connection) -> Result<Self, Ending> {
        let (Some(peer), Some(lane)) = (peer(&inner), lane(&inner)) else {
            return Err(Ending::Broken("a handshake without a key".to_owned()));
        };
        Ok(Self { inner, peer, lane })
    }
}

fn peer(connection: &quinn::Connection) -> Option<PeerKey> {
    let shown = connection.peer_identity()?;
    let shown = shown.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    tls::peer_key(shown.first()?)
}

fn lane(connection: &quinn::Connection) -> Option<Lane> {
    let data = connection.handshake_data()?.downcast::<HandshakeData>();
    tls::lane(&data.ok()?.protocol?)
}

impl Connection for QuicConnection {
    fn peer(&self) -> PeerKey {
        self.peer
    }

    fn address(&self) -> SocketAddr {
        let address = self.inner.remote_address();
        // A socket for both families gives addresses of IPv4 in the form of the other.
        SocketAddr::new(address.ip().to_canonical(), address.port())
    }

    fn lane(&self) -> Lane {
        self.lane
    }

    fn send_datagram(&self, bytes: Bytes) {
        // A datagram on a connection that has ended is lost like any other.
        let _ = self.inner.send_datagram(bytes);
    }

    async fn read_datagram(&self) -> Option<Bytes> {
        self.inner.read_datagram().await.ok()
    }

    async fn open_uni(&self) -> Result<SendStream, Ending> {
        let stream = self.inner.open_uni().await.map_err(ending)?;
        Ok(SendStream::new(stream))
    }

    async fn accept_uni(&self) -> Option<RecvStream> {
        let stream = self.inner.accept_uni().await.ok()?;
        Some(RecvStream::new(stream))
    }

    async fn open_bi(&self) -> Result<(SendStream, RecvStream), Ending> {
        let (send, recv) = self.inner.open_bi().await.map_err(ending)?;
        Ok((SendStream::new(send), RecvStream::new(recv)))
    }

    async fn accept_bi(&self) -> Option<(SendStream, RecvStream)> {
        let (send, recv) = self.inner.accept_bi().await.ok()?;
        Some((SendStream::new(send), RecvStream::new(recv)))
    }

    fn close(&self, closing: &Closing) {
        let code = VarInt::from_u32(closing.code as u32);
        self.inner.close(code, closing.reason().as_bytes());
    }

    async fn closed(&self) -> Ending {
        ending(self.inner.closed().await)
    }
}

impl SendHalf for quinn::SendStream {
    fn reset(&mut self) {
        // Fails only where it has ended already.
        let _ = quinn::SendStream::reset(self, VarInt::from_u32(0));
    }
}

pub(super) fn ending(error: ConnectionError) -> Ending {
    match error {
        ConnectionError::ApplicationClosed(close) => {
            Closing::received(close.error_code.into_inner(), &close.reason)
        }
        ConnectionError::ConnectionClosed(close)
            if close.error_code == TransportErrorCode::CONNECTION_REFUSED =>
        {
            Ending::NoRoom
        }
        ConnectionError::Reset => Ending::Forgotten,
        ConnectionError::TimedOut => Ending::Silence,
        ConnectionError::LocallyClosed => Ending::Here,
        error @ (ConnectionError::VersionMismatch
        | ConnectionError::TransportError(_)
        | ConnectionError::ConnectionClosed(_)
        | ConnectionError::CidsExhausted) => Ending::Broken(error.to_string()),
    }
}
