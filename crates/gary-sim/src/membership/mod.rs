//! How soon the dead are missed, and how often the living are.
//!
//! Many [`Membership`](gary_agent::membership::Membership)s on a virtual network, and two measurements of
//! them: [`detection`] and [`false_deaths`]. What the network does to them is in [`Faults`]. The agents
//! themselves are the real thing.

mod deaths;
mod detection;
mod distribution;
mod faults;
mod memo_codec;
mod network;
#[cfg(test)]
mod tests;

pub use deaths::{FalseDeaths, false_deaths};
pub use detection::{Detection, detection};
pub use distribution::Distribution;
pub use faults::{Faults, Stalls};
pub use memo_codec::MemoCodec;
pub use network::{Network, Observed};
