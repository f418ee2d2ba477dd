//! Moves bytes between agents over QUIC.
//!
//! It knows agents by their public keys and nothing of what they say. To its neighbours it promises
//! that
//!
//! - whatever an [`Event`] says came from a peer came from whoever holds the peer's key, and was read
//!   only after the shell's own [`Doorkeeper`] had let that peer in;
//! - a frame or datagram arrives whole and once, or not at all; frames that travel over one connection
//!   arrive in the order in which they were sent. Nothing is sent again: who needs an answer asks again;
//! - nothing that a peer sends, and nothing that it leaves unread, takes more memory or more tasks than
//!   [`Settings`] say, and whatever is dropped for that is counted, see [`Count`];
//! - one peer is kept waiting by another no longer than its turn takes.
//!
//! Frames for one peer share one stream. One that is lost on the way holds up those behind it, but only
//! those for the same peer, and in return they stay in order and cost no stream each.
//!
//! All of it but the carrying of bytes is written once, over [`Carrier`]: [`quic`] carries them over
//! UDP, [`memory`] within a process.
//!
//! Deliberately absent: keep-alives (membership probes are traffic enough), 0-RTT and the resumption of
//! sessions (a revoked key would come in by the session that it had before), and relays.

mod accept;
mod backoff;
mod bucket;
mod carrier;
mod count;
mod dial;
mod door;
mod doorkeeper;
mod error;
mod event;
mod frame;
mod hub;
mod limited;
mod link;
pub mod memory;
mod outbox;
mod peer;
mod peers;
pub mod quic;
mod settings;
mod stream;
#[cfg(test)]
mod tests;
mod transport;
mod writer;

pub use carrier::{Carrier, Closing, Code, Connection, Incoming};
pub use count::Count;
pub use doorkeeper::Doorkeeper;
pub use error::{DialError, Ending, OpenError, SendError};
pub use event::{Event, Events};
pub use hub::start;
pub use peer::{Lane, Peer, PeerKey};
pub use settings::{DATAGRAM_BYTES_MAX, Settings};
pub use stream::{RecvStream, SendHalf, SendStream, Stream};
pub use transport::Transport;
