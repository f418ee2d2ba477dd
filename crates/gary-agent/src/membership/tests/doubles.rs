//! One agent under several identities.

use std::net::{Ipv4Addr, SocketAddr};

use gary_promise::{AgentId, BootEpoch, MemberId, Renewals};

use super::village::{Village, alive, gossip, id};
use crate::membership::{Event, HeldOff};

#[test]
fn a_member_that_starts_again_takes_its_place() {
    let mut village = Village::of(4);
    village.members.remove(&3);
    village.add(id(3, 2, 77, 3));
    village.run(1000);
    let (from, to) = (id(3, 1, 3, 3), id(3, 2, 77, 3));
    assert!(village.heard(1, Event::Restarted { from, to }));
    assert_eq!(village.members[&1].members()[&to.agent].id, to);
}

#[test]
fn a_member_that_moves_stays_one() {
    let mut village = Village::of(4);
    let now = village.now;
    let mut mover = village.members.remove(&3).expect("a member");
    mover.relocate(now, SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 33));
    let to = *mover.me();
    village.members.insert(33, mover);
    village.run(3000);
    for port in [1, 2, 4] {
        let from = id(3, 1, 3, 3);
        assert!(village.heard(port, Event::Moved { from, to }), "{port}");
        assert!(!village.heard(port, Event::Down(from)), "{port}");
        assert_eq!(village.members[&port].members()[&to.agent].id, to);
    }
    assert_eq!(village.members[&33].members_count(), 3);
}

#[test]
fn two_copies_are_both_held_off_until_one_starts_again() {
    let mut village = Village::of(5);
    village.add(id(3, 1, 333, 33));
    village.run(3000);
    let agent = AgentId::from_bytes([3; 32]);
    for port in [3, 33] {
        assert_eq!(
            village.members[&port].held_off(),
            Some(HeldOff::Cloned),
            "{port}"
        );
        assert!(
            village.heard(port, Event::HeldOff(HeldOff::Cloned)),
            "{port}"
        );
        assert_eq!(village.members[&port].poll_timeout(), None);
    }
    for port in [1, 2, 4, 5] {
        let epoch = BootEpoch(1);
        assert!(
            village.heard(port, Event::CloneSeen { agent, epoch }),
            "{port}"
        );
        assert!(
            !village.members[&port].members().contains_key(&agent),
            "{port}"
        );
    }

    village.members.remove(&33);
    let restarted = id(3, 2, 5, 33);
    village.add(restarted);
    village.run(3000);
    assert_eq!(village.members[&3].held_off(), Some(HeldOff::Cloned));
    for port in [1, 2, 4, 5] {
        assert_eq!(
            village.members[&port].members()[&agent].id,
            restarted,
            "{port}"
        );
    }
}

#[test]
fn an_earlier_start_that_still_runs_is_held_off() {
    let mut village = Village::of(4);
    let later = id(3, 2, 5, 33);
    village.add(later);
    village.run(3000);
    assert_eq!(village.members[&3].held_off(), Some(HeldOff::Superseded));
    assert_eq!(village.members[&33].held_off(), None);
    assert_eq!(village.members[&1].members()[&later.agent].id, later);
}

#[test]
fn a_forged_renewal_is_outdone() {
    let mut village = Village::of(3);
    let forged = MemberId {
        renewals: Renewals(1000),
        ..id(3, 1, 3, 3)
    };
    let (me, sender) = (*village.members[&1].me(), *village.members[&2].me());
    village.hand(1, &gossip(sender, me), &alive(forged));
    village.run(5000);
    let real = *village.members[&3].me();
    assert_eq!(real.renewals, Renewals(1001));
    assert_eq!(village.members[&1].members()[&real.agent].id, real);
}
