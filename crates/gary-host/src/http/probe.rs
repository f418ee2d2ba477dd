//! Asks a workload as a client would, to see whether it is well.

use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{Request, StatusCode};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::sync::watch;
use tokio::{io, time};

use super::connection;
use super::site::Site;

/// What is on its way between the two, in bytes.
const BUFFER_BYTES: usize = 8 << 10;

/// A workload has not answered.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// Within its time.
    #[error("it has not answered within {0:?}")]
    Silent(Duration),
    /// What it was asked for is no path.
    #[error("{0} is no path")]
    Path(String),
    /// The exchange broke off.
    #[error("it has broken off")]
    Broken(#[from] hyper::Error),
}

impl Site {
    /// Asks for a path, and says with which status that is answered.
    ///
    /// # Errors
    /// When it is not answered in time, or not at all.
    pub async fn probe(&self, path: &str, within: Duration) -> Result<StatusCode, ProbeError> {
        let asked = time::timeout(within, self.ask(path)).await;
        asked.unwrap_or(Err(ProbeError::Silent(within)))
    }

    async fn ask(&self, path: &str) -> Result<StatusCode, ProbeError> {
        let request = Request::get(path)
            .header(HOST, "health.localhost")
            .body(Empty::<Bytes>::new())
            .map_err(|_| ProbeError::Path(path.to_owned()))?;
        let (here, there) = io::duplex(BUFFER_BYTES);
        // Both ends are dropped with this, whoever gives up first.
        let (_stopping, stopped) = watch::channel(());
        let serving = connection::speak(there, false, self.service.clone(), stopped);
        let asking = async {
            let (mut sender, connection) = http1::handshake(TokioIo::new(here)).await?;
            let answer = async move { Ok(sender.send_request(request).await?.status()) };
            tokio::select! {
                answer = answer => answer,
                Err(error) = connection => Err(error.into()),
            }
        };
        tokio::select! {
            answer = asking => answer,
            () = serving => Err(ProbeError::Silent(Duration::ZERO)),
        }
    }
}
