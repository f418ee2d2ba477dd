//! What no honest member says.

use std::num::NonZeroU16;

use gary_promise::{
    AgentId, BootEpoch, BootNonce, Incarnation, Liveness, Member, MemberId, PACKET_BYTES_MAX,
    PacketCodec as _, PacketHead, Probe, Renewals, Saying, Time,
};
use proptest::{prelude::*, sample::Index};

use super::village::{Village, alive, down, gossip, id, is_whole};
use crate::membership::{
    Membership, PACKET_MEMBERS_MAX, Settings, Unusable, packet::about, testing::FixedLayout,
};

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
    let down = down(id(12, 1, 1, 9));
    village.hand(5, &gossip(sender, me), &down);
    assert_eq!(village.members[&5].members_count(), 9);
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

/// Which packet, which byte of it, what that becomes, and after how many bytes the packet ends.
fn any_damage() -> impl Strategy<Value = (Index, Index, u8, NonZeroU16)> {
    (
        any::<Index>(),
        any::<Index>(),
        any::<u8>(),
        any::<NonZeroU16>(),
    )
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
        damage in prop::collection::vec(any_damage(), 1..100),
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
