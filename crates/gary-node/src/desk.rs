//! What other nodes, and those who would like to be one, ask over streams.

use std::sync::Arc;

use axum::Router;
use gary_host::http::Front;
use gary_transport::{Peer, Stream};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncWriteExt;

use crate::api::{self, Api};
use crate::cluster::Credentials;
use crate::discarding;
use crate::gate::{Gate, Standing};
use crate::keeping;
use crate::lending::Lending;
use crate::peer_http::{Kind, both_ways};
use crate::shell::Answers;
use crate::sites::Sites;

/// Answers what other nodes, and who would like to be one, ask over streams.
pub(crate) struct Desk {
    pub(crate) api: Arc<Api>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) front: Arc<Front<Sites>>,
    pub(crate) lending: Arc<Lending>,
}

impl Answers for Desk {
    fn answer(&mut self, from: Peer, kind: u8, mut stream: Stream) {
        let is_member = self.gate.is_member(from.key);
        match Kind::of(kind) {
            Some(Kind::Join) => match self.gate.admit(from.key) {
                Ok(chain) => {
                    _ = tokio::spawn(async move {
                        let admitted = Credentials::Admitted(chain).pack();
                        // Whoever has left comes again.
                        let _ = stream.send.write_all(&admitted).await;
                        let _ = stream.send.shutdown().await;
                    })
                }
                Err(why) => {
                    tracing::info!(peer = %from.key, %why, "somebody is not admitted");
                    self.api.transport.disconnect(from.key, &why.to_string());
                }
            },
            Some(Kind::Site) if is_member => {
                let front = Arc::clone(&self.front);
                tokio::spawn(front.serve_stream(both_ways(stream)));
            }
            Some(Kind::Api) if is_member => {
                let kept = keeping::router(Arc::clone(&self.api));
                let router = api::for_peers(Arc::clone(&self.api))
                    .merge(kept)
                    .merge(discarding::router(Arc::clone(&self.api)))
                    .merge(self.lending.router(from.key));
                tokio::spawn(serve(stream, router));
            }
            Some(Kind::Person) => {
                let standing = self.gate.standing(from.key);
                if let Some(Standing::Admitted(role)) = standing {
                    let router = api::for_clients(Arc::clone(&self.api), role);
                    tokio::spawn(serve(stream, router));
                }
            }
            // Letting go of the stream refuses it.
            Some(Kind::Site | Kind::Api) | None => {}
        }
    }
}

async fn serve(stream: Stream, router: Router) {
    let served = hyper::server::conn::http1::Builder::new()
        .serve_connection(
            TokioIo::new(both_ways(stream)),
            TowerToHyperService::new(router),
        )
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a request over a stream broke off");
    }
}
