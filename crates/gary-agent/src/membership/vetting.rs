//! What of a packet may take effect.

use gary_promise::{
    AgentId, Incarnation, Liveness, Member, MemberId, PacketHead, Renewals, Saying,
};

use super::{
    Counters, HeldOff, Unusable,
    hints::Hints,
    identity::{Relation, cloned, is_cloned, relation},
    packet::Packet,
    roster::Roster,
};

/// What a packet is judged by.
pub(super) struct Vetting<'a> {
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
    /// What to tell the sender: it is not who stands for its agent, and this is.
    pub(super) explain: Option<Member>,
    /// Epochs that two copies claim, by the identities that stand for them.
    pub(super) cloned: Vec<MemberId>,
    /// Why this agent is to keep out from now on.
    pub(super) held_off: Option<HeldOff>,
    /// Somebody says that this agent has renewed itself this often, which it has not.
    pub(super) renewed: Option<Renewals>,
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
            known && self.hints.is_new(hint)
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
            match relation(&head.from, self.me) {
                Relation::Same => {}
                Relation::Later => self.judge_own(&head.from, verdict),
                Relation::Earlier => verdict.explain = Some(alive(*self.me)),
                Relation::Clones => {
                    verdict.explain = Some(down(cloned(self.me)));
                    verdict.held_off = Some(HeldOff::Cloned);
                }
            }
            return Some(Unusable::FromSelf);
        }
        if let Some(standing) = self.roster.get(&head.from.agent) {
            match relation(&head.from, standing) {
                Relation::Same | Relation::Later => {}
                Relation::Earlier if is_cloned(standing) => {
                    verdict.explain = Some(down(*standing));
                    return Some(Unusable::Cloned);
                }
                Relation::Earlier => {
                    verdict.explain = Some(alive(*standing));
                    return Some(Unusable::Stale);
                }
                Relation::Clones => {
                    verdict.explain = Some(down(cloned(standing)));
                    verdict.cloned.push(cloned(standing));
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
            match relation(id, self.me) {
                Relation::Same => return None,
                Relation::Earlier => {}
                Relation::Later => self.judge_own(id, verdict),
                Relation::Clones => verdict.held_off = Some(HeldOff::Cloned),
            }
            return Some(Unusable::AboutPast);
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
        match relation(id, standing) {
            // foca puts an identity that it holds down for good, whatever it hears.
            Relation::Same if !is_cloned(id) => None,
            Relation::Later if !is_cloned(id) => None,
            Relation::Same => Some(Unusable::Cloned),
            Relation::Later | Relation::Clones => {
                verdict.cloned.push(cloned(id));
                Some(Unusable::Cloned)
            }
            Relation::Earlier => Some(Unusable::Stale),
        }
    }

    /// Somebody knows of an identity of this agent that beats its own.
    fn judge_own(&self, id: &MemberId, verdict: &mut Verdict) {
        if id.epoch != self.me.epoch {
            verdict.held_off = Some(HeldOff::Superseded);
        } else if is_cloned(id) {
            verdict.held_off = Some(HeldOff::Cloned);
        } else {
            verdict.renewed = verdict.renewed.max(Some(id.renewals));
        }
    }
}

fn alive(id: MemberId) -> Member {
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
