//! Listens, accepts, and drains.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use super::connection::{self, Answers};
use super::instances::{IDLE_MAX, Instances};
use super::service::{Observer, Service};
use crate::output;
use crate::program::Wasi;
use crate::replica::Replica;

/// Connections held at once; further ones wait in the listener's backlog.
pub const CONNECTIONS_MAX: u32 = 4096;
/// Pause after an accept that failed for want of something that connections give back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What answers requests at an address: the instances of a replica.
pub struct Handler {
    instances: Arc<Instances>,
}

impl Handler {
    /// Takes a replica for one that serves.
    ///
    /// # Errors
    /// When the component does not export the handler that `wasi` says it does, in that shape.
    pub fn new(replica: &Replica, wasi: Wasi) -> wasmtime::Result<Self> {
        let instances = Arc::new(Instances::new(replica, wasi)?);
        Ok(Self { instances })
    }

    pub(super) fn into_instances(self) -> Arc<Instances> {
        self.instances
    }
}

/// A bound address at which a replica can be served.
pub struct Server {
    listener: TcpListener,
    addr: SocketAddr,
}

/// How serving came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Every request that had begun was answered.
    Whole,
    /// The time for it ran out.
    TimedOut,
}

impl Server {
    /// Binds an address; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address is in use, not this machine's, or not allowed.
    pub async fn bind(addr: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        Ok(Self { listener, addr })
    }

    /// The address as bound.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves until `stop` is ready, then lets requests under way end for up to `drain`.
    pub async fn serve(
        self,
        handler: Handler,
        observer: Arc<dyn Observer>,
        stop: impl Future<Output = ()>,
        drain: Duration,
    ) -> Drained {
        let instances = handler.instances;
        let service = Arc::new(Service::new(instances.clone(), observer));
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX as usize));
        let (stopping, stopped) = watch::channel(());
        tokio::select! {
            () = accept(&self.listener, &service, &places, &stopped) => {}
            () = reap(&instances) => {}
            () = stop => {}
        }
        drop(self);
        // Nobody may be listening, which is as well.
        let _ = stopping.send(());
        let drained = tokio::time::timeout(drain, async {
            let _ = places.acquire_many(CONNECTIONS_MAX).await;
            instances.drained().await;
            output::flush().await;
        });
        match drained.await {
            Ok(()) => Drained::Whole,
            Err(_) => Drained::TimedOut,
        }
    }
}

/// Serves whoever connects, for as long as it is polled.
pub(super) async fn accept<A: Answers>(
    listener: &TcpListener,
    service: &Arc<A>,
    places: &Arc<Semaphore>,
    stopped: &watch::Receiver<()>,
) {
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                service.observer().connection(&format!("accept: {error}"));
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        prepare(&stream);
        let served = connection::serve(stream, service.clone(), stopped.clone());
        tokio::spawn(async move {
            served.await;
            drop(place);
        });
    }
}

/// Small writes of a guest, as of an event stream, are sent as they come.
fn prepare(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a client's connection keeps delaying small writes");
    }
}

/// Looks after idle instances for as long as anything is served.
pub(super) async fn reap(instances: &Instances) {
    if !instances.reuses() {
        return std::future::pending().await;
    }
    let mut every = tokio::time::interval(IDLE_MAX);
    loop {
        every.tick().await;
        instances.drop_idle(Instant::now());
    }
}
