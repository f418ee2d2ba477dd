//! Many machines in virtual time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gary_agent::sheet::Sheet;
use gary_agent::{HostReport, Order, Write};
use gary_promise::{AgentId, Codec, Generation, MemberId, PromiseId, Time, Verdict, WorkloadId};
use gary_wire::WireCodec;
use rand::rngs::ChaCha8Rng;

use super::costs::Costs;
use super::happening::{Happening, Input, Letter, Wanted};
use super::machine::{Hosting, Machine};
use super::party::Party;
use super::progress::Board;
use super::timings::{Stopwatch, Timings};
use super::traffic::Traffic;

/// How long a host takes to stop something.
const STOP: Duration = Duration::from_millis(1);

/// Many machines in virtual time, on a network that loses nothing.
pub struct Fleet {
    pub(super) now: Time,
    pub(super) costs: Costs,
    pub(super) machines: Vec<Machine>,
    pub(super) by_id: BTreeMap<AgentId, usize>,
    queue: BTreeMap<(Time, u64), Happening>,
    planned: u64,
    pub(super) random: ChaCha8Rng,
    pub(super) traffic: Traffic,
    pub(super) board: Board,
    /// What people were told, and when.
    pub(super) settled: BTreeMap<PromiseId, (Time, Verdict)>,
    /// How often a disk has synced.
    pub(super) syncs: u64,
    /// What everybody takes over who joins a cluster that stands.
    pub(super) founding: Option<Arc<Founding>>,
    /// Whether disks keep what was written, for machines that start again.
    pub(super) remembers: bool,
    stopwatch: Option<Box<dyn Stopwatch>>,
    timings: Timings,
    handled: u64,
}

/// A cluster that stands: who is in it, and what they promise to everyone.
pub(super) struct Founding {
    pub(super) members: Vec<MemberId>,
    pub(super) sheets: Vec<Arc<Sheet>>,
}

impl Fleet {
    /// These machines, on which nothing runs yet.
    pub(super) fn new(machines: Vec<Machine>, costs: Costs, random: ChaCha8Rng) -> Self {
        let numbered = machines.iter().enumerate();
        Self {
            now: Time::from_us(0),
            costs,
            by_id: numbered.map(|(number, its)| (its.id, number)).collect(),
            machines,
            queue: BTreeMap::new(),
            planned: 0,
            random,
            traffic: Traffic::default(),
            board: Board::default(),
            settled: BTreeMap::new(),
            syncs: 0,
            founding: None,
            remembers: false,
            stopwatch: None,
            timings: Timings::default(),
            handled: 0,
        }
    }

    /// From now on, measures how long handling takes. Everything is read from its bytes then.
    pub fn measure(&mut self, stopwatch: Box<dyn Stopwatch>) {
        self.stopwatch = Some(stopwatch);
    }

    /// What was measured.
    pub fn into_timings(self) -> Timings {
        self.timings
    }

    /// Now.
    pub const fn now(&self) -> Time {
        self.now
    }

    /// What was sent so far.
    pub const fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// How often an agent has taken something in.
    pub const fn handled(&self) -> u64 {
        self.handled
    }

    pub(super) fn plan(&mut self, at: Time, what: Happening) {
        self.planned += 1;
        self.queue.insert((at.max(self.now), self.planned), what);
    }

    /// How many of a workload run by now, at a generation.
    pub(super) fn running_at(&self, workload: &WorkloadId, generation: Generation) -> usize {
        let all = self.machines.iter().flat_map(|its| its.hosting.values());
        let running =
            all.filter(|its| its.runs && its.workload == *workload && its.generation == generation);
        running.count()
    }

    /// The machines that have not lost power.
    pub(super) fn up(&self) -> impl Iterator<Item = usize> {
        let all = self.machines.iter().enumerate();
        all.filter(|(_, its)| its.party.is_some())
            .map(|(number, _)| number)
    }

    /// Which machines keep a workload.
    pub(super) fn keepers(&self, workload: &WorkloadId) -> Vec<usize> {
        let all = self.machines.iter().enumerate();
        let keeps =
            all.filter(|(_, its)| its.party.as_ref().is_some_and(|its| its.keeps(workload)));
        keeps.map(|(number, _)| number).collect()
    }

    /// Goes on for a while.
    pub fn run(&mut self, span: Duration) {
        let end = self.now.after(span);
        self.run_until(end, |_| false);
    }

    /// Goes on until it is `end`, or `is_done`, which is looked at after everything that happens.
    pub(super) fn run_until(&mut self, end: Time, is_done: impl Fn(&Self) -> bool) -> bool {
        while let Some(next) = self.queue.first_entry()
            && next.key().0 <= end
        {
            let ((at, _), what) = next.remove_entry();
            self.now = at;
            self.happen(what);
            if is_done(self) {
                return true;
            }
        }
        self.now = end;
        false
    }

    fn happen(&mut self, what: Happening) {
        let now = self.now;
        match what {
            Happening::Arrives { from, to, letter } => {
                let from = self.machines[from].id;
                let at = self.machines[to].receive(now, letter.bytes(), &self.costs);
                self.take_in(to, at, Input::Letter { from, letter });
            }
            Happening::Due { at, boot } if self.is_due(at, boot) => {
                self.take_in(at, now, Input::Due);
            }
            Happening::Synced { at, boot } if self.machines[at].boot == boot => self.synced(at),
            Happening::Started { at, boot, offer } if self.machines[at].boot == boot => {
                if let Some(hosting) = self.machines[at].hosting.get_mut(&offer)
                    && !hosting.runs
                {
                    hosting.runs = true;
                    self.board.runs(hosting.workload, hosting.slot, now);
                }
                self.take_in(at, now, Input::Report(HostReport::Started { offer }));
            }
            Happening::Stopped { at, boot, offer } if self.machines[at].boot == boot => {
                self.take_in(at, now, Input::Report(HostReport::Stopped { offer }));
            }
            Happening::Deploys { at, submitted } => {
                self.take_in(at, now, Input::Deploy(submitted));
            }
            Happening::Joins { at } => self.take_over(at),
            // Of an earlier start.
            _ => {}
        }
    }

    /// Whether that timer is still set and something is due. One that was set for earlier is set anew.
    fn is_due(&mut self, number: usize, boot: u64) -> bool {
        let now = self.now;
        let machine = &mut self.machines[number];
        if machine.boot != boot || machine.due_at != Some(now) {
            return false;
        }
        machine.due_at = None;
        let due_at = machine.party.as_ref().and_then(Party::poll_timeout);
        let is_due = due_at.is_some_and(|at| at <= now.max(machine.busy_until));
        if !is_due {
            self.set_timer(number);
        }
        is_due
    }

    fn synced(&mut self, number: usize) {
        let (now, sync) = (self.now, self.costs.sync);
        let machine = &mut self.machines[number];
        let boot = machine.boot;
        let Some(write) = machine.disk.syncing.take() else {
            return;
        };
        self.syncs += 1;
        machine.disk.stored = machine.disk.stored.max(write);
        machine.disk.syncing = machine.disk.next.take();
        if machine.disk.syncing.is_some() {
            self.plan(now.after(sync), Happening::Synced { at: number, boot });
        }
        self.take_in(number, now, Input::Stored(write));
    }

    /// An agent takes something in, once it is done with what came before, and does what follows.
    fn take_in(&mut self, number: usize, at: Time, input: Input) {
        let machine = &mut self.machines[number];
        let Some(party) = machine.party.as_mut() else {
            return;
        };
        let begun = at.max(machine.busy_until);
        let kind = input.kind();
        self.handled += 1;
        let began = self.stopwatch.as_mut().map(|watch| watch.elapsed());
        match input {
            Input::Letter { from, letter } => match letter {
                Letter::Packet(bytes) => party.handle_packet(begun, from, &bytes),
                Letter::Frame { frame, packed, .. } => {
                    let frame = match packed {
                        Some(bytes) => WireCodec
                            .unpack(&bytes)
                            .expect("agents send what they read"),
                        None => *frame,
                    };
                    party.handle_frame(begun, from, frame);
                }
            },
            Input::Due => party.handle_timeout(begun),
            Input::Stored(write) => party.handle_stored(begun, write),
            Input::Report(report) => party.handle_report(begun, report),
            Input::Deploy(its) => {
                if party.deploy(begun, its.intent).is_ok() {
                    self.board.deployed(its.workload, its.replicas, at);
                }
            }
        }
        let wanted = Wanted::of(party);
        if let Some(began) = began
            && let Some(watch) = self.stopwatch.as_mut()
        {
            self.timings
                .add(kind, watch.elapsed().saturating_sub(began));
        }
        let done = begun.after(self.costs.handle(kind));
        machine.busy_until = done;
        self.carry_out(number, done, wanted);
        self.set_timer(number);
    }

    /// Writes, sends and orders what an agent wants.
    pub(super) fn carry_out(&mut self, number: usize, at: Time, wanted: Wanted) {
        for write in wanted.writes {
            self.write(number, at, write);
        }
        for (to, frame, packed) in wanted.frames {
            let bytes = packed.len();
            let letter = Letter::Frame {
                frame: Box::new(frame),
                bytes,
                packed: self.stopwatch.is_some().then_some(packed),
            };
            self.send(number, at, to, letter);
        }
        for (to, bytes) in wanted.packets {
            self.send(number, at, to.agent, Letter::Packet(bytes));
        }
        for order in wanted.orders {
            self.order(number, at, order);
        }
        for its in wanted.settlements {
            self.settled.insert(its.intent, (at, its.verdict));
        }
    }

    fn write(&mut self, number: usize, at: Time, write: Write) {
        let sync = self.costs.sync;
        let machine = &mut self.machines[number];
        let id = write.id;
        if self.remembers {
            machine.disk.facts.push((id, write.facts));
        }
        if machine.disk.syncing.is_some() {
            machine.disk.next = Some(id);
            return;
        }
        machine.disk.syncing = Some(id);
        let boot = machine.boot;
        self.plan(at.after(sync), Happening::Synced { at: number, boot });
    }

    fn send(&mut self, from: usize, at: Time, to: AgentId, letter: Letter) {
        let bytes = letter.bytes();
        self.traffic.add(letter.kind(), bytes);
        let Some(to) = self.by_id.get(&to).copied() else {
            return;
        };
        let left_at = self.machines[from].send(at, bytes, &self.costs);
        let arrives_at = left_at.after(self.costs.latency);
        self.plan(arrives_at, Happening::Arrives { from, to, letter });
    }

    fn order(&mut self, number: usize, at: Time, order: Order) {
        let machine = &mut self.machines[number];
        let boot = machine.boot;
        match order {
            Order::Start(start) => {
                let binding = &start.binding;
                let (offer, workload) = (binding.id().offer, binding.workload());
                let slot = binding.slot().0;
                let hosting = Hosting {
                    workload,
                    slot,
                    generation: binding.generation(),
                    runs: false,
                };
                if machine.hosting.insert(offer, hosting).is_none() {
                    self.board.bound(workload, slot, at);
                }
                machine.starts_until = machine.starts_until.max(at).after(self.costs.start);
                let started = Happening::Started {
                    at: number,
                    boot,
                    offer,
                };
                self.plan(self.machines[number].starts_until, started);
            }
            Order::Prolong { .. } => {}
            Order::Stop { offer } | Order::Suspend { offer } => {
                if let Some(its) = machine.hosting.remove(&offer) {
                    self.board.ended(its.workload, its.slot, its.runs, None);
                }
                let stopped = Happening::Stopped {
                    at: number,
                    boot,
                    offer,
                };
                self.plan(at.after(STOP), stopped);
            }
        }
    }

    pub(super) fn set_timer(&mut self, number: usize) {
        let machine = &mut self.machines[number];
        let Some(at) = machine.party.as_ref().and_then(Party::poll_timeout) else {
            return;
        };
        // Later than now, so that time goes on.
        let at = at.max(machine.busy_until);
        let at = at.max(Time::from_us(self.now.as_us() + 1));
        if machine.due_at.is_some_and(|due_at| due_at <= at) {
            return;
        }
        machine.due_at = Some(at);
        let boot = machine.boot;
        self.plan(at, Happening::Due { at: number, boot });
    }
}
