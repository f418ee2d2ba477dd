//! A network that can be cut: what is sent to a node goes by way of a proxy of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How long a thread may take to notice that its proxy is gone.
const NOTICES_WITHIN: Duration = Duration::from_millis(50);

/// The longest packet of UDP.
const PACKET_BYTES_MAX: usize = 65_536;

/// Which nodes do not reach one another, by where they listen.
#[derive(Clone, Default)]
pub(crate) struct Cuts(Arc<Mutex<BTreeSet<(SocketAddr, SocketAddr)>>>);

/// Stands where a node says that it can be reached.
pub(crate) struct Proxy {
    at: SocketAddr,
    is_over: Arc<AtomicBool>,
}

impl Cuts {
    /// Nothing passes between these any more, whoever of them sends it.
    pub(crate) fn cut(&self, one: SocketAddr, other: SocketAddr) {
        let mut cuts = self.0.lock().expect("nobody panics with it");
        cuts.extend([(one, other), (other, one)]);
    }

    /// Everything passes again.
    pub(crate) fn heal(&self) {
        self.0.lock().expect("nobody panics with it").clear();
    }

    fn passes(&self, from: SocketAddr, to: SocketAddr) -> bool {
        let cuts = self.0.lock().expect("nobody panics with it");
        !cuts.contains(&(from, to))
    }
}

impl Proxy {
    /// A proxy for the node that listens there.
    pub(crate) fn of(node: SocketAddr, cuts: &Cuts) -> Self {
        let front = socket();
        let at = front.local_addr().expect("it is bound");
        let is_over = Arc::new(AtomicBool::new(false));
        let (over, cuts) = (Arc::clone(&is_over), cuts.clone());
        thread::spawn(move || pass_on(&Arc::new(front), node, &cuts, &over));
        Self { at, is_over }
    }

    /// Where it is.
    pub(crate) fn at(&self) -> SocketAddr {
        self.at
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.is_over.store(true, Relaxed);
    }
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("there is a port");
    let timeout = socket.set_read_timeout(Some(NOTICES_WITHIN));
    timeout.expect("a socket has one");
    socket
}

/// Passes on what comes to the node, from a socket for each who sends, so that it can answer each.
fn pass_on(front: &Arc<UdpSocket>, node: SocketAddr, cuts: &Cuts, over: &Arc<AtomicBool>) {
    let mut backs = BTreeMap::<SocketAddr, Arc<UdpSocket>>::new();
    let mut packet = vec![0; PACKET_BYTES_MAX];
    while !over.load(Relaxed) {
        let Ok((length, from)) = front.recv_from(&mut packet) else {
            continue;
        };
        let back = backs.entry(from).or_insert_with(|| {
            let back = Arc::new(socket());
            let (front, own) = (Arc::clone(front), Arc::clone(&back));
            let (cuts, over) = (cuts.clone(), Arc::clone(over));
            thread::spawn(move || pass_back(&front, &own, (from, node), &cuts, &over));
            back
        });
        if cuts.passes(from, node) {
            // What a node that is down would have got is lost.
            let _ = back.send_to(&packet[..length], node);
        }
    }
}

fn pass_back(
    front: &UdpSocket,
    back: &UdpSocket,
    (to, node): (SocketAddr, SocketAddr),
    cuts: &Cuts,
    over: &AtomicBool,
) {
    let mut packet = vec![0; PACKET_BYTES_MAX];
    while !over.load(Relaxed) {
        let Ok(length) = back.recv(&mut packet) else {
            continue;
        };
        if cuts.passes(node, to) {
            let _ = front.send_to(&packet[..length], to);
        }
    }
}
