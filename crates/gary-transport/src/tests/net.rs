//! Agents for tests, over either carrier.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::memory::Network;
use crate::quic::{self, SecretKey};
use crate::{Doorkeeper, Event, Events, Peer, PeerKey, Settings, Transport};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::watch;

/// What agents are connected by.
#[derive(Clone)]
pub(crate) enum Net {
    Quic,
    Memory(Network),
}

/// An agent without a will of its own.
pub(crate) struct Agent {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) events: Events,
    pub(crate) guard: Arc<Guard>,
}

/// Lets in whoever is not on its list.
pub(crate) struct Guard {
    name: u8,
    /// Refused by key alone.
    pub(crate) barred: Mutex<Vec<PeerKey>>,
    /// Refused for what it presented, with the reason.
    pub(crate) refused: Mutex<BTreeMap<PeerKey, String>>,
    /// Nobody is judged while it is shut.
    pub(crate) is_open: watch::Sender<bool>,
}

impl Net {
    pub(crate) fn quic() -> Self {
        Self::Quic
    }

    pub(crate) fn memory() -> Self {
        Self::Memory(Network::new())
    }

    /// An agent with the usual limits, somewhere.
    pub(crate) fn agent(&self, name: u8) -> Agent {
        self.agent_with(name, Settings::default())
    }

    pub(crate) fn agent_with(&self, name: u8, settings: Settings) -> Agent {
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        self.try_agent_at(name, settings, anywhere)
            .expect("there is a port")
    }

    /// An agent at an address, or none if somebody has it.
    pub(crate) fn try_agent_at(
        &self,
        name: u8,
        settings: Settings,
        address: SocketAddr,
    ) -> Option<Agent> {
        let guard = Arc::new(Guard {
            name,
            barred: Mutex::default(),
            refused: Mutex::default(),
            is_open: watch::Sender::new(true),
        });
        let doorkeeper = Arc::clone(&guard);
        let (transport, events) = match self {
            Self::Quic => quic::bind(address, &secret(name), settings, doorkeeper).ok()?,
            Self::Memory(network) => network
                .bind(address, key(name), settings, doorkeeper)
                .ok()?,
        };
        Some(Agent {
            transport,
            events,
            guard,
        })
    }
}

impl Agent {
    pub(crate) fn peer(&self) -> Peer {
        Peer {
            key: self.transport.key(),
            address: self.transport.local_address(),
        }
    }

    /// The next event of some kind; others are passed over.
    pub(crate) async fn next<T>(&mut self, pick: impl Fn(Event) -> Option<T>) -> T {
        soon(async {
            loop {
                let event = self.events.next().await.expect("the transport runs");
                if let Some(picked) = pick(event) {
                    return picked;
                }
            }
        })
        .await
    }

    /// The next frame. Frames of tests are texts.
    pub(crate) async fn next_frame(&mut self) -> String {
        self.next(|event| match event {
            Event::Frame { bytes, .. } => Some(text(&bytes)),
            _ => None,
        })
        .await
    }

    pub(crate) fn send(&self, to: Peer, frame: impl Into<String>) {
        let frame = Bytes::from(frame.into());
        self.transport.send_frame(to, frame).expect("it is sent");
    }
}

impl Doorkeeper for Guard {
    fn admits(&self, peer: PeerKey) -> bool {
        !self.barred.lock().unwrap().contains(&peer)
    }

    fn credentials(&self, peer: PeerKey) -> Bytes {
        presented(self.name, peer)
    }

    fn check<'a>(
        &'a self,
        peer: PeerKey,
        _: SocketAddr,
        shown: &'a Bytes,
    ) -> BoxFuture<'a, Result<(), String>> {
        async move {
            let mut is_open = self.is_open.subscribe();
            is_open.wait_for(|is_open| *is_open).await.unwrap();
            let shown = text(shown);
            let expected = format!("to {}", key(self.name));
            assert!(shown.ends_with(&expected), "{shown}");
            match self.refused.lock().unwrap().get(&peer) {
                Some(reason) => Err(reason.clone()),
                None => Ok(()),
            }
        }
        .boxed()
    }
}

/// What an agent of this name presents to a peer.
pub(crate) fn presented(name: u8, to: PeerKey) -> Bytes {
    format!("{name} to {to}").into()
}

pub(crate) fn secret(name: u8) -> SecretKey {
    SecretKey::new([name; 32]).expect("any bytes are a key")
}

pub(crate) fn key(name: u8) -> PeerKey {
    secret(name).public()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("it is a text")
}

/// Sends a frame until one arrives.
pub(crate) async fn resent(from: &Agent, to: &mut Agent, frame: &'static str) -> String {
    soon(async {
        loop {
            let _ = from.transport.send_frame(to.peer(), frame.into());
            let waited = tokio::time::timeout(Duration::from_millis(10), to.next_frame());
            if let Ok(frame) = waited.await {
                return frame;
            }
        }
    })
    .await
}

/// What has to happen. The time is only how long a failing test takes to say so.
pub(crate) async fn soon<T>(something: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(Duration::from_secs(30), something).await;
    waited.expect("it did not happen")
}

/// Waits for something that nobody tells of.
pub(crate) async fn until(is_so: impl Fn() -> bool) {
    soon(async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
