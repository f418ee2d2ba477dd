//! Packets as they were packed once, in `testdata/packets`.

mod blessed;

use std::net::SocketAddr;

use blessed::golden;
use gary_promise::{
    AgentId, BootEpoch, BootNonce, Codec, Hint, Incarnation, Liveness, Member, MemberId,
    PacketCodec, PacketHead, Probe, Renewals, Saying, Version,
};
use gary_wire::WireCodec;

const AGENT: AgentId = AgentId::from_bytes([0x33; 32]);

fn member_id(address: &str) -> MemberId {
    let address: SocketAddr = address.parse().expect("an address");
    MemberId {
        agent: AGENT,
        epoch: BootEpoch(300),
        nonce: BootNonce(0x0123_4567_89ab_cdef),
        renewals: Renewals(2),
        address,
    }
}

fn sayings() -> Vec<(&'static str, Saying)> {
    let (target, origin) = (member_id("192.0.2.3:7003"), member_id("192.0.2.4:7004"));
    let probe = Probe(9);
    vec![
        ("ping", Saying::Ping(probe)),
        ("ack", Saying::Ack(probe)),
        ("ping_request", Saying::PingRequest { target, probe }),
        ("indirect_ping", Saying::IndirectPing { origin, probe }),
        ("indirect_ack", Saying::IndirectAck { target, probe }),
        ("forwarded_ack", Saying::ForwardedAck { origin, probe }),
        ("announce", Saying::Announce),
        ("feed", Saying::Feed),
        ("gossip", Saying::Gossip),
        ("broadcast", Saying::Broadcast),
        ("turn_undead", Saying::TurnUndead),
    ]
}

#[test]
fn hints_are_packed_as_ever() {
    let hint = Hint {
        agent: AgentId::from_bytes([0xa1; 32]),
        version: Version::first(BootEpoch(3)),
    };
    let packed = WireCodec.pack(&hint);
    let bytes = golden("hints", "hint", &packed);
    let read: Hint = WireCodec.unpack(&bytes).expect("ours");
    assert_eq!(read, hint);
}

#[test]
fn packets_are_packed_as_ever() {
    for (name, saying) in sayings() {
        let head = PacketHead {
            from: member_id("192.0.2.1:7001"),
            incarnation: Incarnation(3),
            to: member_id("[2001:db8::2]:7002"),
            saying,
        };
        let member = Member {
            id: member_id("[2001:db8::5]:7005"),
            incarnation: Incarnation(4),
            liveness: Liveness::Suspect,
        };
        let mut packet = Vec::new();
        WireCodec.pack_head(&head, &mut packet);
        WireCodec.pack_member(&member, &mut packet);
        let bytes = golden("packets", name, &packet);
        let (read, taken) = WireCodec.unpack_head(&bytes).expect(name);
        assert_eq!(read, head);
        let read = WireCodec.unpack_member(&bytes[taken..]).expect(name);
        assert_eq!(read, (member, bytes.len() - taken));
    }
}
