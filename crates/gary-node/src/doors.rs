//! Where requests come in, and how that ends when the node does.

use std::sync::Arc;
use std::time::Duration;

use gary_host::http::{Drained, Front};
use tokio::sync::watch;

use crate::passing::Ingress;
use crate::sites::Sites;

/// How long requests under way have when the node stops.
const DRAIN: Duration = Duration::from_secs(10);

/// Where requests come in: from clients, and from other nodes.
pub(crate) struct Doors {
    pub(crate) sites: Arc<Sites>,
    pub(crate) for_clients: Option<Arc<Front<Ingress>>>,
    pub(crate) for_peers: Arc<Front<Sites>>,
    is_closed: watch::Sender<Option<bool>>,
}

impl Doors {
    pub(crate) fn new(
        sites: Arc<Sites>,
        for_clients: Option<Arc<Front<Ingress>>>,
        for_peers: Arc<Front<Sites>>,
    ) -> Self {
        Self {
            sites,
            for_clients,
            for_peers,
            is_closed: watch::Sender::new(None),
        }
    }

    /// Takes no more requests: clients cannot connect any more, and other nodes are told to ask elsewhere. Says whether
    /// that was not so before.
    pub(crate) fn begin_to_close(self: &Arc<Self>) -> bool {
        let has_begun = self.is_closed.send_if_modified(|is_closed| {
            let begins = is_closed.is_none();
            *is_closed = is_closed.or(Some(false));
            begins
        });
        if has_begun {
            self.sites.close_to_others();
            tokio::spawn(Arc::clone(self).drain());
        }
        has_begun
    }

    /// Waits until all that was under way when it began to close is answered, or is given up.
    pub(crate) async fn closed(&self) {
        let mut is_closed = self.is_closed.subscribe();
        // It cannot end before this does.
        let _ = is_closed.wait_for(|its| *its == Some(true)).await;
    }

    async fn drain(self: Arc<Self>) {
        let clients = async {
            match &self.for_clients {
                Some(front) => front.drain(DRAIN).await,
                None => Drained::Whole,
            }
        };
        let drained = tokio::join!(clients, self.for_peers.drain(DRAIN));
        if drained != (Drained::Whole, Drained::Whole) {
            tracing::warn!(within = ?DRAIN, "requests are cut off that take longer than a node waits for");
        }
        self.is_closed.send_replace(Some(true));
    }
}
