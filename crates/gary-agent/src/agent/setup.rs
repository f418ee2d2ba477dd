//! What an agent is from the start.

use std::net::SocketAddr;

use gary_promise::{BootNonce, Codec, Hint, PacketCodec};

use crate::dealings::Setup;
use crate::membership::Settings;
use crate::sheet::SheetCodec;
use crate::voice::Speech;

/// What an agent is from the start.
#[derive(Debug)]
pub struct AgentSetup {
    /// Who it is, and what it promises of itself.
    pub dealings: Setup,
    /// What tells this start from one of a copied disk: drawn at random.
    pub nonce: BootNonce,
    /// Where others reach it.
    pub address: SocketAddr,
    /// How patient it is with other members.
    pub membership: Settings,
}

/// All the codecs that an agent needs.
pub trait Powers: Speech + SheetCodec + PacketCodec + Codec<Hint> + Clone {}

impl<C: Speech + SheetCodec + PacketCodec + Codec<Hint> + Clone> Powers for C {}
