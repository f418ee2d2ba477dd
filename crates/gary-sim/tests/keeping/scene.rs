//! A keeper and its peers, in a time of their own.

use std::collections::BTreeMap;
use std::time::Duration;

use gary_agent::{Dealings, Fact, Keeps, REPLACES_AFTER, Setup, Shown, Transmit};
use gary_promise::{
    AgentId, AgentKey, Batch, Bid, Body, BootEpoch, BoundedSet, Capacity, Codec, Condition,
    Consider, Frame, Generation, Host, Invitation, Lease, Lineage, Notice, Offers, Own, Pace,
    Portion, Promise, PromiseId, Promiser, Reason, Refusal, Renewal, SignedRecord, Slot,
    Submitters, Time, Update, Use, Why, WorkloadId,
};
use gary_sim::{CLUSTER, Frailty, capacity, intent};
use gary_wire::WireCodec;

pub(crate) const CORE: u64 = 1_000_000;
const MEBIBYTE: u64 = 1 << 20;

/// How long it takes a peer to answer.
const ANSWERS_AFTER: Duration = Duration::from_millis(1);

/// By what steps time goes.
pub(crate) const STEP: Duration = Duration::from_millis(10);

pub(crate) fn promiser(number: u8) -> Promiser {
    Promiser::new(AgentKey::from_seed(&[number; 32]), CLUSTER, BootEpoch(1))
}

pub(crate) fn portion() -> Portion {
    Portion::new(CORE / 10, MEBIBYTE).expect("something of both")
}

pub(crate) fn told(record: impl Into<SignedRecord>) -> Frame {
    let mut batch = Batch::default();
    assert!(batch.push(record.into()));
    Frame::Told(batch)
}

/// A keeper that has no room itself, and its peers.
pub(crate) struct Scene {
    pub(crate) me: Dealings<WireCodec>,
    pub(crate) now: Time,
    owner: Promiser,
    pub(crate) peers: BTreeMap<AgentId, Promiser>,
    /// What its peers host that runs from then on.
    pub(crate) runs: Vec<(Time, Own<Promise>)>,
    disk: Vec<Fact>,
}

impl Scene {
    pub(crate) fn new(peers: u8) -> Self {
        let now = Time::from_us(1_000_000);
        let me = Dealings::new(setup(BootEpoch(1)), WireCodec, now);
        let peers = (0..peers).map(|number| promiser(10 + number));
        let mut scene = Self {
            me,
            now,
            owner: promiser(2),
            peers: peers.map(|its| (its.id(), its)).collect(),
            runs: Vec::new(),
            disk: Vec::new(),
        };
        let ids: Vec<AgentId> = scene.peers.keys().copied().collect();
        for peer in ids {
            scene.show(peer, Vec::new(), Vec::new());
            scene.me.handle_liveness(now, peer, true);
        }
        scene
    }

    /// A peer's sheet says that it has room, comes to keep these, and keeps what `went` no more.
    pub(crate) fn show(&mut self, peer: AgentId, came: Vec<Keeps>, went: Vec<PromiseId>) {
        let shown = Shown {
            capacity: Some(capacity(4 * CORE, 1024 * MEBIBYTE).into()),
            consider: consider(),
            came,
            went,
        };
        self.me.handle_sheet(self.now, peer, shown);
    }

    /// A peer's sheet says that its machine has so much.
    pub(crate) fn show_machine(&mut self, peer: AgentId, capacity: Capacity) {
        let shown = Shown {
            capacity: Some(capacity.into()),
            consider: consider(),
            ..Shown::default()
        };
        self.me.handle_sheet(self.now, peer, shown);
    }

    /// A peer's sheet says that it looks at nothing any more, and it says by when all ends that it hosts: this.
    pub(crate) fn drain_peer(&mut self, peer: AgentId, offer: PromiseId) {
        let shown = Shown {
            capacity: Some(capacity(4 * CORE, 1024 * MEBIBYTE).into()),
            ..Shown::default()
        };
        self.me.handle_sheet(self.now, peer, shown);
        let within = Notice::from_ms(30_000).expect("half a minute");
        self.renew_as(peer, offer, true, Some(within));
    }

    pub(crate) fn intended(&mut self, valency: u32, condition: Condition) -> Own<Promise> {
        let wanted = Body::Use(Box::new(intent(valency, portion(), Frailty::Sound)));
        let made = self.owner.promise(wanted, condition, &WireCodec);
        made.expect("it is short")
    }

    /// A workload, and what intends it.
    pub(crate) fn deploy(&mut self, valency: u32, condition: Condition) -> (WorkloadId, PromiseId) {
        let intent = self.intended(valency, condition);
        let taken = self.me.deploy(self.now, intent.signed().clone());
        (taken.expect("it is considered").workload, intent.id())
    }

    /// The second generation of a workload, as its owner wants it now, all of it at once.
    pub(crate) fn update(&mut self, workload: WorkloadId, valency: u32) -> PromiseId {
        let pace = Pace::new(valency, 0).expect("it is more than none");
        self.update_at(pace, workload, valency)
    }

    /// The second generation of a workload, at this pace.
    pub(crate) fn update_at(
        &mut self,
        pace: Pace,
        workload: WorkloadId,
        valency: u32,
    ) -> PromiseId {
        let second = Generation::FIRST.next().expect("there are more");
        self.intend(second, pace, workload, valency)
    }

    /// The second generation of a workload: its owner uses none of it for now.
    pub(crate) fn stop(&mut self, workload: WorkloadId, valency: u32) -> PromiseId {
        let second = Generation::FIRST.next().expect("there are more");
        self.intend_as(
            second,
            workload,
            Use {
                is_stopped: true,
                ..intent(valency, portion(), Frailty::Sound)
            },
        )
    }

    /// A later generation of a workload, as its owner wants it now.
    pub(crate) fn intend(
        &mut self,
        generation: Generation,
        pace: Pace,
        workload: WorkloadId,
        valency: u32,
    ) -> PromiseId {
        self.intend_as(
            generation,
            workload,
            Use {
                pace,
                ..intent(valency, portion(), Frailty::Sound)
            },
        )
    }

    fn intend_as(
        &mut self,
        generation: Generation,
        workload: WorkloadId,
        wanted: Use,
    ) -> PromiseId {
        let update = Update::new(workload, generation).expect("it is not the first");
        let wanted = Use {
            lineage: Lineage::Updates(update),
            ..wanted
        };
        let wanted = Body::Use(Box::new(wanted));
        let made = self.owner.promise(wanted, Condition::default(), &WireCodec);
        let made = made.expect("it is short");
        let taken = self.me.deploy(self.now, made.signed().clone());
        assert_eq!(taken.expect("it is the next").workload, workload);
        made.id()
    }

    /// What a peer offers to host of the first generation.
    pub(crate) fn offer(
        &mut self,
        peer: AgentId,
        workload: WorkloadId,
        slot: Slot,
        bid: u32,
    ) -> Own<Promise> {
        self.offer_of(Generation::FIRST, peer, workload, slot, bid)
    }

    /// What a peer offers to host.
    pub(crate) fn offer_of(
        &mut self,
        generation: Generation,
        peer: AgentId,
        workload: WorkloadId,
        slot: Slot,
        bid: u32,
    ) -> Own<Promise> {
        let host = Body::Host(Host {
            promisee: self.me.id(),
            asked_in: BootEpoch(1),
            workload,
            generation,
            slot,
            portion: portion(),
            bid: Bid(bid),
            besides: 0,
            lease: Lease::from_ms(10_000).expect("ten seconds"),
        });
        let peer = self.peers.get_mut(&peer).expect("it was asked");
        let offer = peer.promise(host, Condition::default(), &WireCodec);
        offer.expect("it is short")
    }

    /// What a peer says that takes its offer back.
    pub(crate) fn withdrawn(&mut self, peer: AgentId, offer: &Own<Promise>) -> Frame {
        let peer = self.peers.get_mut(&peer).expect("it has offered");
        let withdrawal = peer.withdraw(offer, Reason::Unstated, &WireCodec);
        told(withdrawal.expect("it is its own").signed().clone())
    }

    /// Says that a peer hosts this.
    pub(crate) fn renew(&mut self, peer: AgentId, offer: PromiseId) {
        self.renew_as(peer, offer, true, None);
    }

    /// Says that a peer has bound this, whether it runs, and by when all that the peer hosts ends.
    pub(crate) fn renew_as(
        &mut self,
        peer: AgentId,
        offer: PromiseId,
        runs: bool,
        ends_within: Option<Notice>,
    ) {
        let version = self.peers.get_mut(&peer).expect("it hosts").stamp();
        let idle = (!runs).then_some(offer.version);
        let renewal = Renewal {
            version,
            offered: Offers::default(),
            bound: Offers::new([offer.version]).expect("one"),
            by_others: Offers::default(),
            idle: BoundedSet::new(idle).expect("one at most"),
            ends_within,
        };
        self.me
            .handle_frame(self.now, peer, Frame::Renewal(renewal));
    }

    /// Stores everything, and takes what is said.
    pub(crate) fn drain(&mut self) -> Vec<Transmit> {
        while let Some(write) = self.me.poll_write() {
            self.me.handle_stored(write.id);
            for fact in write.facts {
                self.store(fact);
            }
        }
        std::iter::from_fn(|| self.me.poll_transmit()).collect()
    }

    fn store(&mut self, fact: Fact) {
        let Fact::Forgotten(id) = fact else {
            self.disk.push(fact);
            return;
        };
        self.disk.retain(|its| match its {
            Fact::Record(record) => id_of(record) != Some(id),
            Fact::Keeps { keep, .. } | Fact::Stood { keep, .. } => *keep != id,
            _ => true,
        });
    }

    /// Loses power, and starts again.
    pub(crate) fn start_again(&mut self, epoch: BootEpoch) {
        self.drain();
        self.me = Dealings::new(setup(epoch), WireCodec, self.now);
        self.me.resume(self.now, self.disk.clone());
    }

    /// Lets time go by. Whatever is said is heard by `hear`, whose answer comes back a little later.
    pub(crate) fn run(
        &mut self,
        time: Duration,
        mut hear: impl FnMut(&mut Self, AgentId, &Frame) -> Option<Frame>,
    ) {
        let until = self.now.after(time);
        let mut answers: Vec<(AgentId, Frame)> = Vec::new();
        while self.now < until {
            for its in self.drain() {
                let answer = hear(self, its.to, &its.frame);
                answers.extend(answer.map(|answer| (its.to, answer)));
            }
            let begun = self.now;
            self.now = begun.after(ANSWERS_AFTER);
            for (peer, answer) in answers.drain(..) {
                self.me.handle_frame(self.now, peer, answer);
            }
            self.now = begun.after(STEP);
            let now = self.now;
            for (_, its) in self
                .runs
                .extract_if(.., |(at, _)| *at <= now)
                .collect::<Vec<_>>()
            {
                self.renew(its.by(), its.id());
            }
            self.me.handle_timeout(self.now);
        }
    }

    /// Whose hosting of the first slot is counted.
    pub(crate) fn counted(&self, workload: &WorkloadId) -> Option<PromiseId> {
        let account = self.me.account(workload, self.now).expect("it is kept");
        account.counted.first().map(|its| its.assessment.promise())
    }
}

fn setup(epoch: BootEpoch) -> Setup {
    Setup {
        key: AgentKey::from_seed(&[1; 32]),
        cluster: CLUSTER,
        epoch,
        capacity: capacity(1, 1),
        consider: consider(),
        declines: false,
        replaces_after: REPLACES_AFTER,
        seed: 1,
    }
}

/// Which promise a record is.
fn id_of(record: &SignedRecord) -> Option<PromiseId> {
    let SignedRecord::Promise(signed) = record else {
        return None;
    };
    let promise: Promise = WireCodec.unpack(signed.bytes()).ok()?;
    Some(PromiseId {
        promiser: signed.by(),
        version: promise.version(),
    })
}

pub(crate) fn consider() -> Option<Consider> {
    let submitters = Submitters::AnyClient;
    Some(Consider { submitters })
}

pub(crate) fn first(asked: &Invitation) -> Slot {
    *asked.slots.iter().next().expect("it is asked for one")
}

pub(crate) fn declined(workload: WorkloadId, intent: PromiseId, asked: &Invitation) -> Frame {
    refused(workload, intent, asked, Why::Declined)
}

pub(crate) fn refused(
    workload: WorkloadId,
    intent: PromiseId,
    asked: &Invitation,
    why: Why,
) -> Frame {
    Frame::Refusal(Refusal {
        workload,
        intent,
        slots: asked.slots.clone(),
        why,
    })
}
