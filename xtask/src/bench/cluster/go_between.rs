//! A socket between `gary deploy` and the node that it asks, which tells when what is deployed comes to that node's API
//! and when that has answered. The process' own start, and its look at the component, are told apart by that.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result};

/// How requests begin that change something: the component, and the intent.
const CHANGES: [&[u8]; 2] = [b"PUT ", INTENT];
/// How the request begins whose answer is that of the deploy.
const INTENT: &[u8] = b"POST /v1/intents";

/// Bytes that are passed on at once.
const CHUNK_BYTES: usize = 64 << 10;

/// What it tells.
#[derive(Debug, Clone, Copy)]
pub(super) enum Seen {
    /// The node is asked to take something.
    Asked(Instant),
    /// It has answered the deploy.
    Answered(Instant),
}

/// Listens for as long as this program runs: each of its threads waits for whoever connects next.
pub(super) struct GoBetween {
    seen: Receiver<Seen>,
}

impl GoBetween {
    /// Stands at `socket`, and passes on to the node at `node`.
    pub(super) fn stand(socket: &Path, node: PathBuf) -> Result<Self> {
        let listener = UnixListener::bind(socket)
            .with_context(|| format!("cannot listen at {}", socket.display()))?;
        let (tells, seen) = channel();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (node, tells) = (node.clone(), tells.clone());
                // A node that is gone is a connection that closes.
                thread::spawn(move || pass(client, &node, &tells));
            }
        });
        Ok(Self { seen })
    }

    /// Forgets what was seen of an earlier deploy.
    pub(super) fn forget(&self) {
        while self.seen.try_recv().is_ok() {}
    }

    pub(super) fn seen(&self) -> &Receiver<Seen> {
        &self.seen
    }
}

fn pass(client: UnixStream, node: &Path, tells: &Sender<Seen>) -> Option<()> {
    let node = UnixStream::connect(node).ok()?;
    let (from_node, to_client) = (node.try_clone().ok()?, client.try_clone().ok()?);
    let (asks, asked) = channel::<()>();
    let answers = tells.clone();
    thread::spawn(move || {
        forward(from_node, to_client, |_| {
            if asked.try_recv().is_ok() {
                let _ = answers.send(Seen::Answered(Instant::now()));
            }
        })
    });
    forward(client, node, |chunk| {
        if CHANGES.iter().any(|change| chunk.starts_with(change)) {
            let _ = tells.send(Seen::Asked(Instant::now()));
        }
        if chunk.starts_with(INTENT) {
            let _ = asks.send(());
        }
    })
}

/// Passes on what comes until no more does. `look` sees each chunk before it is passed on.
fn forward(mut from: UnixStream, mut to: UnixStream, mut look: impl FnMut(&[u8])) -> Option<()> {
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        match from.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(count) => {
                look(&buffer[..count]);
                to.write_all(&buffer[..count]).ok()?;
            }
        }
    }
    to.shutdown(Shutdown::Write).ok()
}
