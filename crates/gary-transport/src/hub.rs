//! The transport, over whatever carries its bytes.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::bucket::Bucket;
use crate::carrier::{Carrier, Closing, Code, Connection};
use crate::count::Counts;
use crate::door::Door;
use crate::event::EventSender;
use crate::peers::{Inserted, Life, Link, Made, Peers};
use crate::settings::DATAGRAM_BYTES_MAX;
use crate::{
    Count, DialError, Doorkeeper, Events, Lane, OpenError, Peer, PeerKey, SendError, Settings,
    Stream, Transport, accept, event, link,
};

/// Starts a transport over `carrier`. It runs on the current runtime of tokio until it is closed or
/// let go of.
///
/// # Panics
/// Where there is no such runtime.
pub fn start<C: Carrier>(
    carrier: C,
    settings: Settings,
    doorkeeper: Arc<dyn Doorkeeper>,
) -> (Arc<dyn Transport>, Events) {
    let (event_sender, events) = event::channel(&settings);
    let bucket = || {
        let rate = settings.bulk_bytes_per_second?;
        Some(Arc::new(Bucket::new(rate, Instant::now())))
    };
    let shared = Arc::new(Shared {
        peers: Mutex::new(Peers::new(carrier.key(), &settings)),
        carrier,
        doorkeeper,
        life: random().to_be_bytes(),
        events: event_sender,
        counts: Counts::default(),
        dials: Semaphore::new(settings.dials_max),
        send_bucket: bucket(),
        recv_bucket: bucket(),
        runtime: Handle::current(),
        settings,
    });
    shared.runtime.spawn(accept::run(Arc::clone(&shared)));
    (Arc::new(Hub(shared)), events)
}

/// What the shell holds of a transport.
struct Hub<C: Carrier>(Arc<Shared<C>>);

/// What all tasks of a transport share.
pub(crate) struct Shared<C: Carrier> {
    pub(crate) carrier: C,
    pub(crate) settings: Settings,
    pub(crate) doorkeeper: Arc<dyn Doorkeeper>,
    pub(crate) events: EventSender,
    pub(crate) counts: Counts,
    pub(crate) dials: Semaphore,
    pub(crate) runtime: Handle,
    life: Life,
    peers: Mutex<Peers<C::Connection>>,
    send_bucket: Option<Arc<Bucket>>,
    recv_bucket: Option<Arc<Bucket>>,
}

impl<C: Carrier> Shared<C> {
    /// The peers. The lock is held for a few steps and never while something is waited for.
    pub(crate) fn peers(&self) -> MutexGuard<'_, Peers<C::Connection>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn door(&self) -> Door<'_> {
        Door {
            doorkeeper: &*self.doorkeeper,
            life: self.life,
            credentials_bytes_max: self.settings.credentials_bytes_max,
        }
    }

    /// Takes in a connection on which the peer was let in, and sends what has waited for it.
    pub(crate) fn take_in(
        self: &Arc<Self>,
        connection: C::Connection,
        made: Made,
        presented: Bytes,
    ) -> Result<Arc<Link<C::Connection>>, DialError> {
        let mut peers = self.peers();
        let Inserted { link, evicted } = peers.insert(connection, made, Instant::now())?;
        if made.lane == Lane::Talk
            && let Some(known) = peers.get_mut(made.peer)
        {
            for datagram in known.outbox.take_datagrams() {
                link.connection.send_datagram(datagram);
            }
            let (key, address) = (made.peer, link.connection.address());
            self.write_frames(known, Peer { key, address });
        }
        drop(peers);

        for link in evicted {
            self.counts.add(Count::Evicted, 1);
            let closing = Closing::new(Code::Done, "it made room for another");
            link.connection.close(&closing);
        }
        let running = link::run(Arc::clone(self), Arc::clone(&link), presented);
        self.runtime.spawn(running);
        Ok(link)
    }

    /// A stream of a link as it is handed out: it keeps the link in use, and keeps to the rate.
    pub(crate) fn hand_out(&self, link: &Link<C::Connection>, stream: Stream) -> Stream {
        let Stream { send, recv } = match link.lane {
            Lane::Talk => stream,
            Lane::Bulk => stream.limited(self.send_bucket.as_ref(), self.recv_bucket.as_ref()),
        };
        let used = || Arc::clone(&link.busy) as _;
        Stream {
            send: send.using(used()),
            recv: recv.using(used()),
        }
    }

    async fn open(self: &Arc<Self>, to: Peer, lane: Lane, kind: u8) -> Result<Stream, OpenError> {
        let link = self.link(to, lane).await?;
        // Counts as in use while it waits for the peer to take one more stream.
        let used = Arc::clone(&link.busy);
        let opened = link.connection.open_bi().await.map_err(OpenError::Lost)?;
        let (mut send, recv) = opened;
        if tokio::io::AsyncWriteExt::write_all(&mut send, &[kind])
            .await
            .is_err()
        {
            return Err(OpenError::Lost(link.connection.closed().await));
        }
        let stream = self.hand_out(&link, Stream { send, recv });
        drop(used);
        Ok(stream)
    }

    fn close(&self) {
        self.peers().close();
        self.carrier
            .close(&Closing::new(Code::Done, "shutting down"));
    }
}

impl<C: Carrier> Transport for Hub<C> {
    fn key(&self) -> PeerKey {
        self.0.carrier.key()
    }

    fn local_address(&self) -> SocketAddr {
        self.0.carrier.local_address()
    }

    fn send_datagram(&self, to: Peer, bytes: Bytes) -> Result<(), SendError> {
        check_length(&bytes, DATAGRAM_BYTES_MAX)?;
        let shared = &self.0;
        let undelivered = |error| {
            shared.counts.add(Count::DatagramsUndelivered, 1);
            error
        };
        let mut peers = shared.peers();
        if let Some(link) = peers.preferred(to.key, Lane::Talk) {
            drop(peers);
            link.connection.send_datagram(bytes);
            return Ok(());
        }
        let known = shared
            .dialled(&mut peers, to)
            .map_err(|error| undelivered(error.into()))?;
        let pushed = known.outbox.push_datagram(bytes, &shared.settings);
        pushed.map_err(|_| undelivered(SendError::Overflow))
    }

    fn send_frame(&self, to: Peer, bytes: Bytes) -> Result<(), SendError> {
        let shared = &self.0;
        check_length(&bytes, shared.settings.frame_bytes_max)?;
        let count = |count| shared.counts.add(count, 1);
        let mut peers = shared.peers();
        let is_linked = peers.preferred(to.key, Lane::Talk).is_some();
        let known = if is_linked {
            peers.known_mut(to.key, Instant::now())
        } else {
            shared.dialled(&mut peers, to)
        };
        let known = known.inspect_err(|_| count(Count::FramesUndelivered))?;
        if known.outbox.push_frame(bytes, &shared.settings).is_err() {
            count(Count::FramesOverflowed);
            return Err(SendError::Overflow);
        }
        if is_linked {
            shared.write_frames(known, to);
        }
        Ok(())
    }

    fn open(&self, to: Peer, lane: Lane, kind: u8) -> BoxFuture<'_, Result<Stream, OpenError>> {
        self.0.open(to, lane, kind).boxed()
    }

    fn meet(&self, address: SocketAddr) -> BoxFuture<'_, Result<Peer, DialError>> {
        self.0.meet(address).boxed()
    }

    fn disconnect(&self, key: PeerKey, reason: &str) {
        let links = self.0.peers().links(key);
        for link in links {
            link.connection.close(&Closing::new(Code::Refused, reason));
        }
    }

    fn connections(&self) -> usize {
        self.0.peers().connections()
    }

    fn count(&self, count: Count) -> u64 {
        self.0.counts.get(count)
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.0.close();
        self.0.carrier.closed().boxed()
    }
}

impl<C: Carrier> Drop for Hub<C> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// A number that nobody expects. It tells lives apart and spreads attempts; no secret depends on it.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

fn check_length(bytes: &Bytes, limit: usize) -> Result<(), SendError> {
    if bytes.len() > limit {
        return Err(SendError::TooLong {
            bytes: bytes.len(),
            limit,
        });
    }
    Ok(())
}
