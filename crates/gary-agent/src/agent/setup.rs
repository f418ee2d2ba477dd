//! What an agent is from the start.

use std::net::SocketAddr;

use gary_promise::{
    AgentKey, BootEpoch, BootNonce, Capacity, ClusterId, Codec, Consider, Hint, PacketCodec,
};

use crate::membership::Settings;
use crate::sheet::SheetCodec;
use crate::voice::Speech;

/// What an agent is from the start.
#[derive(Debug)]
pub struct Setup {
    /// Its key.
    pub key: AgentKey,
    /// Its cluster.
    pub cluster: ClusterId,
    /// Its start, counted and stored before.
    pub epoch: BootEpoch,
    /// What tells this start from one of a copied disk: drawn at random.
    pub nonce: BootNonce,
    /// Where others reach it.
    pub address: SocketAddr,
    /// How patient it is with others.
    pub membership: Settings,
    /// What its machine has.
    pub capacity: Capacity,
    /// Whose submissions it looks at; `None` looks at nobody's.
    pub consider: Option<Consider>,
    /// Where its randomness comes from.
    pub seed: u64,
}

/// All the codecs that an agent needs.
pub trait Powers: Speech + SheetCodec + PacketCodec + Codec<Hint> + Clone {}

impl<C: Speech + SheetCodec + PacketCodec + Codec<Hint> + Clone> Powers for C {}
