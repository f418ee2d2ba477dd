//! Packets: a head and members, one behind the other, in as few bytes as a datagram has.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use gary_promise::{
    AgentId, BootEpoch, BootNonce, Incarnation, Liveness, Member, MemberId, PACKET_BYTES_MAX,
    PacketCodec, PacketHead, Probe, Renewals, Saying,
};
use gary_wire::{DecodeError, WireCodec};
use proptest::{collection::vec, prelude::*};

fn member_ids() -> impl Strategy<Value = MemberId> {
    let ip = prop_oneof![
        any::<[u8; 4]>().prop_map(|bytes| IpAddr::from(Ipv4Addr::from(bytes))),
        any::<[u8; 16]>().prop_map(|bytes| IpAddr::from(Ipv6Addr::from(bytes))),
    ];
    let start = (any::<[u8; 32]>(), any::<u64>(), any::<u64>(), any::<u32>());
    (start, ip, any::<u16>()).prop_map(|((agent, epoch, nonce, renewals), ip, port)| MemberId {
        agent: AgentId::from_bytes(agent),
        epoch: BootEpoch(epoch),
        nonce: BootNonce(nonce),
        renewals: Renewals(renewals),
        address: SocketAddr::new(ip, port),
    })
}

fn sayings() -> impl Strategy<Value = Saying> {
    (0..11_u8, member_ids(), any::<u16>().prop_map(Probe)).prop_map(|(kind, third, probe)| {
        let (target, origin) = (third, third);
        match kind {
            0 => Saying::Ping(probe),
            1 => Saying::Ack(probe),
            2 => Saying::PingRequest { target, probe },
            3 => Saying::IndirectPing { origin, probe },
            4 => Saying::IndirectAck { target, probe },
            5 => Saying::ForwardedAck { origin, probe },
            6 => Saying::Announce,
            7 => Saying::Feed,
            8 => Saying::Gossip,
            9 => Saying::Broadcast,
            _ => Saying::TurnUndead,
        }
    })
}

fn heads() -> impl Strategy<Value = PacketHead> {
    let incarnation = any::<u16>().prop_map(Incarnation);
    (member_ids(), incarnation, member_ids(), sayings()).prop_map(
        |(from, incarnation, to, saying)| PacketHead {
            from,
            incarnation,
            to,
            saying,
        },
    )
}

fn members() -> impl Strategy<Value = Member> {
    let liveness = prop_oneof![
        Just(Liveness::Alive),
        Just(Liveness::Suspect),
        Just(Liveness::Down),
    ];
    (member_ids(), any::<u16>().prop_map(Incarnation), liveness).prop_map(
        |(id, incarnation, liveness)| Member {
            id,
            incarnation,
            liveness,
        },
    )
}

fn packed(head: &PacketHead, members: &[Member]) -> Vec<u8> {
    let mut packet = Vec::new();
    WireCodec.pack_head(head, &mut packet);
    for member in members {
        WireCodec.pack_member(member, &mut packet);
    }
    packet
}

/// Reads a packet to its end.
fn unpacked(packet: &[u8]) -> Result<(PacketHead, Vec<Member>), DecodeError> {
    let (head, taken) = WireCodec.unpack_head(packet)?;
    let mut rest = &packet[taken..];
    let mut members = Vec::new();
    while !rest.is_empty() {
        let (member, taken) = WireCodec.unpack_member(rest)?;
        assert!(taken > 0);
        rest = &rest[taken..];
        members.push(member);
    }
    Ok((head, members))
}

/// A member of which everything takes as many bytes as it can.
fn longest() -> MemberId {
    MemberId {
        agent: AgentId::from_bytes([0xff; 32]),
        epoch: BootEpoch(u64::MAX),
        nonce: BootNonce(u64::MAX),
        renewals: Renewals(u32::MAX),
        address: SocketAddr::from(([0xffff_u16; 8], u16::MAX)),
    }
}

/// A member as there are most.
fn usual() -> MemberId {
    MemberId {
        epoch: BootEpoch(300),
        renewals: Renewals(1),
        address: SocketAddr::from(([192, 168, 1, 17], 7_001)),
        ..longest()
    }
}

fn probing(id: MemberId) -> PacketHead {
    PacketHead {
        from: id,
        incarnation: Incarnation(u16::MAX),
        to: id,
        saying: Saying::IndirectPing {
            origin: id,
            probe: Probe(u16::MAX),
        },
    }
}

fn member(id: MemberId) -> Member {
    Member {
        id,
        incarnation: Incarnation(u16::MAX),
        liveness: Liveness::Down,
    }
}

/// How many bytes the longest head about such members and one of them take.
fn bytes(id: MemberId) -> [usize; 2] {
    let [mut head, mut one] = [Vec::new(), Vec::new()];
    WireCodec.pack_head(&probing(id), &mut head);
    WireCodec.pack_member(&member(id), &mut one);
    [head.len(), one.len()]
}

#[test]
fn eight_members_fit_a_packet_whatever_they_are() {
    // Two bytes more say how many there are.
    for (id, bytes_wanted, members) in [(longest(), [266, 91], 9), (usual(), [191, 66], 13)] {
        let [head, one] = bytes(id);
        assert_eq!([head, one], bytes_wanted);
        assert_eq!((PACKET_BYTES_MAX - 2 - head) / one, members);
        let packet = packed(&probing(id), &vec![member(id); members]);
        assert_eq!(unpacked(&packet).expect("ours").1.len(), members);
    }
}

#[test]
fn what_is_of_a_later_version_is_said_to_be() {
    let mut head = packed(&probing(usual()), &[]);
    // Behind the length, of two bytes, and a tag.
    assert_eq!(head[3], 1);
    head[3] = 2;
    assert!(
        WireCodec
            .unpack_head(&head)
            .expect_err("it is later")
            .is_later()
    );
    for bytes in [&[4, 0x08, 1, 0x9a, 0x01][..], &[5, 0x08, 1, 0x9a, 0x01, 0]] {
        let error = WireCodec.unpack_head(bytes).expect_err("saying 19");
        assert_eq!(error.is_later(), bytes.len() == 6, "{error}");
    }

    let mut one = Vec::new();
    WireCodec.pack_member(&member(usual()), &mut one);
    *one.last_mut().expect("its liveness") = 4;
    assert!(
        WireCodec
            .unpack_member(&one)
            .expect_err("it is later")
            .is_later()
    );
}

#[test]
fn what_is_missing_or_illegal_is_named() {
    for (bytes, why) in [
        (&[][..], "packet is malformed"),
        (&[3, 0x08, 1], "packet is malformed"),
        (&[0], "packet.needs is missing"),
        (&[2, 0x08, 1], "packet.from is missing"),
        (&[4, 0x08, 1, 0x12, 0], "member id.address is missing"),
        (
            &[7, 0x08, 1, 0x12, 3, 0x42, 1, 9],
            "member id.v4 is not legal",
        ),
        (
            &[8, 0x08, 1, 0x12, 4, 0x28, 0x80, 0x80, 4],
            "member id.port is not legal",
        ),
    ] {
        let error = WireCodec.unpack_head(bytes).expect_err(why);
        assert_eq!(error.to_string(), why);
    }
    for (bytes, why) in [
        (&[][..], "member is malformed"),
        (&[0], "member.liveness is missing"),
        (&[2, 0x18, 1], "member.id is missing"),
    ] {
        let error = WireCodec.unpack_member(bytes).expect_err(why);
        assert_eq!(error.to_string(), why);
    }
}

#[test]
fn longer_than_a_packet_is_not_looked_at() {
    let long = [0; PACKET_BYTES_MAX + 1];
    let head = WireCodec.unpack_head(&long).expect_err("too long");
    assert!(matches!(head, DecodeError::TooLong { what: "packet", .. }));
    let member = WireCodec.unpack_member(&long).expect_err("too long");
    assert!(matches!(
        member,
        DecodeError::TooLong { what: "member", .. }
    ));
}

proptest! {
    #[test]
    fn a_packet_comes_back_the_same(head in heads(), members in vec(members(), 0..=9)) {
        let packet = packed(&head, &members);
        prop_assert!(packet.len() <= PACKET_BYTES_MAX);
        prop_assert_eq!(unpacked(&packet).expect("ours"), (head, members));
    }

    #[test]
    fn unknown_fields_are_skipped(head in heads(), one in members()) {
        for (packed, of_head) in [(packed(&head, &[]), true), (packed(&head, &[one]), false)] {
            let taken = WireCodec.unpack_head(&packed).expect("ours").1;
            let part = if of_head { &packed[..] } else { &packed[taken..] };
            // Behind the length, which has two bytes from 128 on, a field that nobody knows.
            let length_bytes = if part[0] < 0x80 { 1 } else { 2 };
            let inside = [&part[length_bytes..], &[0x80, 0x04, 7]].concat();
            let mut longer = Vec::new();
            prost::encoding::encode_varint(inside.len() as u64, &mut longer);
            longer.extend(&inside);
            if of_head {
                let read = WireCodec.unpack_head(&longer).expect("a field more");
                prop_assert_eq!(read, (head, longer.len()));
            } else {
                let read = WireCodec.unpack_member(&longer).expect("a field more");
                prop_assert_eq!(read, (one, longer.len()));
            }
        }
    }

    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..300)) {
        let _ = WireCodec.unpack_head(&bytes);
        let _ = WireCodec.unpack_member(&bytes);
    }

    #[test]
    fn no_bytes_that_are_nearly_right_panic(
        head in heads(),
        members in vec(members(), 0..4),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut packet = packed(&head, &members);
        for (index, byte) in changes {
            *index.get_mut(&mut packet) = byte;
        }
        // What is understood nevertheless is legal and can be said again.
        if let Ok((head, members)) = unpacked(&packet) {
            let again = packed(&head, &members);
            prop_assert_eq!(unpacked(&again).expect("ours"), (head, members));
        }
    }
}
