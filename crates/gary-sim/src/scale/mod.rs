//! How agents do in large numbers: what they say to one another, how long things take, what they need.
//!
//! A loop of its own beside [`World`](crate::World), and a lean one. A world remembers what was said, knows what
//! breaks and lets checkers see everything; here five thousand whole agents and a million hostings have to fit
//! in the memory of one machine, and nothing goes wrong but machines that die. What a world leaves out is what
//! is looked at here: time charges every message what it takes a processor to handle, every byte its way
//! through a link, and every write its sync.

// What there is.
mod fleet;
mod forming;
mod happening;
mod machine;
mod party;

// What it costs, and what comes of it.
mod costs;
mod kind;
mod progress;
mod timings;
mod traffic;

// What is measured.
mod chatter;
mod commits;
mod deaths;
mod deploys;
mod handling;
mod million;
mod names;
mod successions;
mod updates;

/// How long a keeper has to be gone before another comes in its place, here as anywhere.
pub use gary_agent::REPLACES_AFTER;
/// How an update is paced.
pub use gary_promise::Pace;

pub use chatter::{CHURN_DEPLOYS_EVERY, CHURN_REPLICAS, CHURN_RESTARTS_EVERY, Chatter, chatter};
pub use commits::{Commits, Committed, commits};
pub use costs::{Costs, Handling};
pub use deaths::{Deaths, deaths};
pub use deploys::{Deploys, deploys};
pub use fleet::Fleet;
pub use forming::{MACHINE_CORES, MACHINE_MEBIBYTES, REPLICA_CORES_MILLI, REPLICA_MEBIBYTES};
pub use handling::{DealingsShape, WholeShape, handling_of_dealings, handling_of_whole};
pub use kind::{Kind, Layer};
pub use million::{Million, MillionShape, million};
pub use names::{Names, names};
pub use successions::{Successions, successions};
pub use timings::{Stopwatch, Timings};
pub use traffic::{Count, Traffic};
pub use updates::{UpdateShape, Updated, update};
