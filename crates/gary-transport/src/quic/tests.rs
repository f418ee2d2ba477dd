use std::net::{Ipv4Addr, Ipv6Addr, UdpSocket};
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use quinn::crypto::rustls::QuicClientConfig;
use rustls::ClientConfig;
use tokio::io::AsyncWriteExt;

use super::carrier::Quic;
use super::tls::Tls;
use super::*;
use crate::tests::net::{Agent, Net, presented, resent, secret, soon};
use crate::{Carrier, Connection, Ending, Event, Lane, PeerKey};

fn anywhere() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

fn hurried() -> Settings {
    Settings {
        handshake_timeout: Duration::from_secs(1),
        ..Settings::default()
    }
}

/// Somebody who does not keep to the protocol above QUIC.
fn rogue(name: u8) -> Quic {
    let socket = UdpSocket::bind(anywhere()).unwrap();
    let address = socket.local_addr().unwrap();
    Quic::new(socket, address, &secret(name), &Settings::default()).unwrap()
}

fn heard_nothing(agent: &mut Agent) -> bool {
    agent.events.next().now_or_never().is_none()
}

#[tokio::test]
async fn nothing_is_read_from_who_presents_nothing() {
    let mut agent = Net::quic().agent_with(1, hurried());
    let peer = agent.peer();
    let rogue = rogue(2);
    let connection = rogue.dial(peer.address, None, Lane::Talk).await.unwrap();
    connection.send_datagram(Bytes::from_static(b"datagram"));
    let mut stream = connection.open_uni().await.unwrap();
    stream.write_all(&[0, 0, 0, 1, 7]).await.unwrap();

    soon(connection.closed()).await;
    assert!(heard_nothing(&mut agent));
    assert_eq!(agent.transport.connections(), 0);
}

#[tokio::test]
async fn who_presents_more_than_is_read_is_refused() {
    let mut agent = Net::quic().agent(1);
    let rogue = rogue(2);
    let address = agent.peer().address;
    let connection = rogue.dial(address, None, Lane::Talk).await.unwrap();
    let (mut send, _recv) = connection.open_bi().await.unwrap();
    // A life, and a length of four gigabytes.
    send.write_all(&[0xff; 12]).await.unwrap();

    let ending = soon(connection.closed()).await;
    let expected = Ending::Broken("no credentials were presented".to_owned());
    assert_eq!(ending, expected);
    assert!(heard_nothing(&mut agent));
}

/// Whether a client is let in that is configured as `finish` has it.
async fn is_taken(agent: &mut Agent, finish: impl FnOnce(ClientConfig) -> ClientConfig) -> bool {
    let tls = Tls::new(&secret(2)).unwrap();
    let shown = Arc::new(OnceLock::<PeerKey>::new());
    let config = finish(tls.client(None, Lane::Talk, shown).unwrap());
    let crypto = QuicClientConfig::try_from(config).unwrap();
    let config = quinn::ClientConfig::new(Arc::new(crypto));
    let endpoint = quinn::Endpoint::client(anywhere()).unwrap();
    let connecting = endpoint
        .connect_with(config, agent.peer().address, "gary")
        .unwrap();
    let Ok(connection) = soon(connecting).await else {
        return false;
    };
    // To the client the handshake may be over before the other side has looked at its key.
    let Ok((mut send, mut recv)) = connection.open_bi().await else {
        return false;
    };
    let _ = send.write_all(&[0; 8]).await;
    let credentials = presented(2, agent.peer().key);
    let _ = crate::frame::write(&mut send, &credentials).await;
    soon(recv.read_chunk(1, true)).await.is_ok()
}

#[tokio::test]
async fn who_shows_no_key_is_refused() {
    let mut agent = Net::quic().agent(1);
    let as_it_should_be = |config| config;
    assert!(is_taken(&mut Net::quic().agent(1), as_it_should_be).await);
    let nameless = |mut config: ClientConfig| {
        config.client_auth_cert_resolver = Arc::new(NoKey);
        config
    };
    assert!(!is_taken(&mut agent, nameless).await);
    let stranger = |mut config: ClientConfig| {
        config.alpn_protocols = vec![b"h3".to_vec()];
        config
    };
    assert!(!is_taken(&mut agent, stranger).await);
    assert!(heard_nothing(&mut agent));
}

/// Shows nothing when it is asked for its key.
#[derive(Debug)]
struct NoKey;

impl rustls::client::ResolvesClientCert for NoKey {
    fn resolve(
        &self,
        _: &[&[u8]],
        _: &[rustls::SignatureScheme],
    ) -> Option<Arc<rustls::sign::CertifiedKey>> {
        None
    }

    fn only_raw_public_keys(&self) -> bool {
        true
    }

    fn has_certs(&self) -> bool {
        false
    }
}

#[tokio::test]
async fn silence_ends_a_connection() {
    let settings = Settings {
        idle_timeout: Duration::from_millis(50),
        ..Settings::default()
    };
    let mut agent = Net::quic().agent_with(1, settings);
    let other = Net::quic().agent(2);
    other.send(agent.peer(), "frame");
    let ending = agent.next(|event| match event {
        Event::Lost { ending, .. } => Some(ending),
        _ => None,
    });
    assert_eq!(ending.await, Ending::Silence);
    // What the other sends before it notices as well is lost.
    assert_eq!(resent(&other, &mut agent, "another").await, "another");
}

#[tokio::test]
async fn an_address_that_somebody_has_is_refused() {
    let agent = Net::quic().agent(1);
    let address = agent.peer().address;
    let refused = bind(
        address,
        &secret(2),
        Settings::default(),
        agent.guard.clone(),
    );
    let error = refused.map(drop).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot listen at {address}"));
    let BindError::Socket { source, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(source.kind(), io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn both_families_of_addresses_are_spoken() {
    let settings = Settings::default;
    let six = (Ipv6Addr::LOCALHOST, 0).into();
    let every = (Ipv6Addr::UNSPECIFIED, 0).into();
    let four = Net::quic().agent(1);
    let six = Net::quic().try_agent_at(2, settings(), six).unwrap();
    let mut every = Net::quic().try_agent_at(3, settings(), every).unwrap();
    let port = every.peer().address.port();
    for (agent, address) in [
        (&four, SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        (&six, SocketAddr::from((Ipv6Addr::LOCALHOST, port))),
    ] {
        let met = soon(agent.transport.meet(address)).await.unwrap();
        assert_eq!(met.address, address);
        let peer = every.next(|event| match event {
            Event::Connected { peer, .. } => Some(peer),
            _ => None,
        });
        assert_eq!(peer.await, agent.peer());
    }
}
