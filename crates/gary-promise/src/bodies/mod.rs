//! What is promised: one file for each type of body.

mod accept;
mod body;
mod capacity;
mod consider;
mod have;
mod host;
mod intent;
mod keep;
mod lineage;
mod mode;
mod needs;
mod pace;
mod polarity;
mod serve;
mod spec;
mod spread;

pub use accept::Accept;
pub use body::Body;
pub use capacity::{Capacity, Misfit};
pub use consider::{Consider, Submitters};
pub use have::Have;
pub use host::{Bid, Host};
pub use intent::{Use, UseError};
pub use keep::Keep;
pub use lineage::{Lineage, Update, UpdateError};
pub use mode::{Mode, RETRIES_MAX, Retries, RetriesError};
pub use needs::Needs;
pub use pace::{Pace, PaceError};
pub use polarity::Polarity;
pub use serve::Serve;
pub use spec::{SPEC_BYTES_MAX, Spec, SpecError};
pub use spread::{Axis, SPREAD_MAX, Spread, SpreadError};
