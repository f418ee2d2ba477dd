//! A few members side by side, on a network that loses nothing and takes no time.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
};

use gary_promise::{
    AgentId, BootEpoch, BootNonce, Incarnation, Liveness, Member, MemberId, PACKET_BYTES_MAX,
    PacketHead, Renewals, Saying, Time,
};

use crate::membership::{Event, Membership, Seed, Settings, packet::about, testing::FixedLayout};

/// How long a step is. Everything said in one arrives in it.
pub(super) const STEP_MS: u64 = 10;

/// How often answers may call forth answers within a step.
pub(super) const ROUNDS_MAX: usize = 20;

/// Members, each found by the port of its address.
pub(super) struct Village {
    pub(super) now: Time,
    pub(super) members: BTreeMap<u16, Membership<FixedLayout>>,
    pub(super) events: Vec<(u16, Event)>,
    /// Everything ever sent: by whom, to which port.
    pub(super) sent: Vec<(AgentId, u16, Vec<u8>)>,
}

pub(super) fn id(agent: u8, epoch: u64, nonce: u64, port: u16) -> MemberId {
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
    pub(super) fn of(count: u8) -> Self {
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

    pub(super) fn add(&mut self, me: MemberId) {
        let port = me.address.port();
        let mut member = Membership::new(me, Settings::lan(), port.into(), FixedLayout, self.now);
        let seed = Seed {
            agent: AgentId::from_bytes([1; 32]),
            address: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 1),
        };
        member.join(self.now, [seed]);
        self.members.insert(port, member);
    }

    pub(super) fn run(&mut self, span_ms: u64) {
        for _ in 0..span_ms / STEP_MS {
            self.now = Time::from_us(self.now.as_us() + STEP_MS * 1000);
            for member in self.members.values_mut() {
                member.handle_timeout(self.now);
            }
            let rounds = (0..ROUNDS_MAX).take_while(|_| self.deliver()).count();
            assert!(rounds < ROUNDS_MAX, "no exchange goes on by itself");
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

    pub(super) fn heard(&self, port: u16, event: Event) -> bool {
        self.events.contains(&(port, event))
    }

    /// Hands the member at a port a packet with this head and one member.
    pub(super) fn hand(&mut self, port: u16, head: &PacketHead, member: &Member) {
        let bytes = about(head, member, &FixedLayout);
        let member = self.members.get_mut(&port).expect("a member");
        member.handle_packet(self.now, head.from.agent, &bytes);
    }
}

pub(super) fn gossip(from: MemberId, to: MemberId) -> PacketHead {
    PacketHead {
        from,
        incarnation: Incarnation(0),
        to,
        saying: Saying::Gossip,
    }
}

pub(super) fn alive(id: MemberId) -> Member {
    Member {
        id,
        incarnation: Incarnation(0),
        liveness: Liveness::Alive,
    }
}

/// What is said of a member that is dead.
pub(super) fn down(id: MemberId) -> Member {
    Member {
        liveness: Liveness::Down,
        ..alive(id)
    }
}

/// Members after something was done to them, which should have left no trace once it is over.
pub(super) fn is_whole(village: &Village, count: usize) -> bool {
    village
        .members
        .values()
        .all(|member| member.held_off().is_none() && member.members_count() + 1 == count)
}
