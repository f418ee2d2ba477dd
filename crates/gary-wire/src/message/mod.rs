//! Records as they are on the wire, what each message may hold, and how it becomes a domain type and
//! back.
//!
//! In every message a choice has the tags 8 to 63, and only a choice has. A tag is never used for
//! anything else again.

mod accept;
mod capacity;
mod consider;
mod decode;
mod have;
mod host;
mod id;
mod intent;
mod keep;
mod mode;
mod needs;
mod nothing;
mod pace;
mod promise;
mod requirement;
mod resources;
mod serve;
mod sheet_head;
mod spread;
mod text;
mod update;
mod withdrawal;

pub(crate) use decode::{Shaped, decode, required};
pub(crate) use id::{PromiseRef, Version, fixed, versions, versions_of, zero};
pub(crate) use nothing::NOTHING;
pub(crate) use promise::Promise;
pub(crate) use resources::Resources;
pub(crate) use sheet_head::SheetHead;
pub(crate) use text::text;
pub(crate) use withdrawal::Withdrawal;
