//! How an agent speaks: it signs, stores, and only then says.

mod outbox;
mod voice;

pub(crate) use outbox::Outbox;
pub use outbox::{Fact, HELD_MAX, Transmit, Write, WriteId};
pub(crate) use voice::Voice;
pub use voice::{Speech, Unverified};
