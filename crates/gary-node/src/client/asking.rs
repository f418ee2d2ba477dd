//! Asking a node: over its socket, or over the network.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use super::admittance::Admittance;
use super::person::Person;
use super::remote::Remote;
use crate::api::Refused;
use crate::lines::{Lines, LinesError};
use crate::socket::resolved;

/// How long a node has to answer: longer than it waits for others itself.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);

/// A node that can be asked.
#[derive(Debug, Clone)]
pub struct Client(Way);

/// How it is asked.
#[derive(Debug, Clone)]
enum Way {
    /// On its own machine.
    Socket(PathBuf),
    /// Over the network.
    Remote(Remote),
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
    /// Nobody answers at its address.
    #[error("no node answers at {address}")]
    NoAnswer {
        /// Which address.
        address: SocketAddr,
        /// Why.
        why: String,
    },
    /// It does not answer in time.
    #[error("the node does not answer")]
    Silent,
    /// The connection broke.
    #[error("the connection to the node broke")]
    Broken(#[from] hyper::Error),
    /// What it tells line by line breaks off.
    #[error("what the node tells breaks off")]
    Lines(#[from] LinesError),
    /// It answers what this release does not understand.
    #[error("the node's answer cannot be read")]
    Unreadable(#[from] serde_json::Error),
    /// What it has of revoked keys cannot be read.
    #[error("the node's list of revoked keys cannot be read")]
    NoList,
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
    /// The node whose socket this is, or a link to it.
    pub fn at(socket: &Path) -> Self {
        Self(Way::Socket(socket.to_owned()))
    }

    /// The node at an address, asked over the network by somebody who was admitted.
    ///
    /// # Errors
    /// When it does not answer, or does not let them in.
    pub async fn connect(
        person: &Person,
        admittance: &Admittance,
        address: SocketAddr,
    ) -> Result<Self, AskError> {
        let remote = Remote::connect(person, admittance, address).await?;
        Ok(Self(Way::Remote(remote)))
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, AskError> {
        let answer = self.send(Method::GET, path, Bytes::new()).await?;
        Ok(serde_json::from_slice(&answer)?)
    }

    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str) -> Result<T, AskError> {
        let answer = self.send(Method::POST, path, Bytes::new()).await?;
        Ok(serde_json::from_slice(&answer)?)
    }

    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Bytes, AskError> {
        let answer = async {
            let response = self.exchange(method, path, body).await?;
            Ok(response.into_body().collect().await?.to_bytes())
        };
        let answer = tokio::time::timeout(ANSWERS_WITHIN, answer).await;
        answer.unwrap_or(Err(AskError::Silent))
    }

    /// Hears what is told line by line, until that ends or nobody wants to hear more.
    pub(super) async fn hear<T: DeserializeOwned>(
        &self,
        path: &str,
        mut heard: impl FnMut(T) -> bool,
    ) -> Result<(), AskError> {
        let response = self.exchange(Method::GET, path, Bytes::new());
        let response = tokio::time::timeout(ANSWERS_WITHIN, response).await;
        let mut lines = Lines::of(response.unwrap_or(Err(AskError::Silent))?.into_body());
        while let Some(line) = lines.next().await? {
            if !heard(serde_json::from_slice(&line)?) {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Response<Incoming>, AskError> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(http::header::HOST, "node")
            .body(Full::new(body));
        let request = request.expect("a path of this crate's own is one");
        let response = match &self.0 {
            Way::Socket(socket) => by_socket(socket, request).await?,
            Way::Remote(remote) => remote.send(request).await?,
        };
        let status = response.status();
        if matches!(status, StatusCode::OK | StatusCode::NO_CONTENT) {
            return Ok(response);
        }
        let answer = response.into_body().collect().await?.to_bytes();
        Err(AskError::Refused {
            status: status.as_u16(),
            why: serde_json::from_slice::<Refused>(&answer).map_or_else(
                |_| String::from_utf8_lossy(&answer).into_owned(),
                |refused| refused.error,
            ),
        })
    }
}

async fn by_socket(
    socket: &Path,
    request: Request<Full<Bytes>>,
) -> Result<Response<Incoming>, AskError> {
    let socket = resolved(socket);
    let connected = UnixStream::connect(&socket).await;
    let stream = connected.map_err(|source| AskError::Unreachable { socket, source })?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It breaks where the answer does, which says so.
    tokio::spawn(connection);
    Ok(sender.send_request(request).await?)
}
