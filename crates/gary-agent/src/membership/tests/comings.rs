//! Who comes, goes, and comes back.

use gary_promise::{AgentId, Renewals};

use super::village::{STEP_MS, Village, down, gossip, id, is_whole};
use crate::membership::{Event, Seed, Settings};

#[test]
fn a_member_that_leaves_is_down_at_once() {
    let mut village = Village::of(5);
    let now = village.now;
    let leaver = village.members.get_mut(&3).expect("a member");
    leaver.leave(now);
    assert_eq!(leaver.poll_timeout(), None);
    village.run(500);
    for port in [1, 2, 4, 5] {
        assert!(village.heard(port, Event::Down(id(3, 1, 3, 3))), "{port}");
        assert_eq!(village.members[&port].members_count(), 3);
    }
}

#[test]
fn two_halves_that_began_apart_find_each_other() {
    let mut village = Village::of(2);
    // 3 and 4 look for 1, which they do not reach, and then find each other.
    let half: Vec<_> = [1, 2]
        .map(|port| village.members.remove(&port).expect("a member"))
        .into();
    for agent in [3, 4] {
        village.add(id(agent, 1, agent.into(), agent.into()));
    }
    let seed = Seed {
        agent: AgentId::from_bytes([3; 32]),
        address: id(3, 1, 3, 3).address,
    };
    let now = village.now;
    let last = village.members.get_mut(&4).expect("a member");
    last.join(now, [seed]);
    village.run(5000);
    assert!(is_whole(&village, 2));
    for member in half {
        village.members.insert(member.me().address.port(), member);
    }
    village.run(10_000);
    assert!(is_whole(&village, 4));
}

#[test]
fn a_dead_member_is_down_within_two_seconds() {
    let mut village = Village::of(5);
    village.members.remove(&3);
    village.run(2500);
    for (port, member) in &village.members {
        assert!(
            !member.members().contains_key(&AgentId::from_bytes([3; 32])),
            "{port}"
        );
    }
}

#[test]
fn a_member_taken_for_dead_comes_back() {
    let mut village = Village::of(4);
    let away = village.members.remove(&3).expect("a member");
    village.run(3000);
    assert_eq!(village.members[&1].members_count(), 2);
    village.members.insert(3, away);
    village.run(6000);
    let me = *village.members[&3].me();
    assert!(me.renewals > Renewals(0));
    for port in [1, 2, 4] {
        assert_eq!(village.members[&port].members()[&me.agent].id, me, "{port}");
        assert!(village.heard(port, Event::Rejoined(me)), "{port}");
    }
    assert_eq!(village.members[&3].members_count(), 3);
}

#[test]
fn a_pause_is_not_held_against_others() {
    let mut village = Village::of(3);
    let mut sleeper = village.members.remove(&3).expect("a member");
    // Shorter than it takes the others to miss it.
    village.run(700);
    for (_, to, bytes) in village.sent.iter().rev().take(50) {
        if *to == 3 {
            sleeper.handle_timeout(village.now);
            sleeper.handle_packet(village.now, AgentId::from_bytes([1; 32]), bytes);
        }
    }
    assert_eq!(sleeper.counters().late, 1);
    assert!(sleeper.suspicion(village.now) > Settings::lan().suspicion(std::time::Duration::ZERO));
    village.members.insert(3, sleeper);
    village.run(5000);
    assert!(
        !village
            .events
            .iter()
            .any(|(_, event)| matches!(event, Event::Down(_)))
    );
}

#[test]
fn who_is_contradicted_for_ever_comes_back_ever_less_often() {
    let mut village = Village::of(2);
    let sender = *village.members[&2].me();
    village.members.remove(&2);
    for _ in 0..6000 {
        let me = *village.members[&1].me();
        let down = down(me);
        village.hand(1, &gossip(sender, me), &down);
        village.run(STEP_MS);
    }
    let renewals = village.members[&1].me().renewals;
    assert!((2..10).contains(&renewals.0), "{renewals:?} in a minute");
}

#[test]
fn two_that_take_each_other_for_dead_do_not_quarrel() {
    let mut village = Village::of(2);
    for _ in 0..20 {
        for (port, other) in [(1, 2), (2, 1)] {
            let (me, sender) = (*village.members[&port].me(), *village.members[&other].me());
            for dead in [me, sender] {
                let down = down(dead);
                village.hand(port, &gossip(sender, me), &down);
            }
        }
        village.run(100);
    }
    village.run(10_000);
    assert!(is_whole(&village, 2));
}
