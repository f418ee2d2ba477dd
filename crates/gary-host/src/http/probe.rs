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

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use futures::FutureExt;

    use super::super::{Asked, Handler, Observer, Request as Answered};
    use super::*;
    use crate::{Artifact, Engines, Failure, Kind, Program, Replica, Spec};

    /// Answers nothing, and computes for as long as it may.
    const SPINS: &str = r#"(component
        (import "wasi:http/types@0.2.0" (instance $types
            (export "incoming-request" (type (sub resource)))
            (export "response-outparam" (type (sub resource)))))
        (alias export $types "incoming-request" (type $request))
        (alias export $types "response-outparam" (type $out))
        (core module $m (func (export "handle") (param i32 i32) (loop br 0)))
        (core instance $i (instantiate $m))
        (func $handle (param "request" (own $request)) (param "response-out" (own $out))
            (canon lift (core func $i "handle")))
        (instance $handler (export "handle" (func $handle)))
        (export "wasi:http/incoming-handler@0.2.0" (instance $handler)))"#;

    /// Is told everything, and tells nobody.
    pub(in crate::http) struct Nobody;

    impl Observer for Nobody {
        fn wants_requests(&self) -> bool {
            false
        }
        fn request(&self, _request: &Answered<'_>) {}
        fn failed(&self, _asked: &Asked, _failure: &Failure) {}
        fn connection(&self, _why: &str) {}
    }

    fn site() -> Site {
        let bytes = wat::parse_str(SPINS).expect("it is well formed");
        let artifact = Artifact::new(bytes).expect("it is WebAssembly");
        let program = Program::compile(&Engines::pooling(), None, &artifact);
        let program = program.expect("it is valid");
        let Kind::Http(wasi) = program.kind() else {
            panic!("it answers requests");
        };
        let replica = Replica::new(&program, Spec::default()).expect("it is provided for");
        let handler = Handler::new(&replica, wasi).expect("it can be handled");
        Site::new(handler, Arc::new(Nobody))
    }

    #[tokio::test]
    async fn what_a_probe_has_left_behind_is_gone_once_its_site_is_drained() {
        let site = site();
        let within = Duration::from_millis(50);
        let asked = site.probe("/", within).await;
        assert!(matches!(asked, Err(ProbeError::Silent(_))), "{asked:?}");
        let is_idle = |site: &Site| site.service.instances().drained().now_or_never().is_some();
        assert!(!is_idle(&site), "the guest goes on by itself");
        site.drained(Duration::ZERO).await;
        assert!(is_idle(&site), "nothing goes on that was to end");
    }

    #[tokio::test]
    async fn what_is_drained_and_dropped_holds_its_replica_no_more() {
        let site = site();
        // What looks after idle instances has begun.
        tokio::task::yield_now().await;
        let held = Arc::downgrade(site.service.instances());
        site.drained(Duration::ZERO).await;
        drop(site);
        assert_eq!(held.strong_count(), 0);
    }
}
