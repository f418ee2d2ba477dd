//! What members say to find out who is still there. (The protocol: Das, Gupta and Motivala, "SWIM", 2002.)

use crate::MemberId;

/// How often a member has refuted that it is dead, in one identity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(pub u16);

/// The number of a probe, by which an answer finds its question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Probe(pub u16);

/// What a packet begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PacketHead {
    /// Who sends it.
    pub from: MemberId,
    /// In which incarnation.
    pub incarnation: Incarnation,
    /// Whom it is for.
    pub to: MemberId,
    /// What it says.
    pub saying: Saying,
}

/// What a packet says, besides what it carries of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saying {
    /// Are you there?
    Ping(Probe),
    /// I am.
    Ack(Probe),
    /// Ask `target` for me.
    PingRequest {
        /// Whom to ask.
        target: MemberId,
        /// The probe that it is for.
        probe: Probe,
    },
    /// Are you there? `origin` would know.
    IndirectPing {
        /// Who would know.
        origin: MemberId,
        /// Its probe.
        probe: Probe,
    },
    /// I am, and tell `target`.
    IndirectAck {
        /// Who would know.
        target: MemberId,
        /// Its probe.
        probe: Probe,
    },
    /// `origin` is there.
    ForwardedAck {
        /// Who is there.
        origin: MemberId,
        /// The probe that it answers.
        probe: Probe,
    },
    /// I would like to join.
    Announce,
    /// These are members.
    Feed,
    /// This is new.
    Gossip,
    /// This is what was said.
    Broadcast,
    /// You are taken for dead.
    TurnUndead,
}

/// What is known of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Who it is.
    pub id: MemberId,
    /// In which incarnation.
    pub incarnation: Incarnation,
    /// Whether it is there.
    pub liveness: Liveness,
}

/// Whether a member is there, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Liveness {
    /// It is.
    Alive,
    /// It did not answer, and has time to say otherwise.
    Suspect,
    /// It is taken for dead, or has left.
    Down,
}
