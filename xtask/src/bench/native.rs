//! A server without any guest: what hyper and tokio alone do with the same answer.

use std::convert::Infallible;
use std::net::SocketAddr;

use anyhow::Result;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// The answer of the guests in workloads/hello-http and workloads/http-p3.
const BODY: &[u8] = b"hello from gary\n";

/// Serve the benchmarks' answer with hyper alone.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Address to serve at
    #[arg(long)]
    addr: SocketAddr,
}

/// Serves until it is killed.
#[tokio::main]
pub(crate) async fn run(args: &Args) -> Result<()> {
    let listener = TcpListener::bind(args.addr).await?;
    eprintln!("serving native at http://{}/", listener.local_addr()?);
    loop {
        let (connection, _) = listener.accept().await?;
        connection.set_nodelay(true)?;
        tokio::spawn(
            // A client that goes away is no concern of a benchmark's server.
            http1::Builder::new().serve_connection(TokioIo::new(connection), service_fn(answer)),
        );
    }
}

async fn answer(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::new(Bytes::from_static(BODY)));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    Ok(response)
}
