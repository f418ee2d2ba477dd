//! What is done to a world, and what comes of it.

use std::time::Duration;

use gary_agent::{Dealings, Setup, Shown};
use gary_promise::{
    AgentId, AgentKey, BootEpoch, Denial, Dismissal, Frame, Notice, Promise, Sequence, Signed,
    SignedRecord, Surplus, Version,
};
use rand::RngExt;

use super::act::{Act, Submission};
use super::node::{Input, NodeNo};
use super::queue::Happening;
use super::virtual_world::{CLUSTER, World};
use crate::adapter::Passed;
use crate::seen::Seen;
use gary_wire::WireCodec;

/// How long a node that goes away by plan stays to say so.
const SAYS_GOODBYE: Duration = Duration::from_millis(200);

/// Over how long messages of the past are heard again.
const REPLAYED_OVER: Duration = Duration::from_secs(2);

impl World {
    pub(super) fn act(&mut self, act: Act) {
        match act {
            Act::Submit { owner, to, what } => self.submit(owner, to, &what),
            Act::Start(node) => self.start(node),
            Act::Crash { node, for_good } => self.crash(node, for_good),
            Act::Away { node, notice } => self.send_away(node, notice),
            Act::Cut { from, to } => self.cut(&from, &to),
            Act::Heal => {
                self.network.heal();
                self.watch.see(self.now, Seen::Heals);
                self.look_around();
            }
            Act::Break(one, other) => self.network.break_connection(one, other),
            Act::Pause { node, span } => {
                self.stall(node, span);
                let its = &mut self.nodes[node.0];
                its.busy_until = its.busy_until.max(self.now.after(span));
            }
            Act::Jump { node, by } => {
                self.stall(node, by);
                self.nodes[node.0].clock.jump(by);
                self.take_in(node, Input::Due);
            }
            Act::Slow { node, each } => self.nodes[node.0].each = each,
            Act::Misjudge { observer, other } => {
                self.take_in(observer, Input::Misjudges(other));
                self.look_around();
            }
            Act::Measure { node, free_bytes } => self.measure(node, free_bytes),
            Act::Whisper { from, to, frame } => self.whisper(from, to, frame),
            Act::Lie { liar } => self.lie(liar),
            Act::Calm => self.calm(),
            Act::Replay { count } => self.replay(count),
        }
    }

    fn submit(&mut self, owner: usize, to: NodeNo, what: &Submission) {
        if let Submission::Meddles { of, nth, valency } = what {
            let shown = self.owners[*of].shows(*nth);
            let signed = shown.and_then(|(workload, wanted, keeper)| {
                let signed = self.owners[owner].meddle(workload, wanted, *valency)?;
                Some((signed, keeper))
            });
            if let Some((intent, to)) = signed {
                self.take_in(to, Input::Submitted { owner, intent });
            }
            return;
        }
        if let Some((intent, to)) = self.owners[owner].sign(what, to) {
            self.take_in(to, Input::Submitted { owner, intent });
        }
    }

    fn start(&mut self, node: NodeNo) {
        let its = &mut self.nodes[node.0];
        if its.is_up() || its.is_gone {
            return;
        }
        its.boot = its.disk.count_start();
        let capacity = match &its.spec.adapter {
            Some(adapter) => adapter.capacity(&its.spec.capacity),
            None => its.spec.capacity.clone(),
        };
        let considers = its.spec.published_consider();
        let setup = Setup {
            key: AgentKey::from_seed(&its.key_seed),
            cluster: CLUSTER,
            epoch: its.boot,
            capacity,
            consider: considers.filter(|_| its.spec.is_willing),
            seed: self.random.random(),
        };
        let local = its.clock.read(self.now);
        let seen = Seen::Starts {
            agent: its.id,
            epoch: its.boot,
            published: &its.spec.capacity,
            considers: its.spec.considers,
            is_willing: its.spec.is_willing,
        };
        self.watch.see(self.now, seen);
        let mut agent = Dealings::new(setup, WireCodec, local);
        agent.resume(local, its.disk.records());
        agent.recall(its.disk.assessed());
        its.busy_until = self.now;
        its.agent = Some(agent);
        self.take_out(node, Passed::default());
        self.set_timer(node);
        self.view.forget(node);
        self.look_around();
    }

    fn crash(&mut self, node: NodeNo, for_good: bool) {
        let its = &mut self.nodes[node.0];
        its.is_gone |= for_good;
        if !its.is_up() {
            return;
        }
        let agent = its.id;
        let facts = its.disk.crash(self.watch.reader());
        its.forget();
        let halted = its.host.crash();
        if !facts.is_empty() {
            let facts = &facts;
            self.watch.see(self.now, Seen::Stores { agent, facts });
        }
        for offer in halted {
            self.watch.see(self.now, Seen::Halts { agent, offer });
        }
        self.watch.see(self.now, Seen::Ends { agent, for_good });
        for other in 0..self.nodes.len() {
            self.network.break_connection(node, NodeNo(other));
        }
        self.look_around();
    }

    /// It says goodbye, ends, and is back in time.
    fn send_away(&mut self, node: NodeNo, notice: Duration) {
        let ms = u32::try_from(notice.as_millis()).unwrap_or(u32::MAX);
        if let Ok(said) = Notice::from_ms(ms) {
            self.take_in(node, Input::Leaves(said));
            let for_good = false;
            self.plan(SAYS_GOODBYE, Act::Crash { node, for_good });
            self.plan(notice / 2 + SAYS_GOODBYE, Act::Start(node));
        }
    }

    fn cut(&mut self, from: &[NodeNo], to: &[NodeNo]) {
        for from in from {
            for to in to {
                self.network.cut(*from, *to);
            }
        }
        let ids = |nodes: &[NodeNo]| -> Vec<AgentId> {
            nodes.iter().map(|its| self.nodes[its.0].id).collect()
        };
        let (from, to) = (ids(from), ids(to));
        let seen = Seen::Cuts {
            from: &from,
            to: &to,
        };
        self.watch.see(self.now, seen);
        self.look_around();
    }

    fn stall(&mut self, node: NodeNo, span: Duration) {
        let seen = Seen::Stalls {
            agent: self.nodes[node.0].id,
            span_ms: span.as_millis() as u64,
        };
        self.watch.see(self.now, seen);
    }

    fn measure(&mut self, node: NodeNo, free_bytes: u64) {
        let its = &mut self.nodes[node.0];
        if !its.is_up() {
            return;
        }
        let agent = its.id;
        let adapter = its.spec.adapter.as_mut();
        let passed = adapter.map_or_else(Passed::default, |its| its.measures(free_bytes));
        self.watch
            .see(self.now, Seen::Measures { agent, free_bytes });
        self.take_out(node, passed);
    }

    /// From now on nothing goes wrong any more.
    fn calm(&mut self) {
        self.watch.see(self.now, Seen::Calms);
        self.network.calm();
        for node in 0..self.nodes.len() {
            let its = &mut self.nodes[node];
            its.host.calm();
            its.each = Duration::ZERO;
            its.busy_until = its.busy_until.min(self.now);
            its.is_woken = false;
            self.wake_later(NodeNo(node));
            self.start(NodeNo(node));
        }
        self.look_around();
    }

    /// Every node finds out what has changed of the others, each in its own time.
    fn look_around(&mut self) {
        for observer in 0..self.nodes.len() {
            if !self.nodes[observer].is_up() {
                continue;
            }
            let boot = self.nodes[observer].boot;
            for other in (0..self.nodes.len()).filter(|other| *other != observer) {
                let (observer, other) = (NodeNo(observer), NodeNo(other));
                let is_there = self.is_there(observer, other);
                let at = self.view.notices_at(self.now, observer, other, is_there);
                if let Some(at) = at {
                    let notices = Happening::Notices {
                        observer,
                        boot,
                        other,
                    };
                    self.queue.push(at, notices);
                }
            }
        }
        for owner in 0..self.nodes.len() {
            self.show(NodeNo(owner));
        }
    }

    /// Whether one can be found from another: it is up, and something passes in some direction.
    pub(super) fn is_there(&self, observer: NodeNo, other: NodeNo) -> bool {
        let is_cut = self.network.is_cut(observer, other) && self.network.is_cut(other, observer);
        self.nodes[other.0].is_up() && !is_cut
    }

    /// Tells an agent of the membership, and of the sheet of whoever is there.
    pub(super) fn tell_view(&mut self, observer: NodeNo, other: NodeNo, is_there: bool) -> Passed {
        if !self.view.tell(observer, other, is_there) {
            return Passed::default();
        }
        let id = self.nodes[other.0].id;
        let shown = self.shown(other);
        let its = &mut self.nodes[observer.0];
        let seen = Seen::Views {
            observer: its.id,
            other: id,
            is_there,
        };
        self.watch.see(self.now, seen);
        let local = its.clock.read(self.now);
        if let Some(agent) = its.agent.as_mut() {
            if is_there {
                agent.handle_sheet(local, id, shown);
            }
            agent.handle_liveness(local, id, is_there);
        }
        match its.spec.adapter.as_mut() {
            Some(adapter) if !is_there => adapter.misses(id),
            _ => Passed::default(),
        }
    }

    /// What a node's sheet shows.
    fn shown(&mut self, node: NodeNo) -> Shown {
        let its = &self.nodes[node.0];
        let records = its.disk.records();
        let mut shown = Shown {
            capacity: Some(its.spec.capacity.clone()),
            consider: its.spec.published_consider(),
            ..Shown::default()
        };
        for record in records {
            if let SignedRecord::Promise(signed) = &record
                && let Some(promise) = self.watch.reader().promise(signed)
                && let gary_promise::Body::Keep(keep) = promise.body()
            {
                shown.keeps.insert(keep.workload, promise.id());
            }
        }
        shown
    }

    /// Shows a node's sheet to all who can see it.
    pub(super) fn show(&mut self, owner: NodeNo) {
        let id = self.nodes[owner.0].id;
        let shown = self.shown(owner);
        for observer in (0..self.nodes.len()).map(NodeNo) {
            let is_cut = self.network.is_cut(owner, observer);
            let its = &mut self.nodes[observer.0];
            let local = its.clock.read(self.now);
            if observer != owner
                && !is_cut
                && self.view.is_told(observer, owner)
                && let Some(agent) = its.agent.as_mut()
            {
                agent.handle_sheet(local, id, shown.clone());
                self.take_out(observer, Passed::default());
                self.set_timer(observer);
            }
        }
    }

    /// Says something to a node that the agent it comes from did not make it say.
    fn whisper(&mut self, from: NodeNo, to: NodeNo, frame: Frame) {
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
    fn replay(&mut self, count: usize) {
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
    fn lie(&mut self, liar: NodeNo) {
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
        let told = |record: SignedRecord| {
            let mut batch = gary_promise::Batch::default();
            let fits = batch.push(record);
            debug_assert!(fits, "an empty batch has room");
            Frame::Told(batch)
        };
        let later = Version {
            epoch: BootEpoch(u64::MAX / 2),
            sequence: Sequence::FIRST,
        };
        let (to, frame) = match self.random.random_range(0..5) {
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
                (to, Frame::Denial(Denial { version, of }))
            }
            // That another's offer is not accepted.
            3 => {
                let offers = gary_promise::BoundedSet::new([of.version]);
                let Ok(offers) = offers else { return };
                (by, Frame::Dismissal(Dismissal { offers }))
            }
            // That somebody else hosts what another does.
            _ => {
                let Some(gary_promise::Body::Host(host)) =
                    self.watch.reader().known(&of).map(|its| its.body().clone())
                else {
                    return;
                };
                let surplus = Surplus {
                    workload: host.workload,
                    generation: host.generation,
                    slot: host.slot,
                    yours: of,
                    winner: gary_promise::PromiseId {
                        promiser: self.nodes[liar.0].id,
                        version: later,
                    },
                };
                (by, Frame::Surplus(surplus))
            }
        };
        self.whisper(liar, to, frame);
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
