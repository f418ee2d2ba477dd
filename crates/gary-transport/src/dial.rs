//! Connecting with a peer that is not connected.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use futures::FutureExt;

use crate::carrier::{Carrier, Closing, Code, Connection};
use crate::hub::{Shared, random};
use crate::peers::{Dial, Known, Link, Made, Peers};
use crate::{Count, DialError, Lane, Peer, PeerKey};

impl<C: Carrier> Shared<C> {
    /// The link that there is, or one that is made now.
    pub(crate) async fn link(
        self: &Arc<Self>,
        to: Peer,
        lane: Lane,
    ) -> Result<Arc<Link<C::Connection>>, DialError> {
        let dial = {
            let mut peers = self.peers();
            if let Some(link) = peers.preferred(to.key, lane) {
                return Ok(link);
            }
            self.begin(&mut peers, to, lane)?
        };
        dial.await
    }

    /// What is known of a peer that is being dialled, from now on if it was not before.
    pub(crate) fn dialled<'a>(
        self: &Arc<Self>,
        peers: &'a mut Peers<C::Connection>,
        to: Peer,
    ) -> Result<&'a mut Known<C::Connection>, DialError> {
        // It goes on without anybody who waits for it.
        drop(self.begin(peers, to, Lane::Talk)?);
        peers.known_mut(to.key, Instant::now())
    }

    /// Connects with whoever is at an address.
    pub(crate) async fn meet(self: &Arc<Self>, address: SocketAddr) -> Result<Peer, DialError> {
        let link = self.attempt(address, None, Lane::Talk).await?;
        let key = link.peer;
        Ok(Peer { key, address })
    }

    /// The attempt that goes on, or one that begins now. It goes on whether it is waited for or not.
    fn begin(
        self: &Arc<Self>,
        peers: &mut Peers<C::Connection>,
        to: Peer,
        lane: Lane,
    ) -> Result<Dial<C::Connection>, DialError> {
        if to.key == self.carrier.key() {
            return Err(DialError::Oneself);
        }
        let now = Instant::now();
        let known = peers.known_mut(to.key, now)?;
        if let Some(dial) = known.dial(lane) {
            return Ok(dial.clone());
        }
        if let Some(wait) = known.backoff.wait(now) {
            return Err(DialError::BackingOff { wait });
        }
        let shared = Arc::clone(self);
        let dial = async move { shared.dial(to, lane).await }.boxed().shared();
        *known.dial(lane) = Some(dial.clone());
        self.runtime.spawn(dial.clone());
        Ok(dial)
    }

    async fn dial(
        self: &Arc<Self>,
        to: Peer,
        lane: Lane,
    ) -> Result<Arc<Link<C::Connection>>, DialError> {
        let dialled = self.attempt(to.address, Some(to.key), lane).await;

        let mut peers = self.peers();
        // It may have come by itself in the meantime.
        let came = peers.preferred(to.key, lane);
        if let Some(known) = peers.get_mut(to.key) {
            *known.dial(lane) = None;
            if let (Err(error), None) = (&dialled, &came) {
                tracing::debug!(peer = %to.key, address = %to.address, %error, "dialled in vain");
                self.back_off(known, lane, error);
            }
        }
        dialled.or_else(|error| came.ok_or(error))
    }

    /// Drops what waited for a peer: by the time that it could be sent it would be old news.
    fn back_off(&self, known: &mut Known<C::Connection>, lane: Lane, error: &DialError) {
        let (min, max) = (self.settings.backoff_min, self.settings.backoff_max);
        if !matches!(error, DialError::Full { .. } | DialError::Closed) {
            known.backoff.failed(Instant::now(), min, max, random());
        }
        if lane == Lane::Talk {
            let frames = known.outbox.take_frames().len();
            let datagrams = known.outbox.take_datagrams().len();
            self.counts.add(Count::FramesUndelivered, frames as u64);
            self.counts
                .add(Count::DatagramsUndelivered, datagrams as u64);
        }
    }

    async fn attempt(
        self: &Arc<Self>,
        address: SocketAddr,
        expected: Option<PeerKey>,
        lane: Lane,
    ) -> Result<Arc<Link<C::Connection>>, DialError> {
        let timeout = self.settings.handshake_timeout;
        let connected = tokio::time::timeout(timeout, async {
            // Fails only once it is closed, and nobody closes it.
            let _permit = self.dials.acquire().await.map_err(|_| DialError::Closed)?;
            let connection = self.carrier.dial(address, expected, lane).await?;
            if connection.peer() == self.carrier.key() {
                return Err(DialError::Oneself);
            }
            let presented = self.door().knock(&connection).await?;
            Ok((connection, presented))
        });
        let no_answer = |_| Err(DialError::NoAnswer { address, timeout });
        let (connection, presented) = connected.await.unwrap_or_else(no_answer)?;

        let made = Made {
            peer: connection.peer(),
            lane,
            life: presented.life,
            is_dialled_here: true,
        };
        let taken = self.take_in(connection.clone(), made, presented.credentials);
        taken.inspect_err(|error| {
            let closing = Closing::new(Code::NoRoom, error);
            connection.close(&closing);
        })
    }
}
