//! What is said that nobody should say: lies, slander, and what was said before.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use gary_promise::{
    Accept, AgentKey, Batch, Body, BootEpoch, BootNonce, Codec, Condition, Denial, Dismissal,
    Failure, Frame, Hint, Incarnation, Invitation, Lineage, Liveness, Member, MemberId,
    PacketCodec, PacketHead, Promise, Promiser, Renewals, Saying, Sequence, Signed, SignedRecord,
    Update, Use, Verified, Version,
};
use gary_wire::WireCodec;
use rand::RngExt;

use super::act::{Act, Slander};
use super::node::{Input, NodeNo};
use super::virtual_world::{CLUSTER, World};
use crate::seen::Seen;

/// Over how long messages of the past are heard again.
const REPLAYED_OVER: Duration = Duration::from_secs(2);

/// An address that no node has.
const NOWHERE: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(10, 255, 255, 254), 1));

impl World {
    /// A member tells another of a third what is not so. What members say of one another is not signed.
    pub(super) fn slander(&mut self, liar: NodeNo, observer: NodeNo, other: NodeNo, what: Slander) {
        let me = |node: NodeNo| {
            let agent = self.nodes[node.0].agent.as_ref();
            agent.map(|its| *its.membership().me())
        };
        let (Some(from), Some(to), Some(id)) = (me(liar), me(observer), me(other)) else {
            return;
        };
        if self.network.is_cut(liar, observer) {
            return;
        }
        let head = PacketHead {
            from,
            incarnation: Incarnation(0),
            to,
            saying: Saying::Gossip,
        };
        let id = self.slandered(id, from.address, what);
        let mut bytes = Vec::new();
        WireCodec.pack_head(&head, &mut bytes);
        if what == Slander::Hinted {
            let epoch = BootEpoch(u64::MAX);
            let version = Version::first(epoch);
            let agent = id.agent;
            let hint = WireCodec.pack(&Hint { agent, version });
            bytes.extend(0_u16.to_be_bytes());
            bytes.extend((hint.len() as u16).to_be_bytes());
            bytes.extend(hint);
        } else {
            let is_down = matches!(what, Slander::Dead | Slander::Cloned);
            let said = Member {
                id,
                incarnation: Incarnation(u16::MAX / 2),
                liveness: match is_down {
                    true => Liveness::Down,
                    false => Liveness::Alive,
                },
            };
            bytes.extend(1_u16.to_be_bytes());
            WireCodec.pack_member(&said, &mut bytes);
        }
        let from = self.nodes[liar.0].id;
        self.take_in(observer, Input::Packet { from, bytes });
    }

    /// Who a member is said to be: where it is, where the liar is, or where nobody is.
    fn slandered(&mut self, id: MemberId, liar: SocketAddr, what: Slander) -> MemberId {
        if matches!(what, Slander::Dead | Slander::Hinted) {
            return id;
        }
        let address = match self.random.random_range(0..3) {
            0 => id.address,
            1 => liar,
            _ => NOWHERE,
        };
        let id = MemberId { address, ..id };
        match what {
            Slander::Dead | Slander::Hinted => id,
            Slander::Copied => MemberId {
                nonce: BootNonce(self.random.random()),
                ..id
            },
            Slander::Cloned => MemberId {
                nonce: BootNonce(u64::MAX),
                ..id
            },
            Slander::Restarted => MemberId {
                epoch: BootEpoch(self.random.random_range(id.epoch.0 + 1..=u64::MAX)),
                ..id
            },
            Slander::Renewed => MemberId {
                renewals: Renewals(u32::MAX),
                ..id
            },
        }
    }

    /// Says something to a node that the agent it comes from did not make it say.
    pub(super) fn whisper(&mut self, from: NodeNo, to: NodeNo, frame: Frame) {
        if !self.network.is_cut(from, to) && self.nodes[from.0].is_up() {
            let is_noise = true;
            self.take_in(
                to,
                Input::Frame {
                    from,
                    frame,
                    is_noise,
                },
            );
        }
    }

    /// Lets frames of the past be heard again, by whom they were for.
    pub(super) fn replay(&mut self, count: usize) {
        self.watch.see(self.now, Seen::Replays);
        if self.said.is_empty() {
            return;
        }
        for _ in 0..count {
            let which = self.random.random_range(0..self.said.len());
            let (from, to, frame) = self.said[which].clone();
            let after_us = self
                .random
                .random_range(0..REPLAYED_OVER.as_micros() as u64);
            let after = Duration::from_micros(after_us);
            self.plan(after, Act::Whisper { from, to, frame });
        }
    }

    /// A node says something of what others have promised, which is not its own to say.
    pub(super) fn lie(&mut self, liar: NodeNo) {
        match self.random.random_range(0..9) {
            0 => return self.invite_whoever(liar),
            1 => return self.invite_for_what_nobody_signed(liar),
            2 => return self.usurp(liar),
            3 => return self.accept_wrongly(liar),
            _ => {}
        }
        let Some((by, to, record)) = self.record_of_others(liar) else {
            return;
        };
        let of = match &record {
            SignedRecord::Promise(signed) => {
                self.watch.reader().promise(signed).map(|its| its.id())
            }
            _ => None,
        };
        let Some(of) = of else {
            return;
        };
        let later = Version {
            epoch: BootEpoch(u64::MAX / 2),
            sequence: Sequence::FIRST,
        };
        let (to, frame) = match self.random.random_range(0..4) {
            // What another said, a little changed.
            0 => match altered(&record) {
                Some(altered) => (to, told(altered)),
                None => return,
            },
            // What another said, passed on to whoever it may be.
            1 => {
                let anybody = NodeNo((by.0 + to.0 + liar.0) % self.nodes.len());
                (anybody, told(record))
            }
            // That another does not keep its promise.
            2 => {
                let version = later;
                let of = of.version;
                let failure = Failure::Start;
                (
                    to,
                    Frame::Denial(Denial {
                        version,
                        of,
                        failure,
                    }),
                )
            }
            // That another's offer is not accepted.
            _ => {
                let offers = gary_promise::BoundedSet::new([of.version]);
                let Ok(offers) = offers else { return };
                let epoch = self.nodes[liar.0].boot;
                (by, Frame::Dismissal(Dismissal { epoch, offers }))
            }
        };
        self.whisper(liar, to, frame);
    }

    /// A node invites another for what a third keeps, whether it fits or not.
    fn invite_whoever(&mut self, liar: NodeNo) {
        let to = NodeNo(self.random.random_range(0..self.nodes.len()));
        if let Some((_, invitation, _)) = self.invitation_of_others(liar).filter(|_| to != liar) {
            self.whisper(liar, to, Frame::Invitation(invitation));
        }
    }

    /// A node invites another for an intent under an owner's name and a signature which the owner gave for another.
    fn invite_for_what_nobody_signed(&mut self, liar: NodeNo) {
        let Some((to, mut invitation, intent)) = self.invitation_of_others(liar) else {
            return;
        };
        let (body, condition) = (intent.body().clone(), Condition::default());
        let made = self.promiser(liar).promise(body, condition, &WireCodec);
        if let Ok(made) = made {
            let (owner, signature) = (intent.by(), *intent.signed().signature());
            invitation.intent = Signed::claimed(owner, made.signed().bytes(), signature);
            self.whisper(liar, to, Frame::Invitation(invitation));
        }
    }

    /// A node invites another for its own later generation of a workload which it may not update.
    fn usurp(&mut self, liar: NodeNo) {
        let Some((to, mut invitation, intent)) = self.invitation_of_others(liar) else {
            return;
        };
        let (Body::Use(wanted), Some(workload)) = (intent.body(), intent.workload()) else {
            return;
        };
        let mut wanted = Use::clone(wanted);
        let mut liar_says = self.promiser(liar);
        if wanted.updaters.include(liar_says.id(), true) {
            return;
        }
        let next = wanted.lineage.generation().next();
        let Some(Ok(update)) = next.map(|next| Update::new(workload, next)) else {
            return;
        };
        wanted.lineage = Lineage::Updates(update);
        let body = Body::Use(Box::new(wanted));
        if let Ok(made) = liar_says.promise(body, Condition::default(), &WireCodec) {
            invitation.intent = made.signed().clone();
            self.whisper(liar, to, Frame::Invitation(invitation));
        }
    }

    /// A node accepts an offer that was made to another, or whom it was made to accepts it for what it is not for.
    fn accept_wrongly(&mut self, liar: NodeNo) {
        let Some((by, to, SignedRecord::Promise(signed))) = self.record_of_others(liar) else {
            return;
        };
        let is_anothers = self.random.random::<bool>();
        let reader = self.watch.reader();
        let Some(offer) = reader.promise(&signed).cloned() else {
            return;
        };
        let Body::Host(host) = offer.body() else {
            return;
        };
        let intent = reader.intent_of(host.workload, host.generation);
        let intent = intent.filter(|_| is_anothers).unwrap_or(offer.id());
        let body = Body::Accept(Accept {
            workload: host.workload,
            intent,
            offer: offer.id(),
        });
        let who = if is_anothers { liar } else { to };
        let made = self
            .promiser(who)
            .promise(body, Condition::default(), &WireCodec);
        if let Ok(made) = made {
            self.whisper(who, by, told(SignedRecord::Promise(made.signed().clone())));
        }
    }

    /// What signs in a node's name besides its agent, each time as of another start that never was.
    fn promiser(&mut self, node: NodeNo) -> Promiser {
        let key = AgentKey::from_seed(&self.nodes[node.0].key_seed);
        let epoch = u64::MAX / 2 + u64::from(self.random.random::<u32>());
        Promiser::new(key, CLUSTER, BootEpoch(epoch))
    }

    /// An invitation between two others, the first that is remembered from a random one on: to whom it was, and what
    /// its intent says.
    fn invitation_of_others(
        &mut self,
        liar: NodeNo,
    ) -> Option<(NodeNo, Invitation, Verified<Promise>)> {
        let start = self.random.random_range(0..self.said.len().max(1));
        let mut said = self.said.iter().skip(start);
        let (to, invitation) = said.find_map(|(by, to, frame)| match frame {
            Frame::Invitation(its) if *by != liar && *to != liar => Some((*to, its.clone())),
            _ => None,
        })?;
        let intent = self.watch.reader().promise(&invitation.intent)?.clone();
        Some((to, invitation, intent))
    }

    /// An offer that was told of late, between two others: who made it, to whom, and the record.
    fn record_of_others(&mut self, liar: NodeNo) -> Option<(NodeNo, NodeNo, SignedRecord)> {
        let start = self.random.random_range(0..self.said.len().max(1));
        let said: Vec<_> = self.said.iter().skip(start).take(64).cloned().collect();
        for (from, to, frame) in said {
            let Frame::Told(batch) = frame else { continue };
            if from == liar || to == liar {
                continue;
            }
            for record in batch {
                let SignedRecord::Promise(signed) = &record else {
                    continue;
                };
                let promise = self.watch.reader().promise(signed);
                if promise.is_some_and(|its| matches!(its.body(), gary_promise::Body::Host(_))) {
                    return Some((from, to, record));
                }
            }
        }
        None
    }
}

fn told(record: SignedRecord) -> Frame {
    let mut batch = Batch::default();
    let fits = batch.push(record);
    debug_assert!(fits, "an empty batch has room");
    Frame::Told(batch)
}

/// The same with another last byte, said to be signed by the same agent.
fn altered(record: &SignedRecord) -> Option<SignedRecord> {
    let SignedRecord::Promise(signed) = record else {
        return None;
    };
    let mut bytes = signed.bytes().to_vec();
    *bytes.last_mut()? ^= 1;
    let altered: Signed<Promise> = Signed::claimed(signed.by(), &bytes, *signed.signature());
    Some(SignedRecord::Promise(altered))
}
