//! A QUIC endpoint.

use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, OnceLock};

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{
    ClientConfig, Endpoint, EndpointConfig, IdleTimeout, ServerConfig, TokioRuntime,
    TransportConfig, VarInt,
};
use quinn_proto::HashedConnectionIdGenerator;
use ring::hmac;

use super::connection::{QuicConnection, ending};
use super::tls::Tls;
use super::{BindError, SecretKey};
use crate::link::FRAME_STREAMS_MAX;
use crate::settings::DATAGRAM_BYTES_MAX;
use crate::{Carrier, Closing, DialError, Ending, Incoming, Lane, PeerKey, Settings};

/// Datagrams that wait in one connection, each way. Past it the oldest are dropped: they are the news
/// that is worth least.
const DATAGRAMS_MAX: usize = 64;

/// Carries bytes over one UDP socket.
pub(super) struct Quic {
    endpoint: Endpoint,
    address: SocketAddr,
    key: PeerKey,
    tls: Tls,
    transport: Arc<TransportConfig>,
}

/// A connection that somebody has dialled.
pub(super) struct QuicIncoming(Option<quinn::Incoming>);

impl Quic {
    pub(super) fn new(
        socket: UdpSocket,
        address: SocketAddr,
        secret: &SecretKey,
        settings: &Settings,
    ) -> Result<Self, BindError> {
        let tls = Tls::new(secret).map_err(BindError::Tls)?;
        let transport = Arc::new(transport_config(settings)?);
        let crypto = tls.server().map_err(BindError::Tls)?;
        let mut server = ServerConfig::with_crypto(Arc::new(quic_server(crypto)?));
        server
            .transport_config(Arc::clone(&transport))
            .max_incoming(settings.handshakes_max);

        let runtime = Arc::new(TokioRuntime);
        let endpoint = Endpoint::new(endpoint_config(secret), Some(server), socket, runtime);
        Ok(Self {
            endpoint: endpoint.map_err(|source| BindError::Socket { address, source })?,
            address,
            key: secret.public(),
            tls,
            transport,
        })
    }

    fn client_config(
        &self,
        expected: Option<PeerKey>,
        lane: Lane,
        shown: Arc<OnceLock<PeerKey>>,
    ) -> Result<ClientConfig, String> {
        let crypto = self.tls.client(expected, lane, shown);
        let crypto = crypto.map_err(|error| error.to_string())?;
        let crypto = QuicClientConfig::try_from(crypto).map_err(|error| error.to_string())?;
        let mut config = ClientConfig::new(Arc::new(crypto));
        config.transport_config(Arc::clone(&self.transport));
        Ok(config)
    }
}

impl Carrier for Quic {
    type Connection = QuicConnection;
    type Incoming = QuicIncoming;

    fn key(&self) -> PeerKey {
        self.key
    }

    fn local_address(&self) -> SocketAddr {
        self.address
    }

    async fn dial(
        &self,
        address: SocketAddr,
        expected: Option<PeerKey>,
        lane: Lane,
    ) -> Result<QuicConnection, DialError> {
        let unreachable = |reason| DialError::Unreachable { address, reason };
        let shown = Arc::new(OnceLock::new());
        let config = self
            .client_config(expected, lane, Arc::clone(&shown))
            .map_err(unreachable)?;
        // The name is never sent, see `enable_sni`.
        let connecting = self
            .endpoint
            .connect_with(config, address, "gary")
            .map_err(|error| unreachable(error.to_string()))?;
        let connected = match connecting.await {
            Ok(connection) => QuicConnection::new(connection),
            Err(error) => Err(ending(error)),
        };
        connected.map_err(|ending| match (expected, shown.get()) {
            (Some(expected), Some(&found)) if found != expected => DialError::WrongKey {
                address,
                expected,
                found,
            },
            _ => ending.into(),
        })
    }

    async fn accept(&self) -> Option<QuicIncoming> {
        loop {
            let incoming = self.endpoint.accept().await?;
            if incoming.remote_address_validated() || !incoming.may_retry() {
                return Some(QuicIncoming(Some(incoming)));
            }
            // Fails only for those that were excluded just above.
            let _ = incoming.retry();
        }
    }

    fn close(&self, closing: &Closing) {
        let code = VarInt::from_u32(closing.code as u32);
        self.endpoint.close(code, closing.reason().as_bytes());
    }

    async fn closed(&self) {
        self.endpoint.wait_idle().await;
    }
}

impl Incoming for QuicIncoming {
    type Connection = QuicConnection;

    async fn accept(mut self) -> Result<QuicConnection, Ending> {
        let incoming = self.0.take().ok_or(Ending::Here)?;
        let connection = incoming.accept().map_err(ending)?.await.map_err(ending)?;
        QuicConnection::new(connection)
    }
}

impl Drop for QuicIncoming {
    fn drop(&mut self) {
        if let Some(incoming) = self.0.take() {
            incoming.refuse();
        }
    }
}

/// After a restart the agent does not know its connections any more, but can still say so: what it
/// names them by, and what proves that it is the one to end them, follow from its key. A peer then sees
/// the end at once and not after an idle timeout.
fn endpoint_config(secret: &SecretKey) -> EndpointConfig {
    let reset = secret.derive("gary quic reset");
    let reset = hmac::Key::new(hmac::HMAC_SHA256, reset.as_ref());
    let names = secret.derive("gary quic connection ids");
    let names = names.as_ref().iter().take(8);
    let names = names.fold(0, |key, byte| key << 8 | u64::from(*byte));

    let mut config = EndpointConfig::new(Arc::new(reset));
    config.cid_generator(move || Box::new(HashedConnectionIdGenerator::from_key(names)));
    config
}

fn transport_config(settings: &Settings) -> Result<TransportConfig, BindError> {
    let idle_timeout = IdleTimeout::try_from(settings.idle_timeout);
    let idle_timeout = idle_timeout.map_err(|_| BindError::IdleTimeout)?;
    let datagram_bytes = DATAGRAMS_MAX * DATAGRAM_BYTES_MAX;
    let mut config = TransportConfig::default();
    config
        .max_idle_timeout(Some(idle_timeout))
        .keep_alive_interval(None)
        .max_concurrent_bidi_streams(settings.requests_max.into())
        .max_concurrent_uni_streams(FRAME_STREAMS_MAX.into())
        .stream_receive_window(settings.stream_window_bytes.into())
        .receive_window(settings.connection_window_bytes.into())
        .send_window(settings.connection_window_bytes.into())
        .datagram_receive_buffer_size(Some(datagram_bytes))
        .datagram_send_buffer_size(datagram_bytes);
    Ok(config)
}

fn quic_server(crypto: rustls::ServerConfig) -> Result<QuicServerConfig, BindError> {
    let no_cipher = |_| BindError::Tls(rustls::Error::General("no cipher for QUIC".to_owned()));
    QuicServerConfig::try_from(crypto).map_err(no_cipher)
}
