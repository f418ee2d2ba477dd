//! Which of two identities of one agent stands.
//!
//! Later beats earlier: a later start beats an earlier one, and within a start, a later renewal. Two
//! starts with the same epoch and different nonces are two copies of one disk. Neither beats the other:
//! a copy that hears from the other declares the *epoch* cloned, which beats them both, so that everybody
//! comes to the same, in whatever order they hear of it. Nobody else does: until then the one that was heard
//! of first stands, and those who hear from the other lead it there. An agent in a cloned epoch is no member. It becomes one
//! again when a copy is started again, since a later epoch beats that too; if both are, the new epoch is
//! cloned as well. It takes a person to put one of them away.
//!
//! A clone is seen by its nonce alone, so an epoch has to be durable before anybody hears of it: a start
//! that reuses an epoch after a crash looks like a copy, and nobody could tell the difference.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use gary_promise::{AgentId, BootNonce, MemberId, Renewals};

/// The nonce of an epoch that two copies claim. No start draws it.
const CLONED: BootNonce = BootNonce(u64::MAX);

/// An address that nobody has.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// How what is claimed of an agent relates to what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// It is the same.
    Same,
    /// It is newer.
    Later,
    /// It is older.
    Earlier,
    /// They are two copies.
    Clones,
}

/// How `claimed` relates to `known`, two identities of one agent.
pub(super) fn relation(claimed: &MemberId, known: &MemberId) -> Relation {
    use std::cmp::Ordering::{Equal, Greater, Less};

    let order = match claimed.epoch.cmp(&known.epoch) {
        Equal if claimed.nonce != known.nonce => match (is_cloned(claimed), is_cloned(known)) {
            (true, _) => Greater,
            (false, true) => Less,
            (false, false) => return Relation::Clones,
        },
        // An agent that moves renews itself, so that two addresses of one renewal are nobody's. Should
        // they come up, all have to take the same.
        Equal => (claimed.renewals, claimed.address).cmp(&(known.renewals, known.address)),
        unequal => unequal,
    };
    match order {
        Less => Relation::Earlier,
        Equal => Relation::Same,
        Greater => Relation::Later,
    }
}

/// Whether an identity stands for an epoch that two copies claim.
pub(super) fn is_cloned(id: &MemberId) -> bool {
    id.nonce == CLONED
}

/// The identity that stands for the epoch of `id`, being cloned.
pub(super) const fn cloned(id: &MemberId) -> MemberId {
    MemberId {
        agent: id.agent,
        epoch: id.epoch,
        nonce: CLONED,
        renewals: Renewals(0),
        address: NOWHERE,
    }
}

/// An identity that a start may have: one whose nonce is not the one that stands for clones.
pub(super) fn of_a_start(id: MemberId) -> MemberId {
    if is_cloned(&id) {
        return MemberId {
            nonce: BootNonce(0),
            ..id
        };
    }
    id
}

/// A member, as foca has it. foca's "address" is the agent: one agent has one standing identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Who(pub(super) MemberId);

impl foca::Identity for Who {
    type Addr = AgentId;

    /// Never: foca would renew at once, every time that a peer says so. [`Rejoin`](super::rejoin::Rejoin)
    /// does it, and waits in between.
    fn renew(&self) -> Option<Self> {
        None
    }

    fn addr(&self) -> AgentId {
        self.0.agent
    }

    fn win_addr_conflict(&self, adversary: &Self) -> bool {
        relation(&adversary.0, &self.0) != Relation::Later
    }
}

#[cfg(test)]
mod tests {
    use foca::Identity as _;
    use gary_promise::BootEpoch;
    use proptest::prelude::*;

    use super::*;

    fn identity() -> impl Strategy<Value = MemberId> {
        (0..3u64, 0..3u64, 0..3u32, 1..3u16).prop_map(|(epoch, nonce, renewals, port)| {
            let id = MemberId {
                agent: AgentId::from_bytes([7; 32]),
                epoch: BootEpoch(epoch),
                nonce: BootNonce(nonce),
                renewals: Renewals(renewals),
                address: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port),
            };
            if nonce == 2 { cloned(&id) } else { id }
        })
    }

    /// What stands after hearing of identities in this order.
    fn standing(ids: &[MemberId]) -> Option<MemberId> {
        ids.iter()
            .copied()
            .reduce(|known, claimed| match relation(&claimed, &known) {
                Relation::Later => claimed,
                Relation::Clones => cloned(&known),
                Relation::Same | Relation::Earlier => known,
            })
    }

    proptest! {
        #[test]
        fn order_of_hearing_does_not_matter(
            ids in prop::collection::vec(identity(), 1..6),
            swap: (prop::sample::Index, prop::sample::Index),
        ) {
            let mut other = ids.clone();
            other.swap(swap.0.index(ids.len()), swap.1.index(ids.len()));
            prop_assert_eq!(standing(&ids), standing(&other));
        }

        #[test]
        fn one_of_two_wins_or_they_are_clones(a in identity(), b in identity()) {
            let both_stay = Who(a).win_addr_conflict(&Who(b)) && Who(b).win_addr_conflict(&Who(a));
            let clones = relation(&a, &b) == Relation::Clones;
            prop_assert_eq!(both_stay, clones || a == b);
        }
    }
}
