//! What of a packet may take effect.

use gary_promise::{AgentId, Incarnation, Liveness, Member, MemberId, PacketHead, Saying, Time};

use super::{
    Counters, HeldOff, Unusable,
    hints::Hints,
    identity::{Relation, cloned, is_cloned, relation},
    packet::Packet,
    roster::Roster,
};

/// What a packet is judged by.
pub(super) struct Vetting<'a> {
    pub(super) now: Time,
    pub(super) me: &'a MemberId,
    /// Which agent the connection is with.
    pub(super) from: &'a AgentId,
    pub(super) roster: &'a Roster,
    pub(super) hints: &'a Hints,
    pub(super) members_max: usize,
}

/// What to do about a packet.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Whether what is left of the packet goes on to foca, and if not, why.
    pub(super) unusable: Option<Unusable>,
    /// What to tell the sender: it is not who stands for its agent, or asks somebody who this agent is not,
    /// and this is who is.
    pub(super) explain: Option<Member>,
    /// Epochs that two copies claim, by the identities that stand for them.
    pub(super) cloned: Vec<MemberId>,
    /// Why this agent is to keep out from now on.
    pub(super) held_off: Option<HeldOff>,
    /// What others said of the sender, which it contradicts by speaking under another identity.
    pub(super) contradicted: Option<MemberId>,
    /// Who is said to be there and is to be asked whether that is so.
    pub(super) asks: Vec<MemberId>,
    /// Whether the sender has heard of this agent what is not so, and is to hear from it.
    pub(super) misheard: bool,
    /// Whether it is said that there are two of this agent: those that it has asked are to be asked again.
    pub(super) asks_again: bool,
}

impl Vetting<'_> {
    /// Judges a packet, and leaves out of it what may not take effect.
    pub(super) fn judge(&self, packet: &mut Packet<'_>, counters: &mut Counters) -> Verdict {
        let mut verdict = Verdict::default();
        verdict.unusable = self.judge_head(&packet.head, &mut verdict);
        // Who asked is told. An explanation asks nothing: two that hold each other stale would otherwise
        // explain themselves without end.
        if !matches!(
            packet.head.saying,
            Saying::Ping(_) | Saying::IndirectPing { .. } | Saying::Announce
        ) {
            verdict.explain = None;
        }
        if verdict.unusable.is_some() {
            return verdict;
        }
        // How many more may become known by this packet.
        let mut room = self.members_max.saturating_sub(self.roster.len());
        if self.roster.get(self.from).is_none() {
            if room == 0 {
                verdict.unusable = Some(Unusable::MembersMax);
                return verdict;
            }
            room -= 1;
        }
        packet.members.retain(|member| {
            let unused = self.judge_member(&member.value, &mut room, &mut verdict);
            if let Some(why) = unused {
                counters.count(why);
            }
            unused.is_none()
        });
        // A hint of an agent that is not known would have to be remembered; its sheet will be asked for
        // when it is.
        packet.hints.retain(|hint| {
            let hint = &hint.value;
            let known = hint.agent == *self.from || self.roster.get(&hint.agent).is_some();
            known && self.hints.is_new(self.now, hint)
        });
        verdict
    }

    fn judge_head(&self, head: &PacketHead, verdict: &mut Verdict) -> Option<Unusable> {
        if head.from.agent != *self.from {
            return Some(Unusable::WrongSender);
        }
        if is_cloned(&head.from) {
            return Some(Unusable::Cloned);
        }
        if head.from.agent == self.me.agent {
            self.judge_double(&head.from, verdict);
            return Some(Unusable::FromSelf);
        }
        if let Some(standing) = self.roster.get(&head.from.agent) {
            match relation(&head.from, standing) {
                Relation::Same | Relation::Later => {}
                // Should there be two of it after all, they find each other by what each is told.
                Relation::Earlier | Relation::Clones if !self.roster.is_vouched(self.from) => {
                    verdict.explain = Some(stands(*standing));
                    verdict.contradicted = Some(*standing);
                }
                Relation::Earlier => {
                    verdict.explain = Some(stands(*standing));
                    return Some(match is_cloned(standing) {
                        true => Unusable::Cloned,
                        false => Unusable::Stale,
                    });
                }
                // Two copies have spoken. What is known of the first leads the second to it, and who of them
                // hears from the other says for both that they are two.
                Relation::Clones => {
                    verdict.explain = Some(stands(*standing));
                    return Some(Unusable::Cloned);
                }
            }
        }
        // Who announces itself may not know more of this agent than its name.
        let for_me = match head.saying {
            Saying::Announce => head.to.agent == self.me.agent,
            _ => head.to == *self.me,
        };
        if !for_me {
            if head.to.agent == self.me.agent {
                verdict.explain = Some(alive(*self.me));
            }
            return Some(Unusable::NotForMe);
        }
        let asks_about = match head.saying {
            Saying::PingRequest { target, .. } | Saying::IndirectAck { target, .. } => Some(target),
            Saying::IndirectPing { origin, .. } | Saying::ForwardedAck { origin, .. } => {
                Some(origin)
            }
            _ => None,
        };
        if asks_about.is_some_and(|id| id.agent == self.me.agent || is_cloned(&id)) {
            return Some(Unusable::Roundabout);
        }
        None
    }

    /// Why a member may not take effect.
    fn judge_member(
        &self,
        member: &Member,
        room: &mut usize,
        verdict: &mut Verdict,
    ) -> Option<Unusable> {
        let id = &member.id;
        if id.agent == self.me.agent {
            return self.judge_hearsay(id, verdict);
        }
        let Some(standing) = self.roster.get(&id.agent) else {
            if *room == 0 && id.agent != *self.from {
                return Some(Unusable::MembersMax);
            }
            *room = room.saturating_sub(1);
            if is_cloned(id) {
                verdict.cloned.push(cloned(id));
                return Some(Unusable::Cloned);
            }
            return None;
        };
        let is_hearsay = id.agent != *self.from;
        match relation(id, standing) {
            Relation::Later | Relation::Clones
                if is_hearsay && self.roster.is_contradicted(self.now, &id.agent) =>
            {
                if !is_cloned(id) {
                    verdict.asks.push(*id);
                }
                Some(Unusable::Hearsay)
            }
            // foca puts an identity that it holds down for good, whatever it hears.
            Relation::Same if !is_cloned(id) => None,
            Relation::Later if !is_cloned(id) => None,
            Relation::Same => Some(Unusable::Cloned),
            Relation::Later => {
                verdict.cloned.push(cloned(id));
                Some(Unusable::Cloned)
            }
            // Of two copies, the one heard of first stands until they have found each other.
            Relation::Clones => Some(Unusable::Cloned),
            Relation::Earlier => Some(Unusable::Stale),
        }
    }

    /// Somebody speaks as this agent, over a connection that proves it: whoever that is has its key.
    fn judge_double(&self, id: &MemberId, verdict: &mut Verdict) {
        match relation(id, self.me) {
            Relation::Same => {}
            Relation::Earlier => verdict.explain = Some(alive(*self.me)),
            Relation::Later if id.epoch != self.me.epoch => {
                verdict.held_off = Some(HeldOff::Superseded);
            }
            // A later renewal of this very start is a copy too: only this agent renews it.
            Relation::Later | Relation::Clones => {
                verdict.explain = Some(down(cloned(self.me)));
                verdict.held_off = Some(HeldOff::Cloned);
            }
        }
    }

    /// Another says of this agent that it is somebody else. That proves nothing, and may be so: this agent
    /// asks who is said to be there, since whoever has its key answers in its name.
    fn judge_hearsay(&self, id: &MemberId, verdict: &mut Verdict) -> Option<Unusable> {
        match relation(id, self.me) {
            Relation::Same => return None,
            Relation::Earlier => return Some(Unusable::AboutPast),
            Relation::Later | Relation::Clones => {}
        }
        verdict.misheard = true;
        if (id.epoch, id.nonce) == (self.me.epoch, self.me.nonce) {
            return Some(Unusable::Forged);
        }
        if is_cloned(id) {
            verdict.asks_again = true;
        } else if id.address != self.me.address {
            verdict.asks.push(*id);
        }
        Some(Unusable::Hearsay)
    }
}

/// What is said of an identity that stands.
fn stands(id: MemberId) -> Member {
    if is_cloned(&id) { down(id) } else { alive(id) }
}

/// What is said of a member that is there.
pub(super) fn alive(id: MemberId) -> Member {
    Member {
        id,
        incarnation: Incarnation(0),
        liveness: Liveness::Alive,
    }
}

/// What is said of an epoch that two copies claim.
pub(super) fn down(id: MemberId) -> Member {
    Member {
        liveness: Liveness::Down,
        ..alive(id)
    }
}
