//! How an agent speaks: it signs, stores, and only then says.

mod journal;
mod outbox;
mod speaking;

pub use journal::{Assessed, JOURNAL_MAX};
pub(crate) use outbox::Outbox;
pub use outbox::{Fact, HELD_MAX, Transmit, Write, WriteId};
pub(crate) use speaking::Voice;
pub use speaking::{Speech, Unverified};
