//! One agent under several identities.

use std::net::{Ipv4Addr, SocketAddr};

use gary_promise::{AgentId, BootEpoch, BootNonce, MemberId, PacketHead, Probe, Renewals, Saying};

use super::village::{Village, alive, down, gossip, id, is_whole};
use crate::membership::{Event, HeldOff, Unusable, packet::about, testing::FixedLayout};

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

/// What member 2 says of member 3, or of whoever it says it to: that it is elsewhere, there twice, or not at all.
fn lies(of: MemberId) -> [MemberId; 5] {
    let elsewhere = id(2, 1, 1, 2).address;
    [
        MemberId {
            nonce: BootNonce(999),
            ..of
        },
        MemberId {
            nonce: BootNonce(u64::MAX),
            ..of
        },
        MemberId {
            epoch: BootEpoch(u64::MAX),
            ..of
        },
        MemberId {
            epoch: BootEpoch(u64::MAX - 1),
            address: elsewhere,
            ..of
        },
        MemberId {
            renewals: Renewals(u32::MAX),
            address: elsewhere,
            ..of
        },
    ]
}

#[test]
fn nobody_is_held_off_by_what_others_say() {
    for of in [3, 1] {
        for number in 0..5 {
            let mut village = Village::of(4);
            let liar = *village.members[&2].me();
            for _ in 0..3 {
                let victim = *village.members[&of].me();
                for port in [1, 3, 4] {
                    let to = *village.members[&port].me();
                    let lie = lies(victim)[number];
                    village.hand(port, &gossip(liar, to), &alive(lie));
                    village.hand(port, &gossip(liar, to), &down(lie));
                }
                village.run(100);
            }
            village.run(10_000);
            let victim = *village.members[&of].me();
            assert!(is_whole(&village, 4), "lie {number} of {of}");
            for port in [1, 2, 3, 4] {
                let known = village.members[&port].members();
                let known = known.get(&victim.agent).map(|member| member.id);
                assert!(
                    port == of || known == Some(victim),
                    "lie {number} of {of} to {port}"
                );
            }
        }
    }
}

#[test]
fn a_forged_renewal_is_contradicted_and_not_outdone() {
    let mut village = Village::of(3);
    let forged = MemberId {
        renewals: Renewals(u32::MAX),
        ..id(3, 1, 3, 3)
    };
    let (me, victim, sender) = (
        *village.members[&1].me(),
        *village.members[&3].me(),
        *village.members[&2].me(),
    );
    village.hand(3, &gossip(sender, victim), &alive(forged));
    assert_eq!(village.members[&3].counters().of(Unusable::Forged), 1);
    village.hand(1, &gossip(sender, me), &alive(forged));
    village.run(5000);
    assert_eq!(*village.members[&3].me(), victim);
    assert_eq!(village.members[&1].members()[&victim.agent].id, victim);
    assert!(
        !village.heard(1, Event::Down(forged)),
        "it was there all the time"
    );
}

#[test]
fn who_restarts_after_a_lie_is_found_there() {
    let mut village = Village::of(4);
    let (me, sender) = (*village.members[&1].me(), *village.members[&2].me());
    let lie = lies(id(3, 1, 3, 3))[2];
    village.hand(1, &gossip(sender, me), &alive(lie));
    village.run(3000);
    village.members.remove(&3);
    let restarted = id(3, 2, 5, 33);
    village.add(restarted);
    village.run(5000);
    for port in [1, 2, 4] {
        let known = village.members[&port].members();
        assert_eq!(known[&restarted.agent].id, restarted, "{port}");
    }
}

#[test]
fn a_copy_that_keeps_out_still_answers_the_other() {
    let mut village = Village::of(3);
    let copy = id(3, 1, 333, 33);
    village.add(copy);
    village.run(3000);
    let now = village.now;
    let held_off = village.members.get_mut(&3).expect("a member");
    let ping = PacketHead {
        saying: Saying::Ping(Probe(0)),
        ..gossip(copy, *held_off.me())
    };
    let bytes = about(&ping, &alive(copy), &FixedLayout);
    while held_off.poll_packet().is_some() {}
    held_off.handle_packet(now, copy.agent, &bytes);
    assert_eq!(held_off.poll_packet().map(|(to, _)| to), Some(copy));
}

#[test]
fn who_says_two_things_of_itself_at_once_moves_nothing() {
    let mut village = Village::of(3);
    let me = *village.members[&1].me();
    let copied = |epoch| MemberId {
        nonce: BootNonce(u64::MAX),
        ..id(4, epoch, 0, 4)
    };
    village.hand(1, &gossip(id(5, 1, 5, 5), me), &alive(copied(1)));
    // It is earlier than what others said of it, and says that there are two of a later start of its own.
    let stale = village.members[&1]
        .counters()
        .unusable
        .get(&Unusable::Stale)
        .copied();
    village.hand(1, &gossip(id(4, 0, 1, 4), me), &alive(copied(2)));
    let counters = village.members[&1].counters();
    assert!(counters.unusable.get(&Unusable::Stale).copied() > stale);
    assert!(village.members[&1].roster_is_true());
}
