//! The connections there are, which of them is used for what, and which has to go.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use futures::future::{BoxFuture, Shared};

use crate::backoff::Backoff;
use crate::outbox::Outbox;
use crate::{DialError, Lane, PeerKey, Settings};

/// Connections of one lane that one peer may have. Two are made when both dial at once, and two more
/// when the peer starts again before the end of the old ones shows.
const CONNECTIONS_PER_LANE_MAX: usize = 4;

/// What an agent calls itself while it runs. Another life of the same key is a later one.
pub(crate) type Life = [u8; 8];

/// A connection that a peer was let in on.
#[derive(Debug)]
pub(crate) struct Link<C> {
    pub(crate) connection: C,
    pub(crate) peer: PeerKey,
    pub(crate) lane: Lane,
    /// Which connection it is, counted from the first of all.
    pub(crate) number: u64,
    /// Shared by all streams that people hold.
    pub(crate) busy: Arc<()>,
    /// Which life of the peer's it leads to, counted from the first that was met.
    life: u64,
    is_dialled_by_lower: bool,
    used: AtomicU64,
}

/// An attempt to connect that several may wait for.
pub(crate) type Dial<C> = Shared<BoxFuture<'static, Result<Arc<Link<C>>, DialError>>>;

/// What is known of one peer.
pub(crate) struct Known<C> {
    links: Vec<Arc<Link<C>>>,
    dials: [Option<Dial<C>>; 2],
    latest_life: (u64, Life),
    /// Links of which the shell was told that they are there, and not yet that they are gone.
    announced: usize,
    pub(crate) backoff: Backoff,
    pub(crate) outbox: Outbox,
}

/// All peers of which anything is known.
pub(crate) struct Peers<C> {
    here: PeerKey,
    connections_max: usize,
    peers_max: usize,
    known: HashMap<PeerKey, Known<C>>,
    connections: usize,
    /// Links ever made.
    made: u64,
    /// Counts uses; it only orders them.
    clock: AtomicU64,
    is_closed: bool,
}

/// How a link came to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Made {
    pub(crate) peer: PeerKey,
    pub(crate) lane: Lane,
    pub(crate) life: Life,
    pub(crate) is_dialled_here: bool,
}

/// A link, and those that have to be closed for it.
#[derive(Debug)]
pub(crate) struct Inserted<C> {
    pub(crate) link: Arc<Link<C>>,
    pub(crate) evicted: Vec<Arc<Link<C>>>,
}

impl<C> Peers<C> {
    pub(crate) fn new(here: PeerKey, settings: &Settings) -> Self {
        Self {
            here,
            connections_max: settings.connections_max,
            peers_max: settings.peers_max,
            known: HashMap::new(),
            connections: 0,
            made: 0,
            clock: AtomicU64::new(0),
            is_closed: false,
        }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections
    }

    /// Lets nobody in and dials nobody from now on.
    pub(crate) fn close(&mut self) {
        self.is_closed = true;
    }

    pub(crate) fn get_mut(&mut self, key: PeerKey) -> Option<&mut Known<C>> {
        self.known.get_mut(&key)
    }

    /// What is known of a peer, where there is room for another.
    pub(crate) fn known_mut(
        &mut self,
        key: PeerKey,
        now: Instant,
    ) -> Result<&mut Known<C>, DialError> {
        if self.is_closed {
            return Err(DialError::Closed);
        }
        if !self.known.contains_key(&key) && self.known.len() >= self.peers_max {
            self.known
                .retain(|_, known| known.is_needed() || known.backoff.wait(now).is_some());
            if self.known.len() >= self.peers_max {
                self.known.retain(|_, known| known.is_needed());
            }
            if self.known.len() >= self.peers_max {
                return Err(DialError::TooManyPeers {
                    limit: self.peers_max,
                });
            }
        }
        Ok(self.known.entry(key).or_default())
    }

    /// The link that is written on, which is marked as used.
    pub(crate) fn preferred(&self, key: PeerKey, lane: Lane) -> Option<Arc<Link<C>>> {
        let link = self.known.get(&key)?.preferred(lane)?;
        self.touch(link);
        Some(Arc::clone(link))
    }

    /// Marks a link as used.
    pub(crate) fn touch(&self, link: &Link<C>) {
        let now = self.clock.fetch_add(1, Ordering::Relaxed);
        link.used.store(now, Ordering::Relaxed);
    }

    /// Takes a connection in, and says which have to be closed for it.
    pub(crate) fn insert(
        &mut self,
        connection: C,
        made: Made,
        now: Instant,
    ) -> Result<Inserted<C>, DialError> {
        self.known_mut(made.peer, now)?;
        let mut evicted = Vec::new();
        if let Some(surplus) = self.surplus(made.peer, made.lane) {
            evicted.push(surplus);
        } else if self.connections >= self.connections_max {
            let limit = self.connections_max;
            evicted.push(self.least_used().ok_or(DialError::Full { limit })?);
        }
        for link in &evicted {
            self.remove(link);
        }

        self.made += 1;
        let number = self.made;
        let is_lower = self.here < made.peer;
        let known = self.known_mut(made.peer, now)?;
        known.backoff.succeeded();
        if known.latest_life.1 != made.life {
            known.latest_life = (number, made.life);
        }
        let link = Arc::new(Link {
            connection,
            peer: made.peer,
            lane: made.lane,
            number,
            busy: Arc::new(()),
            life: known.latest_life.0,
            is_dialled_by_lower: made.is_dialled_here == is_lower,
            used: AtomicU64::new(0),
        });
        known.links.push(Arc::clone(&link));
        self.connections += 1;
        self.touch(&link);
        Ok(Inserted { link, evicted })
    }

    /// Lets go of a link, if it was not let go of before.
    pub(crate) fn remove(&mut self, link: &Link<C>) {
        let Some(known) = self.known.get_mut(&link.peer) else {
            return;
        };
        let before = known.links.len();
        known.links.retain(|other| other.number != link.number);
        self.connections -= before - known.links.len();
    }

    /// Every link with a peer.
    pub(crate) fn links(&self, key: PeerKey) -> Vec<Arc<Link<C>>> {
        let known = self.known.get(&key);
        known.map_or_else(Vec::new, |known| known.links.clone())
    }

    /// The link used longest ago, if a peer has as many as it may have.
    fn surplus(&self, key: PeerKey, lane: Lane) -> Option<Arc<Link<C>>> {
        let links = &self.known.get(&key)?.links;
        let of_lane = links.iter().filter(|link| link.lane == lane);
        if of_lane.clone().count() < CONNECTIONS_PER_LANE_MAX {
            return None;
        }
        of_lane.min_by_key(|link| link.used_at()).cloned()
    }

    /// The link used longest ago among those that nobody is using.
    fn least_used(&self) -> Option<Arc<Link<C>>> {
        let idle = self.known.values().flat_map(|known| {
            let links = known.links.iter();
            links.filter(|link| !known.uses(link))
        });
        idle.min_by_key(|link| link.used_at()).cloned()
    }
}

impl<C> Known<C> {
    /// The link that is written on: of the peer's latest life that which the lower key dialled, so
    /// that both sides come to the same one, and of several such the newest.
    fn preferred(&self, lane: Lane) -> Option<&Arc<Link<C>>> {
        let links = self.links.iter().filter(|link| link.lane == lane);
        links.max_by_key(|link| (link.life, link.is_dialled_by_lower, link.number))
    }

    /// Whether somebody would miss the link.
    fn uses(&self, link: &Link<C>) -> bool {
        let has_streams = Arc::strong_count(&link.busy) > 1;
        has_streams || (link.lane == Lane::Talk && self.outbox.is_busy())
    }

    /// Whether anything but a back-off is remembered.
    fn is_needed(&self) -> bool {
        !self.links.is_empty()
            || self.dials.iter().any(Option::is_some)
            || self.announced > 0
            || self.outbox.is_busy()
    }

    /// The attempt to connect that goes on.
    pub(crate) fn dial(&mut self, lane: Lane) -> &mut Option<Dial<C>> {
        &mut self.dials[lane as usize]
    }

    /// Takes note that the shell hears of one more link.
    pub(crate) fn announce(&mut self) {
        self.announced += 1;
    }

    /// Takes note that a link is gone of which the shell had heard, and says whether it was the last.
    pub(crate) fn renounce(&mut self) -> bool {
        self.announced -= 1;
        self.announced == 0
    }
}

impl<C> Link<C> {
    fn used_at(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }
}

impl<C> Default for Known<C> {
    fn default() -> Self {
        Self {
            links: Vec::new(),
            dials: [None, None],
            latest_life: (0, Life::default()),
            announced: 0,
            backoff: Backoff::default(),
            outbox: Outbox::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const HERE: PeerKey = PeerKey::new([5; 32]);

    fn peers(connections_max: usize, peers_max: usize) -> Peers<()> {
        let settings = Settings {
            connections_max,
            peers_max,
            ..Settings::default()
        };
        Peers::new(HERE, &settings)
    }

    fn made(key: u8, life: u8, is_dialled_here: bool) -> Made {
        Made {
            peer: PeerKey::new([key; 32]),
            lane: Lane::Talk,
            life: [life; 8],
            is_dialled_here,
        }
    }

    fn insert(peers: &mut Peers<()>, made: Made) -> (u64, Vec<u64>) {
        let Inserted { link, evicted } = peers.insert((), made, Instant::now()).unwrap();
        (
            link.number,
            evicted.iter().map(|link| link.number).collect(),
        )
    }

    fn preferred(peers: &Peers<()>, key: u8) -> u64 {
        let link = peers.preferred(PeerKey::new([key; 32]), Lane::Talk);
        link.unwrap().number
    }

    #[test]
    fn of_two_that_dialled_at_once_the_lower_keys_is_written_on() {
        for first_is_dialled_here in [true, false] {
            let mut peers = peers(9, 9);
            for is_dialled_here in [first_is_dialled_here, !first_is_dialled_here] {
                insert(&mut peers, made(6, 1, is_dialled_here));
                insert(&mut peers, made(4, 1, is_dialled_here));
            }
            let is_dialled_here = |key| {
                let first = preferred(&peers, key) <= 2;
                first == first_is_dialled_here
            };
            assert!(is_dialled_here(6));
            assert!(!is_dialled_here(4));
        }
    }

    #[test]
    fn a_later_life_is_written_to_whoever_dialled() {
        let mut peers = peers(9, 9);
        insert(&mut peers, made(6, 1, true));
        let (later, _) = insert(&mut peers, made(6, 2, false));
        assert_eq!(preferred(&peers, 6), later);
    }

    #[test]
    fn the_link_used_longest_ago_makes_room() {
        let mut peers = peers(2, 9);
        let (first, _) = insert(&mut peers, made(1, 1, true));
        let (second, _) = insert(&mut peers, made(2, 1, true));
        assert_eq!(preferred(&peers, 1), first);
        let (_, evicted) = insert(&mut peers, made(3, 1, true));
        assert_eq!(evicted, [second]);
        assert_eq!(peers.connections(), 2);
    }

    #[test]
    fn what_is_in_use_makes_no_room() {
        let mut peers = peers(2, 9);
        let streaming = peers
            .insert((), made(1, 1, true), Instant::now())
            .unwrap()
            .link;
        let used = Arc::clone(&streaming.busy);
        insert(&mut peers, made(2, 1, true));
        let known = peers.get_mut(PeerKey::new([2; 32])).unwrap();
        known.outbox.is_written = true;

        let refused = peers.insert((), made(3, 1, true), Instant::now());
        assert_eq!(refused.unwrap_err(), DialError::Full { limit: 2 });
        assert_eq!(peers.connections(), 2);
        drop(used);
        let (_, evicted) = insert(&mut peers, made(3, 1, true));
        assert_eq!(evicted, [streaming.number]);
    }

    #[test]
    fn one_peer_does_not_take_all_the_room() {
        let mut peers = peers(100, 9);
        let (other, _) = insert(&mut peers, made(2, 1, false));
        for _ in 0..20 {
            insert(&mut peers, made(1, 1, false));
        }
        assert_eq!(peers.connections(), 1 + CONNECTIONS_PER_LANE_MAX);
        assert_eq!(preferred(&peers, 2), other);
    }

    #[test]
    fn a_link_is_let_go_of_once() {
        let mut peers = peers(9, 9);
        let link = peers
            .insert((), made(1, 1, true), Instant::now())
            .unwrap()
            .link;
        peers.remove(&link);
        peers.remove(&link);
        assert_eq!(peers.connections(), 0);
        assert!(peers.preferred(link.peer, Lane::Talk).is_none());
    }

    #[test]
    fn back_offs_are_forgotten_to_remember_who_matters() {
        let mut peers = peers(9, 2);
        let now = Instant::now();
        let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
        for key in [1, 2] {
            let known = peers.known_mut(PeerKey::new([key; 32]), now).unwrap();
            known.backoff.failed(now, second, minute, u64::MAX);
        }
        insert(&mut peers, made(3, 1, true));
        insert(&mut peers, made(4, 1, true));
        let refused = peers.known_mut(PeerKey::new([5; 32]), now).map(drop);
        assert_eq!(refused, Err(DialError::TooManyPeers { limit: 2 }));
        assert_eq!(peers.connections(), 2);
    }
}
