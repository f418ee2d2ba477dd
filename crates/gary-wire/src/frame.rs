//! What one agent sends another at once.

use gary_promise::{AgentId, Notice, Version};
use prost::Message;

use crate::{
    BATCH_BYTES_MAX, Batch, DecodeError, RECORDS_MAX, Spoken, WireVersion,
    frame_message::FrameMessage, message::decode,
};

/// The longest frame, in bytes. A transport reads no more of one.
pub const FRAME_BYTES_MAX: usize = BATCH_BYTES_MAX + 8 * RECORDS_MAX + 1024;

/// What one agent sends another at once. Who sent it, the connection knows: no frame speaks for anybody
/// else, and what is relayed is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// Which versions the sender speaks. The first frame of a connection, both ways.
    Hello(Spoken),
    /// An agent has said something. Fits a datagram.
    Hint(Hint),
    /// Asks for what an agent has said.
    Request(Request),
    /// Answers a request.
    Reply(Reply),
    /// Tells of records unasked: a promise or a withdrawal that concerns the receiver.
    Told(Batch),
    /// The sender renews what it has promised to the receiver. One for all of it.
    Renewal(Renewal),
    /// The sender goes away for a while, by plan.
    Absence(Absence),
    /// The sender does not keep one of its promises now.
    Denial(Denial),
}

/// An agent's sheet has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hint {
    /// Whose sheet.
    pub agent: AgentId,
    /// The last thing on it.
    pub version: Version,
}

/// Asks for what an agent has said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// Which agent.
    pub agent: AgentId,
    /// Only what was said later than this; `None` for all of it.
    pub after: Option<Version>,
}

/// Answers a request, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The records. They stand for themselves, whoever sends them.
    pub batch: Batch,
    /// Whether there is nothing more.
    pub is_last: bool,
}

/// The sender renews all that it has promised to the receiver under a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renewal {
    /// When it said so. What it promised later is not meant.
    pub version: Version,
    /// How many promises it means, so that a receiver which knows of another number asks.
    pub count: u32,
}

/// The sender will be back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Absence {
    /// When it said so.
    pub version: Version,
    /// How soon.
    pub notice: Notice,
}

/// The sender does not keep one of its promises now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denial {
    /// When it said so.
    pub version: Version,
    /// Which.
    pub of: Version,
}

impl Frame {
    /// The earliest version whose readers understand it: it is sent to nobody with whom an earlier one
    /// was agreed.
    pub const fn needs(&self) -> WireVersion {
        WireVersion::FIRST
    }

    /// Its bytes, never more than [`FRAME_BYTES_MAX`].
    pub fn encode(&self) -> Vec<u8> {
        FrameMessage::from(self).encode_to_vec()
    }

    /// The frame that a peer sent.
    ///
    /// # Errors
    ///
    /// Refuses more than [`FRAME_BYTES_MAX`], what is of a later version, and what is not legal.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        FrameMessage::check_version(bytes)?;
        decode::<FrameMessage>(bytes, FRAME_BYTES_MAX)?.try_into()
    }
}
