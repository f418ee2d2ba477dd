//! Within a process: nothing is lost, nothing is encrypted, and a key is whatever somebody says it is.
//! For tests.

mod connection;
mod pipe;

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::{Mutex as AsyncMutex, mpsc, watch};

use self::connection::{End, MemoryConnection, MemoryIncoming, Wire};
use crate::{
    Carrier, Closing, DialError, Doorkeeper, Events, Lane, PeerKey, Settings, Transport, start,
};

/// A network of transports in one process.
#[derive(Clone, Default)]
pub struct Network(Arc<Mutex<Board>>);

/// Who is bound where.
#[derive(Default)]
struct Board {
    bound: HashMap<SocketAddr, Bound>,
    last_port: u16,
}

struct Bound {
    key: PeerKey,
    settings: Settings,
    incoming: mpsc::Sender<MemoryIncoming>,
}

struct Memory {
    network: Network,
    key: PeerKey,
    address: SocketAddr,
    settings: Settings,
    incoming: AsyncMutex<mpsc::Receiver<MemoryIncoming>>,
    wires: Mutex<Vec<(Weak<Wire>, usize)>>,
    is_closed: watch::Sender<bool>,
}

impl Network {
    /// A network with nobody on it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a transport at an address, port 0 being any that is free. It runs on the current
    /// runtime of tokio.
    ///
    /// # Errors
    /// When somebody else has the address.
    ///
    /// # Panics
    /// Where there is no such runtime.
    pub fn bind(
        &self,
        address: SocketAddr,
        key: PeerKey,
        settings: Settings,
        doorkeeper: Arc<dyn Doorkeeper>,
    ) -> io::Result<(Arc<dyn Transport>, Events)> {
        let (incoming_in, incoming) = mpsc::channel(settings.handshakes_max.max(1));
        let mut board = self.board();
        let address = board.free(address);
        if board.bound.contains_key(&address) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let bound = Bound {
            key,
            settings: settings.clone(),
            incoming: incoming_in,
        };
        board.bound.insert(address, bound);
        drop(board);

        let carrier = Memory {
            network: self.clone(),
            key,
            address,
            settings: settings.clone(),
            incoming: AsyncMutex::new(incoming),
            wires: Mutex::default(),
            is_closed: watch::Sender::new(false),
        };
        Ok(start(carrier, settings, doorkeeper))
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Board {
    /// The address with a port that nobody has, if it has none.
    fn free(&mut self, mut address: SocketAddr) -> SocketAddr {
        if address.port() == 0 {
            if address.ip().is_unspecified() {
                address.set_ip(Ipv4Addr::LOCALHOST.into());
            }
            while address.port() == 0 || self.bound.contains_key(&address) {
                self.last_port = self.last_port.wrapping_add(1);
                address.set_port(self.last_port);
            }
        }
        address
    }
}

impl Memory {
    fn wires(&self) -> MutexGuard<'_, Vec<(Weak<Wire>, usize)>> {
        self.wires.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a connection, so that it can be ended with all others.
    fn remember(&self, connection: &MemoryConnection) {
        let mut wires = self.wires();
        wires.retain(|(wire, _)| wire.strong_count() > 0);
        wires.push(connection.end());
    }
}

impl Carrier for Memory {
    type Connection = MemoryConnection;
    type Incoming = MemoryIncoming;

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
    ) -> Result<MemoryConnection, DialError> {
        let board = self.network.board();
        let bound = board
            .bound
            .get(&address)
            .ok_or_else(|| DialError::Unreachable {
                address,
                reason: "nobody is bound there".to_owned(),
            })?;
        let found = bound.key;
        if let Some(expected) = expected.filter(|expected| *expected != found) {
            return Err(DialError::WrongKey {
                address,
                expected,
                found,
            });
        }
        let near = End::new(self.key, self.address, &self.settings);
        let far = End::new(found, address, &bound.settings);
        let [near, far] = connection::connect([near, far], lane);
        let sent = bound.incoming.try_send(MemoryIncoming::new(far));
        sent.map_err(|_| DialError::PeerFull)?;
        self.remember(&near);
        Ok(near)
    }

    async fn accept(&self) -> Option<MemoryIncoming> {
        let mut is_closed = self.is_closed.subscribe();
        let mut incoming = self.incoming.lock().await;
        let incoming = tokio::select! {
            incoming = incoming.recv() => incoming?,
            _ = is_closed.wait_for(|is_closed| *is_closed) => return None,
        };
        if let Some(connection) = incoming.connection() {
            self.remember(connection);
        }
        Some(incoming)
    }

    fn close(&self, closing: &Closing) {
        if self.is_closed.send_replace(true) {
            return;
        }
        self.network.board().bound.remove(&self.address);
        for (wire, side) in self.wires().drain(..) {
            if let Some(wire) = wire.upgrade() {
                wire.close(side, closing);
            }
        }
    }

    async fn closed(&self) {
        // Whoever is told is told at once.
    }
}
