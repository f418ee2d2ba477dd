//! How an agent speaks: it signs, stores, and only then says.

mod journal;
mod outbox;
mod speaking;
mod weight;

pub use journal::{Assessed, JOURNAL_MAX};
pub(crate) use outbox::Outbox;
pub use outbox::{Fact, HELD_MAX, StoodBefore, Transmit, WRITES_MAX, Write, WriteId};
pub(crate) use speaking::Voice;
pub use speaking::{Speech, Unverified};
pub use weight::{HELD_BYTES_PER_PEER_MAX, HELD_FRAMES_PER_PEER_MAX};
