//! Who is a member, by SWIM: members ask one another whether they are still there.
//!
//! (The protocol: Das, Gupta and Motivala, "SWIM", 2002, as foca carries it out; what is added against
//! false alarms: Dadgar, Phillips and Currey, "Lifeguard", 2018. The manner: quinn-proto.)
//!
//! What this module promises its neighbours:
//!
//! - Nothing is sent, timed or drawn here. Packets and deadlines come out of [`Membership`], and come in
//!   with the time; randomness comes from a seed.
//! - Bytes that a peer sent never panic and take effect as a whole or not at all. What was refused is
//!   counted under its reason ([`Unusable`]).
//! - Everything that grows has a limit, in [`Settings`] or here.
//!
//! An [`Event`] is a hint: it may be lost, and may be late. What holds is [`Membership::members`].
//!
//! What it relies on: the connection says which agent a packet is from, and packets that this agent sends to
//! its own id at another address get there, if anybody there has its key.
//!
//! What a member says of others is taken on trust, as in every SWIM: one that lies can make others look dead,
//! or elsewhere, until they speak for themselves. What an agent itself says of who it is beats what others
//! say. An agent keeps out of the cluster by proof alone: a packet over a connection that proves that the
//! other end has its key. When others say that it is elsewhere too, it asks there (decision record 0014).

// The state machine.
mod belonging;
mod machine;
mod rejoin;
mod upkeep;

// What it is told, and what it tells.
mod counters;
mod event;
mod settings;

// Who is who.
mod identity;
mod inquiries;
mod roster;

// Packets.
mod adapter;
mod packet;
mod vetting;

// Hints that travel with packets.
mod hints;

// Time.
mod lag;
mod timers;

// foca's view of the outside.
mod outside;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use counters::{Counters, Unusable};
pub use event::{Event, HeldOff};
pub use machine::{Membership, Seed};
pub use packet::PACKET_MEMBERS_MAX;
pub use settings::Settings;
