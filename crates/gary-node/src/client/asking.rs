//! Asking a node over its socket.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use crate::api::{NodeShown, Refused, SettlementShown, ThisNode, WorkloadShown};

/// How long a node has to answer: longer than it waits for others itself.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);

/// A node that can be asked.
#[derive(Debug, Clone)]
pub struct Client {
    socket: PathBuf,
}

/// A node has not answered as it should.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody listens at its socket.
    #[error("no node answers at {}", socket.display())]
    Unreachable {
        /// Which socket.
        socket: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It does not answer in time.
    #[error("the node does not answer")]
    Silent,
    /// The connection broke.
    #[error("the connection to the node broke")]
    Broken(#[from] hyper::Error),
    /// It answers what this release does not understand.
    #[error("the node's answer cannot be read")]
    Unreadable(#[from] serde_json::Error),
    /// It refuses.
    #[error("{why}")]
    Refused {
        /// By which status of HTTP.
        status: u16,
        /// Why, in its words.
        why: String,
    },
}

impl Client {
    /// The node whose socket this is.
    pub fn at(socket: &Path) -> Self {
        Self {
            socket: socket.to_owned(),
        }
    }

    /// What it says of itself.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn node(&self) -> Result<ThisNode, AskError> {
        self.get("/v1/node").await
    }

    /// The nodes that it sees.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn nodes(&self) -> Result<Vec<NodeShown>, AskError> {
        self.get("/v1/nodes").await
    }

    /// The workloads of its cluster.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn workloads(&self) -> Result<Vec<WorkloadShown>, AskError> {
        self.get("/v1/workloads").await
    }

    /// Has it end.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn stop(&self) -> Result<(), AskError> {
        self.send(Method::POST, "/v1/stop", Bytes::new())
            .await
            .map(drop)
    }

    /// The intent that stands under a name, as it was signed.
    pub(super) async fn intent(&self, name: &str) -> Result<Bytes, AskError> {
        let path = format!("/v1/workloads/{name}/intent");
        self.send(Method::GET, &path, Bytes::new()).await
    }

    /// Leaves a component with it.
    pub(super) async fn put_component(&self, digest: &str, bytes: Bytes) -> Result<(), AskError> {
        let path = format!("/v1/components/{digest}");
        self.send(Method::PUT, &path, bytes).await.map(drop)
    }

    /// Submits what was signed.
    pub(super) async fn submit(
        &self,
        record: Vec<u8>,
        ack: &str,
    ) -> Result<SettlementShown, AskError> {
        let path = format!("/v1/intents?ack={ack}");
        let answer = self.send(Method::POST, &path, record.into()).await?;
        Ok(serde_json::from_slice(&answer)?)
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, AskError> {
        let answer = self.send(Method::GET, path, Bytes::new()).await?;
        Ok(serde_json::from_slice(&answer)?)
    }

    async fn send(&self, method: Method, path: &str, body: Bytes) -> Result<Bytes, AskError> {
        let answer = self.exchange(method, path, body);
        let answer = tokio::time::timeout(ANSWERS_WITHIN, answer).await;
        answer.unwrap_or(Err(AskError::Silent))
    }

    async fn exchange(&self, method: Method, path: &str, body: Bytes) -> Result<Bytes, AskError> {
        let connected = UnixStream::connect(&self.socket).await;
        let stream = connected.map_err(|source| AskError::Unreachable {
            socket: self.socket.clone(),
            source,
        })?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // It breaks where the answer does, which says so.
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(http::header::HOST, "node")
            .body(Full::new(body));
        let request = request.expect("a path of this crate's own is one");
        let response = sender.send_request(request).await?;
        let status = response.status();
        let answer = response.into_body().collect().await?.to_bytes();
        match status {
            StatusCode::OK | StatusCode::NO_CONTENT => Ok(answer),
            _ => Err(AskError::Refused {
                status: status.as_u16(),
                why: serde_json::from_slice::<Refused>(&answer).map_or_else(
                    |_| String::from_utf8_lossy(&answer).into_owned(),
                    |refused| refused.error,
                ),
            }),
        }
    }
}
