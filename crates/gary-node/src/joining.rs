//! Becoming a node: of a cluster that is founded, or of one that lets it in.

use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gary_promise::{AgentId, AgentKey, ClusterId, WallTime};
use gary_transport::quic::{SecretKey, bind};
use gary_transport::{DialError, Lane, Peer, Settings as Limits, Transport};
use gary_wire::FRAME_BYTES_MAX;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::clock::Clock;
use crate::cluster::{CREDENTIALS_BYTES_MAX, Chain, Credentials, Role, RootKey, Token};
use crate::disk::{Disk, DiskError, Identity};
use crate::gate::{Gate, agent};
use crate::node::StartError;
use crate::peer_http::Kind;
use crate::random::random;

/// What components and what is served may take of a node's network, each way: a gigabit a second.
const BULK_BYTES_PER_SECOND: u64 = 125_000_000;

/// How long joining may take.
const JOINS_WITHIN: Duration = Duration::from_secs(10);

/// A root key for a cluster that is to be founded. It is its operator's to keep, who has it before anything depends on it.
///
/// # Errors
/// When there is no randomness to be had.
pub fn draw_root() -> Result<RootKey, StartError> {
    Ok(RootKey::from_seed(&drawn()?))
}

/// Founds the cluster of a root key, whose first node is in this state directory.
///
/// # Errors
/// When there is a node already, or the directory cannot be used.
pub async fn found(state: &Path, name: &str, root: &RootKey) -> Result<(), StartError> {
    let disk = Disk::open(state)?;
    if disk.identity()?.is_some() {
        return Err(StartError::IsNode(state.to_owned()));
    }
    let seed = drawn()?;
    let id = AgentKey::from_seed(&seed).id();
    disk.found(&Identity {
        seed,
        cluster: *root.cluster().as_bytes(),
        chain: Chain::first(root.admit(id, Role::Member)),
        name: name.to_owned(),
    })
    .await?;
    Ok(())
}

/// Joins a cluster by a token: is admitted by whoever is at one of its addresses.
///
/// # Errors
/// When nobody lets it in, there is a node already, or the directory cannot be used.
pub async fn join(
    state: &Path,
    name: &str,
    token: &Token,
    from: SocketAddr,
) -> Result<(), StartError> {
    let is_new = !state.exists();
    let disk = Disk::open(state)?;
    if disk.identity()?.is_some() {
        return Err(StartError::IsNode(state.to_owned()));
    }
    if token.invitation().role() != Role::Member {
        let why = "the token lets people in, and no nodes";
        return Err(StartError::NotAdmitted(why.to_owned()));
    }
    let seed = drawn()?;
    let admitted = admitted(&seed, token, from).await;
    let (chain, peer) = admitted.inspect_err(|_| {
        // Whoever was not let in leaves no directory that looks like a node's.
        if is_new {
            let _ = std::fs::remove_dir_all(state);
        }
    })?;
    disk.found(&Identity {
        seed,
        cluster: *token.cluster().as_bytes(),
        chain,
        name: name.to_owned(),
    })
    .await?;
    let peers = [(agent(peer.key), peer.address)];
    let stored = disk.for_peers().store(&peers).await;
    Ok(stored.map_err(DiskError::from)?)
}

/// Has the holder of a key admitted by whoever is at one of a token's addresses, and says who that was.
pub(crate) async fn admitted(
    seed: &[u8; 32],
    token: &Token,
    from: SocketAddr,
) -> Result<(Chain, Peer), StartError> {
    let id = AgentKey::from_seed(seed).id();
    let invited = Credentials::Invited(token.accept(id));
    let gate = Arc::new(Gate::new(token.cluster(), *seed, invited));
    let (transport, _heard) = bind(from, &secret(*seed)?, limits(), gate)?;
    let mut admitted = Err(StartError::Unreachable(
        "the token names no address".to_owned(),
    ));
    for address in token.addresses() {
        let joins = ask_to_join(&transport, *address, token.cluster(), id);
        let joined = tokio::time::timeout(JOINS_WITHIN, joins).await;
        let in_vain = || StartError::Unreachable(format!("{address} does not answer"));
        admitted = joined.unwrap_or_else(|_| Err(in_vain()));
        if admitted.is_ok() {
            break;
        }
    }
    transport.close().await;
    admitted
}

/// Invites whoever holds the token that this makes, by way of the node at an address.
///
/// # Errors
/// When there is no randomness to be had.
pub fn invite(
    root: &RootKey,
    role: Role,
    within: Duration,
    address: Option<SocketAddr>,
) -> Result<Token, StartError> {
    let seed = drawn()?;
    let within_ms = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
    let expires_at = WallTime(Clock::wall().0.saturating_add(within_ms));
    let invitation = root.invite(&seed, role, expires_at);
    Ok(Token::new(root.cluster(), seed, invitation, address))
}

async fn ask_to_join(
    transport: &Arc<dyn Transport>,
    address: SocketAddr,
    cluster: ClusterId,
    id: AgentId,
) -> Result<(Chain, Peer), StartError> {
    let refused =
        |why: &dyn std::fmt::Display| StartError::NotAdmitted(format!("{address}: {why}"));
    let peer = transport.meet(address).await.map_err(|error| match error {
        DialError::Refused { reason } => refused(&reason),
        error => StartError::Unreachable(format!("{address}: {error}")),
    })?;
    let opened = transport.open(peer, Lane::Talk, Kind::Join as u8).await;
    let mut stream = opened.map_err(|error| refused(&error))?;
    stream
        .send
        .shutdown()
        .await
        .map_err(|error| refused(&error))?;
    let mut bytes = Vec::new();
    let limit = CREDENTIALS_BYTES_MAX as u64 + 1;
    let read = stream.recv.take(limit).read_to_end(&mut bytes).await;
    read.map_err(|error| refused(&error))?;
    let Some(Credentials::Admitted(chain)) = Credentials::unpack(&bytes) else {
        return Err(refused(&"what it answered cannot be read"));
    };
    chain.check(cluster, id).map_err(|error| refused(&error))?;
    Ok((chain, peer))
}

/// The key of this seed, as the transport has it.
pub(crate) fn secret(seed: [u8; 32]) -> Result<SecretKey, StartError> {
    SecretKey::new(seed).map_err(|_| {
        StartError::Disk(DiskError::Damaged {
            what: "the key".into(),
        })
    })
}

/// What the transport of a node may take up.
pub(crate) fn limits() -> Limits {
    Limits {
        frame_bytes_max: FRAME_BYTES_MAX,
        credentials_bytes_max: CREDENTIALS_BYTES_MAX,
        bulk_bytes_per_second: NonZeroU64::new(BULK_BYTES_PER_SECOND),
        ..Limits::default()
    }
}

fn drawn() -> Result<[u8; 32], StartError> {
    random().map_err(StartError::Random)
}
