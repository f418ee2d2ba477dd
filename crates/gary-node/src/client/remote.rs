//! Asking a node over the network.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gary_transport::quic::bind;
use gary_transport::{DialError, Lane, Peer, Transport};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;

use super::admittance::Admittance;
use super::asking::AskError;
use super::person::Person;
use crate::cluster::Credentials;
use crate::gate::Gate;
use crate::joining::{limits, secret};
use crate::peer_http::{self, Kind};

/// How long a node has to answer at all.
const CONNECTS_WITHIN: Duration = Duration::from_secs(5);

/// From how many bytes on a request goes by the connection that does not stand in the way of others.
const BULK_BYTES_MIN: usize = 64 << 10;

/// A node that is asked over the network.
#[derive(Clone)]
pub(super) struct Remote {
    transport: Arc<dyn Transport>,
    peer: Peer,
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remote")
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

impl Remote {
    /// Connects with the node at an address, and sees to it that it is of the cluster.
    pub(super) async fn connect(
        person: &Person,
        admittance: &Admittance,
        address: SocketAddr,
    ) -> Result<Self, AskError> {
        let refused = |why: &str| AskError::Refused {
            status: 403,
            why: why.to_owned(),
        };
        let unreachable = |why: String| AskError::NoAnswer { address, why };
        let read = admittance.read();
        let (cluster, chain) = read.ok_or_else(|| refused("the context is damaged"))?;
        let seed = *person.seed();
        let gate = Arc::new(Gate::new(cluster, seed, Credentials::Admitted(chain)));
        let secret = secret(seed).map_err(|error| unreachable(error.to_string()))?;
        let any = SocketAddr::from(([0; 16], 0));
        let door: Arc<dyn gary_transport::Doorkeeper> = gate.clone();
        let bound = bind(any, &secret, limits(), door);
        let (transport, _heard) = bound.map_err(|error| unreachable(error.to_string()))?;
        let met = tokio::time::timeout(CONNECTS_WITHIN, transport.meet(address)).await;
        let met = met.map_err(|_| unreachable("it does not answer".to_owned()))?;
        let peer = met.map_err(|error| match error {
            DialError::Refused { reason } => refused(&reason),
            error => unreachable(error.to_string()),
        })?;
        match gate.is_member(peer.key) {
            true => Ok(Self { transport, peer }),
            false => Err(refused("who answers there is no node of the cluster")),
        }
    }

    pub(super) async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, AskError> {
        let lane = match hyper::body::Body::size_hint(request.body()).lower() {
            few if few < BULK_BYTES_MIN as u64 => Lane::Talk,
            _ => Lane::Bulk,
        };
        let request = request.map(|body| body.map_err(|never| match never {}).boxed_unsync());
        let sent = peer_http::send(&self.transport, self.peer, lane, Kind::Person, request);
        sent.await.map_err(|error| AskError::NoAnswer {
            address: self.peer.address,
            why: error.to_string(),
        })
    }
}
