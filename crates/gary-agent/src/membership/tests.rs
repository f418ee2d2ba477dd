//! A few members side by side, on a network that loses nothing and takes no time.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroU16,
};

use gary_promise::{
    AgentId, BootEpoch, BootNonce, Hint, Incarnation, Liveness, Member, MemberId, PACKET_BYTES_MAX,
    PacketCodec as _, PacketHead, Probe, Renewals, Saying, Time, Version,
};
use proptest::prelude::*;

use super::testing::FixedLayout;
use super::{
    Event, HeldOff, Membership, PACKET_MEMBERS_MAX, Seed, Settings, Unusable, packet::about,
};

/// How long a step is. Everything said in one arrives in it.
const STEP_MS: u64 = 10;

/// Members, each found by the port of its address.
struct Village {
    now: Time,
    members: BTreeMap<u16, Membership<FixedLayout>>,
    events: Vec<(u16, Event)>,
    /// Everything ever sent: by whom, to which port.
    sent: Vec<(AgentId, u16, Vec<u8>)>,
}

fn id(agent: u8, epoch: u64, nonce: u64, port: u16) -> MemberId {
    MemberId {
        agent: AgentId::from_bytes([agent; 32]),
        epoch: BootEpoch(epoch),
        nonce: BootNonce(nonce),
        renewals: Renewals(0),
        address: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port),
    }
}

impl Village {
    /// Members 1 to `count`, who know each other.
    fn of(count: u8) -> Self {
        let mut village = Self {
            now: Time::from_us(0),
            members: BTreeMap::new(),
            events: Vec::new(),
            sent: Vec::new(),
        };
        for agent in 1..=count {
            village.add(id(agent, 1, agent.into(), agent.into()));
        }
        village.run(5000);
        for member in village.members.values() {
            assert_eq!(member.members_count() + 1, usize::from(count));
        }
        village
    }

    fn add(&mut self, me: MemberId) {
        let port = me.address.port();
        let mut member = Membership::new(me, Settings::lan(), port.into(), FixedLayout, self.now);
        let seed = Seed {
            agent: AgentId::from_bytes([1; 32]),
            address: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 1),
        };
        member.join(self.now, [seed]);
        self.members.insert(port, member);
    }

    fn run(&mut self, span_ms: u64) {
        for _ in 0..span_ms / STEP_MS {
            self.now = Time::from_us(self.now.as_us() + STEP_MS * 1000);
            for member in self.members.values_mut() {
                member.handle_timeout(self.now);
            }
            while self.deliver() {}
            for member in self.members.values() {
                assert!(member.roster_is_true());
                assert_eq!(member.counters().faults, 0);
            }
        }
    }

    /// Delivers what was said. Returns whether anything was.
    fn deliver(&mut self) -> bool {
        let mut said = Vec::new();
        for (port, member) in &mut self.members {
            while let Some((to, bytes)) = member.poll_packet() {
                assert!(bytes.len() <= PACKET_BYTES_MAX);
                said.push((member.me().agent, to.address.port(), bytes));
            }
            while let Some(event) = member.poll_event() {
                self.events.push((*port, event));
            }
        }
        for (from, to, bytes) in &said {
            if let Some(member) = self.members.get_mut(to) {
                member.handle_packet(self.now, *from, bytes);
            }
        }
        self.sent.extend_from_slice(&said);
        !said.is_empty()
    }

    fn heard(&self, port: u16, event: Event) -> bool {
        self.events.contains(&(port, event))
    }

    /// Hands the member at a port a packet with this head and one member.
    fn hand(&mut self, port: u16, head: &PacketHead, member: &Member) {
        let bytes = about(head, member, &FixedLayout);
        let member = self.members.get_mut(&port).expect("a member");
        member.handle_packet(self.now, head.from.agent, &bytes);
    }
}

fn gossip(from: MemberId, to: MemberId) -> PacketHead {
    PacketHead {
        from,
        incarnation: Incarnation(0),
        to,
        saying: Saying::Gossip,
    }
}

fn alive(id: MemberId) -> Member {
    Member {
        id,
        incarnation: Incarnation(0),
        liveness: Liveness::Alive,
    }
}

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
fn hints_reach_everybody_once_and_only_the_newest() {
    let mut village = Village::of(6);
    let agent = AgentId::from_bytes([2; 32]);
    let old = Hint {
        agent,
        version: Version::first(BootEpoch(1)),
    };
    let new = Hint {
        agent,
        version: old.version.next().expect("not the last"),
    };
    let now = village.now;
    let owner = village.members.get_mut(&2).expect("a member");
    owner.hint(now, new);
    owner.hint(now, old);
    village.run(2000);
    for port in [1, 3, 4, 5, 6] {
        let hinted = |hint| (port, Event::Hinted(hint));
        let times = |event| {
            village
                .events
                .iter()
                .filter(|heard| **heard == event)
                .count()
        };
        assert_eq!(times(hinted(new)), 1, "{port}");
        assert_eq!(times(hinted(old)), 0, "{port}");
    }
}

#[test]
fn a_hint_of_somebody_unknown_is_not_taken() {
    let mut village = Village::of(2);
    let hint = Hint {
        agent: AgentId::from_bytes([9; 32]),
        version: Version::first(BootEpoch(1)),
    };
    let now = village.now;
    village
        .members
        .get_mut(&2)
        .expect("a member")
        .hint(now, hint);
    village.run(1000);
    assert!(!village.heard(1, Event::Hinted(hint)));
}

#[test]
fn what_may_not_take_effect_is_counted_under_its_reason() {
    let mut village = Village::of(3);
    let (me, sender) = (*village.members[&1].me(), *village.members[&2].me());
    let mut hand = |from: AgentId, bytes: &[u8], why| {
        let now = village.now;
        let member = village.members.get_mut(&1).expect("a member");
        let before = member.counters().of(why);
        member.handle_packet(now, from, bytes);
        assert_eq!(member.counters().of(why), before + 1, "{why:?}");
    };
    let head = |head: PacketHead| {
        let mut bytes = Vec::new();
        FixedLayout.pack_head(&head, &mut bytes);
        bytes
    };
    let good = head(gossip(sender, me));
    let with = |rest: &[u8]| [&good[..], rest].concat();

    hand(sender.agent, &[0; PACKET_BYTES_MAX + 1], Unusable::TooLong);
    hand(sender.agent, &[], Unusable::Head);
    hand(sender.agent, &good[..50], Unusable::Head);
    hand(sender.agent, &with(&[7]), Unusable::MemberCount);
    hand(sender.agent, &with(&[0xff, 0xff]), Unusable::MemberCount);
    let many = PACKET_MEMBERS_MAX + 1;
    hand(
        sender.agent,
        &with(&many.to_be_bytes()),
        Unusable::MemberCount,
    );
    hand(
        sender.agent,
        &with(&PACKET_MEMBERS_MAX.to_be_bytes()),
        Unusable::Member,
    );
    hand(sender.agent, &with(&[0, 0, 0]), Unusable::Hint);
    hand(sender.agent, &with(&[0, 0, 0, 0]), Unusable::Hint);
    hand(sender.agent, &with(&[0, 0, 0xff, 0xff]), Unusable::Hint);
    hand(AgentId::from_bytes([3; 32]), &good, Unusable::WrongSender);
    hand(me.agent, &head(gossip(me, me)), Unusable::FromSelf);
    hand(
        sender.agent,
        &head(gossip(sender, sender)),
        Unusable::NotForMe,
    );
    let before = MemberId {
        renewals: Renewals(0),
        epoch: BootEpoch(0),
        ..sender
    };
    hand(sender.agent, &head(gossip(before, me)), Unusable::Stale);
    let announce = PacketHead {
        saying: Saying::Announce,
        ..gossip(sender, me)
    };
    hand(
        sender.agent,
        &[&head(announce)[..], &[0, 0]].concat(),
        Unusable::Surplus,
    );
    let roundabout = PacketHead {
        saying: Saying::PingRequest {
            target: me,
            probe: Probe(1),
        },
        ..gossip(sender, me)
    };
    hand(sender.agent, &head(roundabout), Unusable::Roundabout);
}

#[test]
fn a_packet_that_is_bad_at_its_end_takes_no_effect() {
    let mut village = Village::of(2);
    let (me, sender) = (*village.members[&1].me(), *village.members[&2].me());
    let mut bytes = about(&gossip(sender, me), &alive(id(9, 1, 9, 9)), &FixedLayout);
    bytes.push(0);
    let now = village.now;
    let member = village.members.get_mut(&1).expect("a member");
    member.handle_packet(now, sender.agent, &bytes);
    assert_eq!(member.counters().of(Unusable::Hint), 1);
    assert_eq!(member.members_count(), 1);
}

#[test]
fn no_more_agents_are_known_than_may_be() {
    let mut village = Village::of(2);
    let settings = Settings {
        members_max: 10,
        ..Settings::lan()
    };
    let me = id(5, 1, 5, 5);
    let mut member = Membership::new(me, settings, 5, FixedLayout, village.now);
    let sender = id(1, 1, 1, 1);
    for number in 10..100u8 {
        let bytes = about(
            &gossip(sender, me),
            &alive(id(number, 1, 1, 9)),
            &FixedLayout,
        );
        member.handle_packet(village.now, sender.agent, &bytes);
        let timers = member.timers_count();
        assert!(timers < 50, "{timers} timers");
    }
    assert_eq!(member.members_count(), 10);
    assert_eq!(member.counters().of(Unusable::MembersMax), 81);
    // Those that are known still are heard.
    village.members.insert(5, member);
    let down = Member {
        liveness: Liveness::Down,
        ..alive(id(12, 1, 1, 9))
    };
    village.hand(5, &gossip(sender, me), &down);
    assert_eq!(village.members[&5].members_count(), 9);
}

#[test]
fn who_is_contradicted_for_ever_comes_back_ever_less_often() {
    let mut village = Village::of(2);
    let sender = *village.members[&2].me();
    village.members.remove(&2);
    for _ in 0..6000 {
        let me = *village.members[&1].me();
        let down = Member {
            liveness: Liveness::Down,
            ..alive(me)
        };
        village.hand(1, &gossip(sender, me), &down);
        village.run(STEP_MS);
    }
    let renewals = village.members[&1].me().renewals;
    assert!((2..10).contains(&renewals.0), "{renewals:?} in a minute");
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

/// Members after something was done to them, which should have left no trace once it is over.
fn is_whole(village: &Village, count: usize) -> bool {
    village
        .members
        .values()
        .all(|member| member.held_off().is_none() && member.members_count() + 1 == count)
}

#[test]
fn replays_change_nothing_that_lasts() {
    let mut village = Village::of(4);
    // A past with some history: a death, a return, a move, a leaving.
    let away = village.members.remove(&3).expect("a member");
    village.run(2000);
    village.members.insert(3, away);
    village.run(5000);
    assert!(is_whole(&village, 4));
    let past = std::mem::take(&mut village.sent);
    for (from, to, bytes) in &past {
        let now = village.now;
        if let Some(member) = village.members.get_mut(to) {
            member.handle_packet(now, *from, bytes);
        }
    }
    village.run(500);
    assert!(is_whole(&village, 4));
    let before: Vec<_> = village
        .members
        .values()
        .map(|member| *member.me())
        .collect();
    village.run(5000);
    assert!(is_whole(&village, 4));
    let after: Vec<_> = village
        .members
        .values()
        .map(|member| *member.me())
        .collect();
    assert_eq!(before, after);
}

#[test]
fn the_end_of_time_is_survived() {
    let mut village = Village::of(2);
    let member = village.members.get_mut(&1).expect("a member");
    for _ in 0..10 {
        member.handle_timeout(Time::from_us(u64::MAX));
    }
}

fn any_id() -> impl Strategy<Value = MemberId> {
    (1..6u8, 0..3u64, 0..4u64, 0..3u32, 1..5u16).prop_map(
        |(agent, epoch, nonce, renewals, port)| MemberId {
            nonce: BootNonce(if nonce == 0 { u64::MAX } else { nonce }),
            renewals: Renewals(if renewals == 2 { u32::MAX } else { renewals }),
            ..id(agent, epoch, nonce, port)
        },
    )
}

fn any_member() -> impl Strategy<Value = Member> {
    let liveness = prop_oneof![
        Just(Liveness::Alive),
        Just(Liveness::Suspect),
        Just(Liveness::Down)
    ];
    (any_id(), any::<u16>(), liveness).prop_map(|(id, incarnation, liveness)| Member {
        id,
        incarnation: Incarnation(incarnation),
        liveness,
    })
}

fn any_saying() -> impl Strategy<Value = Saying> {
    (0..11, any::<u16>(), any_id()).prop_map(|(kind, probe, id)| {
        let probe = Probe(probe);
        match kind {
            0 => Saying::Ping(probe),
            1 => Saying::Ack(probe),
            2 => Saying::PingRequest { target: id, probe },
            3 => Saying::IndirectPing { origin: id, probe },
            4 => Saying::IndirectAck { target: id, probe },
            5 => Saying::ForwardedAck { origin: id, probe },
            6 => Saying::Announce,
            7 => Saying::Feed,
            8 => Saying::Gossip,
            9 => Saying::Broadcast,
            _ => Saying::TurnUndead,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn garbage_is_counted_and_changes_nothing(
        garbage in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..1300), 1..50),
    ) {
        let mut village = Village::of(2);
        let now = village.now;
        let member = village.members.get_mut(&1).expect("a member");
        let before = member.members();
        let taken = member.counters().packets_taken;
        for bytes in &garbage {
            member.handle_packet(now, AgentId::from_bytes([2; 32]), bytes);
        }
        prop_assert_eq!(member.members(), before);
        prop_assert_eq!(member.counters().packets_taken, taken);
        let unusable: u64 = member.counters().unusable.values().sum();
        prop_assert!(unusable >= garbage.len() as u64);
    }

    #[test]
    fn packets_damaged_on_the_way_never_panic(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>(), any::<NonZeroU16>()), 1..100),
    ) {
        let mut village = Village::of(4);
        let past = village.sent.clone();
        for (packet, place, byte, cut) in damage {
            let (from, to, bytes) = &past[packet.index(past.len())];
            let mut bytes = bytes.clone();
            let place = place.index(bytes.len());
            bytes[place] = byte;
            bytes.truncate(usize::from(cut.get()));
            let now = village.now;
            let member = village.members.get_mut(to).expect("a member");
            member.handle_packet(now, *from, &bytes);
            member.handle_packet(now, AgentId::from_bytes([byte; 32]), &bytes);
        }
        village.run(1000);
    }

    /// Members that say whatever they like of anybody, this agent included.
    #[test]
    fn liars_never_make_it_panic_or_grow(
        lies in prop::collection::vec((any_id(), any_saying(), any::<bool>(), any_member()), 1..200),
    ) {
        let mut village = Village::of(3);
        for (from, saying, to_me, member) in lies {
            let me = *village.members[&1].me();
            let to = if to_me { me } else { from };
            village.hand(1, &PacketHead { saying, ..gossip(from, to) }, &member);
            prop_assert!(village.members[&1].roster_is_true());
            prop_assert!(village.members[&1].timers_count() < 8 + 3 * 5);
        }
        village.run(3000);
    }
}
