//! Looks out for whoever is waited for: a connection of QUIC takes fifteen seconds to notice that nobody is there any more,
//! and membership a second.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gary_promise::AgentId;
use gary_transport::PeerKey;
use tokio::sync::Notify;

use crate::api::Api;
use crate::gate::agent;

/// How often it is looked whether those are there who are waited for.
const LOOKS_EVERY: Duration = Duration::from_millis(200);

/// Looks out for whoever is waited for. When membership holds one of them for gone its connections are ended, so that
/// everything breaks off that goes over them.
pub(crate) struct Lookout {
    watched: Mutex<BTreeMap<PeerKey, usize>>,
    begun: Notify,
}

/// Held for as long as somebody is waited for.
pub(crate) struct Watched(Arc<Lookout>, PeerKey);

impl Lookout {
    /// One that looks for as long as the node runs, and does nothing while nobody is waited for.
    pub(crate) fn start(api: Arc<Api>) -> Arc<Self> {
        let lookout = Arc::new(Self {
            watched: Mutex::default(),
            begun: Notify::new(),
        });
        tokio::spawn(Arc::clone(&lookout).look(api));
        lookout
    }

    /// Somebody is waited for.
    pub(crate) fn watch(self: &Arc<Self>, peer: PeerKey) -> Watched {
        *self.lock().entry(peer).or_default() += 1;
        self.begun.notify_one();
        Watched(Arc::clone(self), peer)
    }

    async fn look(self: Arc<Self>, api: Arc<Api>) {
        loop {
            let watched: Vec<PeerKey> = self.lock().keys().copied().collect();
            if watched.is_empty() {
                self.begun.notified().await;
                continue;
            }
            let gone = api.with(move |its, _| {
                let members = its.membership().members();
                let is_gone = |peer: &PeerKey| !members.contains_key(&agent(*peer));
                Vec::<PeerKey>::from_iter(watched.into_iter().filter(is_gone))
            });
            // The node ends, and with it all that is waited for.
            let Ok(gone) = gone.await else { return };
            for peer in gone {
                let node: AgentId = agent(peer);
                tracing::debug!(%node, "ending connections with a node that is taken for gone");
                api.transport.disconnect(peer, "it is taken for gone");
            }
            tokio::time::sleep(LOOKS_EVERY).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PeerKey, usize>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let Self(lookout, peer) = self;
        let mut watched = lookout.lock();
        if let Some(count) = watched.get_mut(peer) {
            *count -= 1;
            if *count == 0 {
                watched.remove(peer);
            }
        }
    }
}
