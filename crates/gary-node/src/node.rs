//! A node: all its parts, put together.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gary_agent::membership::{Seed, Settings as Patience};
use gary_agent::{Agent, AgentSetup, REPLACES_AFTER, Setup};
use gary_host::http::Front;
use gary_promise::{
    AgentId, AgentKey, Architecture, BootNonce, Capacity, ClusterId, Consider, Interfaces, Labels,
    Resources, Submitters,
};
use gary_store::OpenError;
use gary_transport::quic::bind;
use gary_wire::WireCodec;
use tokio::net::UnixListener;
use tokio::sync::{Notify, mpsc};

use crate::api::{self, Api, ThisNode};
use crate::chronicle::Chronicle;
use crate::clock::Clock;
use crate::cluster::Credentials;
use crate::components::Components;
use crate::desk::Desk;
use crate::discarding::discard;
use crate::disk::{Disk, DiskError};
use crate::doors::Doors;
use crate::event::{Ask, Event};
use crate::gate::Gate;
use crate::holding::hold;
use crate::host::{Hosts, Tools, Workshop};
use crate::joining::{limits, secret};
use crate::lending::Lending;
use crate::logs::Logs;
use crate::lookout::Lookout;
use crate::metrics;
use crate::passing::Ingress;
use crate::random::random;
use crate::servers::{Keepers, Servers};
use crate::shell::{EVENTS_MAX, Ended, Shell, Then};
use crate::sites::{RequestLog, Sites};
use crate::socket::{SOCKET_PATH_BYTES_MAX, Socket, SocketPlace};
use crate::store_node;
use crate::stores::{STORES_BYTES_MAX, Stores};
use crate::upkeep;

/// The most bytes that components take on a node's disk.
const COMPONENTS_BYTES_MAX: u64 = 4 << 30;

/// What a node is told at its start.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it keeps its state.
    pub state: PathBuf,
    /// Where people of its machine ask it.
    pub socket: SocketPlace,
    /// Where compiled code is kept.
    pub cache: PathBuf,
    /// The key that vouches for that: its user's, whose nodes and commands share the code.
    pub cache_key: PathBuf,
    /// Where it listens for other nodes; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where others reach it, if that is another address.
    pub advertise: Option<SocketAddr>,
    /// Where it serves workloads over HTTP.
    pub ingress: Option<SocketAddr>,
    /// Where Prometheus reads how it is; nowhere if that is not said.
    pub metrics: Option<SocketAddr>,
    /// Processor time that it promises, in millionths of a core.
    pub cpu_cores_micro: u64,
    /// Memory that it promises, in bytes.
    pub memory_bytes: u64,
    /// What its operator says of it.
    pub labels: Vec<(String, String)>,
}

/// A node does not start, or does not join.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its state cannot be used.
    #[error(transparent)]
    Disk(DiskError),
    /// Another process uses its state directory.
    #[error("{} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// A later release has written its state.
    #[error("the state is of a later release")]
    Newer(#[source] OpenError),
    /// Its state directory cannot be written to.
    #[error("the state directory cannot be written to")]
    ReadOnly(#[source] OpenError),
    /// There is no node in its state directory.
    #[error("there is no node in {}", .0.display())]
    NoNode(PathBuf),
    /// It has left its cluster for good.
    #[error("the node in {} has left its cluster", .0.display())]
    HasLeft(PathBuf),
    /// There is one already.
    #[error("there is a node in {} already", .0.display())]
    IsNode(PathBuf),
    /// It cannot listen for others.
    #[error(transparent)]
    Listen(#[from] gary_transport::quic::BindError),
    /// It cannot serve.
    #[error("it cannot serve at {at}")]
    Serve {
        /// Where.
        at: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The path of its socket is longer than the system takes.
    #[error("{} has {bytes} bytes, and the path of a socket {SOCKET_PATH_BYTES_MAX} at most", path.display())]
    SocketTooLong {
        /// Which.
        path: PathBuf,
        /// How long it is.
        bytes: usize,
    },
    /// Another node listens at its socket.
    #[error("another node is asked at {}", .0.display())]
    SocketInUse(PathBuf),
    /// Something else is where its socket is to be.
    #[error("{} is there, and is no socket", .0.display())]
    NoSocket(PathBuf),
    /// There can be no socket there.
    #[error("it cannot be asked at {}", path.display())]
    Socket {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It listens everywhere, and has no address that others could be told.
    #[error("this machine has no address that others could reach it by")]
    NoAddress(#[source] std::io::Error),
    /// What it is told to promise is nothing that can be promised.
    #[error("it cannot promise that: {0}")]
    Promise(String),
    /// Nobody of the cluster answers.
    #[error("nobody answers: {0}")]
    Unreachable(String),
    /// Nobody of the cluster lets it in.
    #[error("nobody lets it in: {0}")]
    NotAdmitted(String),
    /// There is no randomness to be had.
    #[error("the system gives no random numbers")]
    Random(#[source] std::io::Error),
    /// What guests write cannot be kept.
    #[error("what workloads write cannot be kept")]
    Logs(#[source] std::io::Error),
    /// The stores of workloads cannot be kept.
    #[error("the stores of workloads cannot be kept")]
    Stores(#[source] std::io::Error),
    /// Components cannot be kept.
    #[error("components cannot be kept: {0}")]
    Components(String),
}

impl From<DiskError> for StartError {
    fn from(error: DiskError) -> Self {
        match error {
            DiskError::Open(OpenError::InUse { dir, .. }) => Self::InUse(dir),
            DiskError::Open(error @ OpenError::Newer { .. }) => Self::Newer(error),
            DiskError::Open(error @ OpenError::ReadOnly { .. }) => Self::ReadOnly(error),
            error => Self::Disk(error),
        }
    }
}

/// A node that runs.
pub struct Node {
    this: ThisNode,
    running: tokio::task::JoinHandle<Ended>,
    events: mpsc::Sender<Event>,
    socket: Socket,
}

impl Node {
    /// Starts the node that is in a state directory.
    ///
    /// # Errors
    /// When it cannot: nothing of it runs then.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        // To open what is not there would make it.
        if !settings.state.exists() {
            return Err(StartError::NoNode(settings.state));
        }
        let mut disk = Disk::open(&settings.state)?;
        let Some(identity) = disk.identity()? else {
            return Err(StartError::NoNode(settings.state));
        };
        if disk.has_left()? {
            return Err(StartError::HasLeft(settings.state));
        }
        let id = AgentKey::from_seed(&identity.seed).id();
        let capacity = capacity(&settings, &identity.name, &id)?;
        let (facts, peers) = (disk.facts()?, disk.peers()?);
        let epoch = disk.count_start().await?;
        let cluster = ClusterId::from_bytes(identity.cluster);
        let presents = Credentials::Admitted(identity.chain.clone());
        let gate = Arc::new(Gate::new(cluster, identity.seed, presents));
        if let Some(list) = disk.revocations()? {
            let _nobody_yet = gate.take(list);
        }
        let secret = secret(identity.seed)?;
        let door: Arc<dyn gary_transport::Doorkeeper> = gate.clone();
        let (transport, heard) = bind(settings.listen, &secret, limits(), door)?;
        let address = match settings.advertise {
            Some(address) => address,
            None => reachable(transport.local_address())?,
        };

        let (events, taken) = mpsc::channel(EVENTS_MAX);
        let components = open_components(&settings.state)?;
        let own = Arc::new(events.clone());
        let components = Components::new(components, Arc::clone(&transport), own, cluster);
        let components = Arc::new(components);
        let sites = Arc::new(Sites::default());
        let logs = Logs::open(settings.state.join("logs")).map_err(StartError::Logs)?;
        let stores = Stores::open(settings.state.join("keyvalue"), STORES_BYTES_MAX);
        let stores = Arc::new(stores.map_err(StartError::Stores)?);
        let tools = Tools {
            node: identity.name.clone(),
            components: Arc::clone(&components),
            sites: Arc::clone(&sites),
            logs: logs.clone(),
            records: Arc::default(),
            chronicle: Arc::new(Chronicle::of(&identity.name)),
            stores: Arc::clone(&stores),
        };
        let (records, chronicle) = (Arc::clone(&tools.records), Arc::clone(&tools.chronicle));
        let workshop = Workshop::new(&settings.cache.join("compiled"), &settings.cache_key, tools);

        let clock = Clock::start();
        let setup = AgentSetup {
            dealings: Setup {
                key: AgentKey::from_seed(&identity.seed),
                cluster,
                epoch,
                capacity,
                consider: Some(Consider {
                    submitters: Submitters::AnyClient,
                }),
                declines: false,
                replaces_after: REPLACES_AFTER,
                seed: u64::from_le_bytes(random().map_err(StartError::Random)?),
            },
            nonce: BootNonce(u64::from_le_bytes(random().map_err(StartError::Random)?)),
            address,
            membership: Patience::lan(),
        };
        let now = clock.now();
        let mut agent = Agent::new(setup, facts, WireCodec, now);
        agent.set_wall_clock(now, Clock::wall());
        let seeds = peers.iter().map(|(agent, address)| Seed {
            agent: *agent,
            address: *address,
        });
        agent.join(now, seeds);

        let ingress = match settings.ingress {
            Some(at) => Some(listen(at).await?),
            None => None,
        };
        let for_metrics = match settings.metrics {
            Some(at) => Some(listen(at).await?),
            None => None,
        };
        let this = ThisNode {
            name: identity.name.clone(),
            id: agent.id().to_string(),
            cluster: cluster.to_string(),
            address: address.to_string(),
            ingress: ingress
                .as_ref()
                .and_then(|its| its.local_addr().ok())
                .map(|its| its.to_string()),
            metrics: for_metrics
                .as_ref()
                .and_then(|its| its.local_addr().ok())
                .map(|its| its.to_string()),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let api = Arc::new(Api {
            this: this.clone(),
            events: events.clone(),
            transport: Arc::clone(&transport),
            components: Arc::clone(&components),
            logs,
            records,
            chronicle: Arc::clone(&chronicle),
            gate: Arc::clone(&gate),
            revocation_store: disk.for_revocations(),
            uploads: tokio::sync::Semaphore::new(api::UPLOADS_MAX),
            revoking: tokio::sync::Mutex::default(),
        });
        tokio::spawn(hold(Arc::clone(&components), events.clone()));
        let socket = Socket::listen(&settings.socket, &settings.state, &identity.name)?;
        let (socket, for_people) = socket;
        serve_people(for_people, Arc::clone(&api));
        let for_clients = ingress.map(|listener| {
            let keepers = Arc::new(Keepers(Arc::clone(&api)));
            let directory = Ingress {
                sites: Arc::clone(&sites),
                servers: Arc::new(Servers::new(keepers)),
                transport: Arc::clone(&transport),
                lookout: Lookout::start(Arc::clone(&api)),
                spare: Arc::default(),
            };
            let front = Front::new(Arc::new(directory), Arc::new(RequestLog));
            let front = Arc::new(front);
            tokio::spawn(Arc::clone(&front).serve(listener));
            front
        });
        if let Some(listener) = for_metrics {
            tokio::spawn(metrics::serve(listener, Arc::clone(&api)));
        }
        let others_changed = Arc::new(Notify::new());
        tokio::spawn(upkeep::store_peers(
            disk.for_peers(),
            peers,
            Arc::clone(&others_changed),
            Arc::clone(&api),
        ));
        tokio::spawn(upkeep::tell_time(Arc::clone(&api)));
        tokio::spawn(upkeep::hear_of_revocations(Arc::clone(&api)));
        tokio::spawn(upkeep::tell_of_members(Arc::clone(&api)));
        tokio::spawn(discard(stores, Arc::clone(&api)));
        let for_peers = Front::new(Arc::clone(&sites), Arc::new(RequestLog));
        let doors = Arc::new(Doors::new(sites, for_clients, Arc::new(for_peers)));
        let desk = Desk {
            api,
            gate: Arc::clone(&gate),
            front: Arc::clone(&doors.for_peers),
            lending: Arc::new(Lending::new(components)),
        };
        let (stored, stored_events) = mpsc::unbounded_channel();
        let shell = Shell {
            agent,
            clock,
            disk,
            gate,
            transport,
            host: Box::new(Hosts::new(Arc::new(workshop), events.clone(), clock)),
            answers: Box::new(desk),
            chronicle,
            doors,
            then: Then::Stops,
            heard,
            events: taken,
            stored,
            stored_events,
            waiting: std::collections::BTreeMap::new(),
            members: 0,
            others_changed,
        };
        Ok(Self {
            this,
            running: tokio::spawn(shell.run()),
            events,
            socket,
        })
    }

    /// What it says of itself.
    pub const fn this(&self) -> &ThisNode {
        &self.this
    }

    /// Where people of its machine ask it, until it is dropped.
    pub fn socket(&self) -> &Path {
        self.socket.path()
    }

    /// Has it end once the requests under way are answered, or at once if it was told before. What it hosts stays
    /// promised: it is back soon, or others notice.
    pub async fn stop(&self) {
        // It may have ended by itself.
        let _ = self.events.send(Event::Asked(Ask::Stop)).await;
    }

    /// Waits until it has ended, and says why.
    pub async fn ended(&mut self) -> Ended {
        let ended = (&mut self.running).await;
        ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }
}

fn serve_people(listener: UnixListener, api: Arc<Api>) {
    let router = api::for_people(api);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the API has ended");
        }
    });
}

async fn listen(at: SocketAddr) -> Result<tokio::net::TcpListener, StartError> {
    let failed = |source| StartError::Serve {
        at: at.to_string(),
        source,
    };
    gary_host::http::listen(at).await.map_err(failed)
}

fn open_components(state: &Path) -> Result<gary_store::Components, StartError> {
    let opened = gary_store::Components::open(state.join("components"), COMPONENTS_BYTES_MAX);
    opened.map_err(|error| StartError::Components(error.to_string()))
}

/// Where others reach who listens here: for who listens everywhere, at the address that this machine would send from.
fn reachable(local: SocketAddr) -> Result<SocketAddr, StartError> {
    if !local.ip().is_unspecified() {
        return Ok(local);
    }
    // Nothing is sent by that: it asks the system for a route to a network that is set aside for documents.
    let route = || {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
        socket.local_addr()
    };
    let address = route().map_err(StartError::NoAddress)?;
    Ok(SocketAddr::new(address.ip(), local.port()))
}

/// What a node promises of its machine.
fn capacity(settings: &Settings, name: &str, id: &AgentId) -> Result<Capacity, StartError> {
    let refused = |why: String| StartError::Promise(why);
    let resources = Resources::new(settings.cpu_cores_micro, settings.memory_bytes);
    let own = [
        (api::NAME_LABEL.to_owned(), name.to_owned()),
        (store_node::LABEL.to_owned(), store_node::mark(id)),
    ];
    let labels = settings.labels.iter().cloned().chain(own);
    let labels = labels.map(|(key, value)| {
        let key = key
            .parse()
            .map_err(|why| refused(format!("label {key}: {why}")))?;
        let value = value
            .parse()
            .map_err(|why| refused(format!("label {value}: {why}")))?;
        Ok((key, value))
    });
    let labels: Vec<_> = labels.collect::<Result<_, StartError>>()?;
    Ok(Capacity {
        resources: resources.map_err(|why| refused(why.to_string()))?,
        labels: Labels::new(labels).map_err(|why| refused(why.to_string()))?,
        architecture: architecture(),
        interfaces: interfaces(),
    })
}

/// What its host gives to components.
fn interfaces() -> Interfaces {
    let provided = gary_host::provided().iter();
    let provided = provided.map(|its| its.parse().expect("a component imports it by that"));
    Interfaces::new(provided).expect("they are few")
}

fn architecture() -> Architecture {
    std::env::consts::ARCH.parse().expect("it is a word")
}

#[cfg(test)]
mod tests {
    use gary_promise::Interface;

    use super::*;

    #[test]
    fn what_the_host_links_is_promised_and_nothing_else() {
        let promised = interfaces();
        assert_eq!(promised.iter().count(), gary_host::provided().len());
        for (needed, is_promised) in [
            ("wasi:http/types@0.2.0", true),
            ("wasi:http/types@0.2.99", true),
            ("wasi:http/types@0.3.0", true),
            ("wasi:http/types@0.4.0", false),
            ("wasi:http/types", false),
            ("wasi:keyvalue/store@0.2.0-draft2", true),
            ("wasi:keyvalue/store@0.2.0", false),
            ("wasi:logging/logging", true),
            ("acme:missing/thing@1.2.0", false),
        ] {
            let its: Interface = needed.parse().expect(needed);
            let found = promised.iter().any(|promised| promised.stands_in_for(&its));
            assert_eq!(found, is_promised, "{needed}");
        }
    }
}
