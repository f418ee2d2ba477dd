//! What is done to a world, and what comes of it.

use std::time::Duration;

use gary_agent::membership::{Seed, Settings};
use gary_agent::{Acknowledgement, Agent, AgentSetup, Recovery, Setup};
use gary_promise::{AgentId, AgentKey, BootNonce, Notice, Promise, Resources, Signed};
use rand::RngExt;

use super::act::{Act, Submission};
use super::clock::wall;
use super::host::Host;
use super::node::{Input, NodeNo};
use super::release::Release;
use super::virtual_world::{CLUSTER, World};
use crate::adapter::Passed;
use crate::seen::Seen;

/// How long a node that goes away by plan stays to say so.
const SAYS_GOODBYE: Duration = Duration::from_secs(1);

/// How many others a node is told of that it may join by way of.
const SEEDS: usize = 5;

impl World {
    pub(super) fn act(&mut self, act: Act) {
        match act {
            Act::Submit { owner, to, what } => {
                if let Some((intent, to)) = self.sign(owner, to, &what) {
                    self.take_in(to, Input::Submitted(intent, Acknowledgement::Majority));
                }
            }
            Act::SubmitLocally { owner, to, what } => {
                if let Some((intent, _)) = self.sign(owner, to, &what) {
                    self.take_in(to, Input::Submitted(intent, Acknowledgement::Local));
                }
            }
            Act::Entrust { to, intent } => {
                self.take_in(to, Input::Submitted(intent, Acknowledgement::Majority));
            }
            Act::EntrustLocally { to, intent } => {
                self.take_in(to, Input::Submitted(intent, Acknowledgement::Local));
            }
            Act::Recover { owner, nth, at } => self.recover(owner, nth, at),
            Act::RecoverBy { at, id, intent } => self.take_in(at, Input::Recovers(id, intent)),
            Act::WithdrawPending { owner, at } => self.withdraw_pending(owner, at),
            Act::Start(node) => self.start(node),
            Act::Crash { node, for_good } => self.crash(node, for_good),
            Act::Away { node, notice } => self.send_away(node, notice),
            Act::Cut { from, to } => self.cut(&from, &to),
            Act::Heal => {
                self.network.heal();
                self.watch.see(self.now, Seen::Heals);
            }
            Act::Break(one, other) => self.network.break_connection(one, other),
            Act::Pause { node, span } => {
                self.stall(node, span, false);
                let its = &mut self.nodes[node.0];
                its.busy_until = its.busy_until.max(self.now.after(span));
                its.stalled_until = its.stalled_until.max(self.now.after(span));
            }
            Act::Jump { node, by } => {
                self.stall(node, by, true);
                self.nodes[node.0].clock.jump(by);
                self.look_at_clock(node);
                self.take_in(node, Input::ToldTime(wall(self.now)));
                self.take_in(node, Input::Due);
            }
            Act::Slow { node, each } => self.nodes[node.0].each = each,
            Act::Slander {
                liar,
                observer,
                other,
                what,
            } => self.slander(liar, observer, other, what),
            Act::TakeBack(node) => {
                if let Some(offer) = self.nodes[node.0].host.first() {
                    self.take_in(node, Input::TakesBack(offer));
                }
            }
            Act::Revise { node, resources } => self.revise(node, resources),
            Act::Drain { node, drain } => self.take_in(node, Input::Drains(drain)),
            Act::Undrain(node) => self.take_in(node, Input::Undrains),
            Act::Leave(node) => self.leave(node),
            Act::Move(node) => self.relocate(node),
            Act::Copy { of, to } => self.copy(of, to),
            Act::BackUp(node) => self.nodes[node.0].disk.back_up(),
            Act::Restore(node) => self.restore(node),
            Act::OfHolder(what) => {
                let exclusive = |host: &Host| host.exclusive().any(|its| host.runs(&its));
                self.befall_first(exclusive, what);
            }
            Act::OfRunner(what) => self.befall_first(Host::runs_to_completion, what),
            Act::Measure { node, free_bytes } => self.measure(node, free_bytes),
            Act::Whisper { from, to, frame } => self.whisper(from, to, frame),
            Act::Lie { liar } => self.lie(liar),
            Act::Calm => self.calm(),
            Act::Replay { count } => self.replay(count),
        }
    }

    /// What an owner signs, and which node it goes to if it has not heard of a better one.
    fn sign(
        &mut self,
        owner: usize,
        to: NodeNo,
        what: &Submission,
    ) -> Option<(Signed<Promise>, NodeNo)> {
        let Submission::Meddles { of, nth, valency } = what else {
            return self.owners[owner].sign(what, to);
        };
        let (workload, wanted, keeper) = self.owners[*of].shows(*nth)?;
        let signed = self.owners[owner].meddle(workload, wanted, *valency)?;
        Some((signed, keeper))
    }

    fn recover(&mut self, owner: usize, nth: usize, at: NodeNo) {
        let name = self.owners[owner].shows(nth).map(|(_, its, _)| its.name);
        let assessed = name.and_then(|name| {
            let dealings = self.agent(at)?.dealings();
            dealings.assess_recovery(&name).ok()
        });
        let Some(Recovery {
            id, intent, next, ..
        }) = assessed
        else {
            return;
        };
        let stands = self.watch.reader().promise(&intent).cloned();
        let signed = stands.and_then(|stands| self.owners[owner].recover(&stands, next));
        if let Some(signed) = signed {
            self.take_in(at, Input::Recovers(Box::new(id), signed));
        }
    }

    fn withdraw_pending(&mut self, owner: usize, at: NodeNo) {
        let by = self.owners[owner].id();
        let pending = self.agent(at).and_then(|agent| {
            let mut pending = agent.dealings().pending();
            pending.find(|its| its.intent.promiser == by)
        });
        let intent = pending.and_then(|its| self.watch.reader().known(&its.intent).cloned());
        let withdrawal = intent.and_then(|its| self.owners[owner].withdraw(its));
        if let Some(withdrawal) = withdrawal {
            self.take_in(at, Input::Withdrawn(withdrawal));
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
        let dealings = Setup {
            key: AgentKey::from_seed(&its.key_seed),
            cluster: CLUSTER,
            epoch: its.boot,
            capacity,
            consider: its.spec.consider.clone(),
            declines: !its.spec.is_willing,
            replaces_after: its.spec.replaces_after,
            seed: self.random.random(),
        };
        let setup = AgentSetup {
            dealings,
            nonce: BootNonce(self.random.random()),
            address: its.address,
            membership: Settings::lan(),
        };
        let local = its.clock.read(self.now);
        let seen = Seen::Starts {
            agent: its.id,
            epoch: its.boot,
            published: &its.spec.capacity,
            consider: its.spec.consider.as_ref(),
            is_willing: its.spec.is_willing,
        };
        self.watch.see(self.now, seen);
        let mut agent = Agent::new(setup, its.disk.facts(), its.spec.release, local);
        let seeds = self.seeds(node);
        agent.join(local, seeds);
        agent.set_wall_clock(local, wall(self.now));
        let its = &mut self.nodes[node.0];
        its.busy_until = self.now;
        its.stalled_until = self.now;
        its.agent = Some(Box::new(agent));
        self.take_out(node, Passed::default());
        self.set_timer(node);
    }

    /// By way of whom a node joins: those that it knew, and a few others that its operator names.
    fn seeds(&mut self, node: NodeNo) -> Vec<Seed> {
        let its = &self.nodes[node.0];
        let known = its.known.iter().map(|(agent, address)| Seed {
            agent: *agent,
            address: *address,
        });
        let mut seeds: Vec<Seed> = known.collect();
        let others = self.nodes.len() - 1;
        for _ in 0..SEEDS.min(others) {
            let after = self.random.random_range(1..=others);
            let other = &self.nodes[(node.0 + after) % self.nodes.len()];
            seeds.push(Seed {
                agent: other.id,
                address: other.address,
            });
        }
        seeds
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
        self.miss(&[node]);
    }

    /// Tells what stands between agents and the world that nodes cannot be reached any more: it need not wait
    /// until its agent finds out.
    fn miss(&mut self, gone: &[NodeNo]) {
        for observer in (0..self.nodes.len()).map(NodeNo) {
            for gone in gone {
                let missed = self.nodes[gone.0].id;
                let is_there = self.nodes[gone.0].is_up() && !self.network.is_cut(*gone, observer);
                let adapter = self.nodes[observer.0].spec.adapter.as_mut();
                if let Some(adapter) = adapter
                    && !is_there
                {
                    let passed = adapter.misses(missed);
                    self.take_out(observer, passed);
                }
            }
        }
    }

    /// It has more or less than before, after its next start too.
    fn revise(&mut self, node: NodeNo, resources: Resources) {
        let capacity = &mut self.nodes[node.0].spec.capacity;
        capacity.resources = resources;
        let revised = Input::Revises(capacity.clone());
        self.take_in(node, revised);
    }

    /// It says that it leaves, and ends.
    fn leave(&mut self, node: NodeNo) {
        let is_up = self.nodes[node.0].is_up();
        if is_up {
            self.see_off(node, false);
        }
        self.take_in(node, Input::Leaves);
        if !is_up {
            let for_good = true;
            self.plan(SAYS_GOODBYE, Act::Crash { node, for_good });
        }
    }

    /// It has left, or is about to, and ends.
    pub(super) fn see_off(&mut self, node: NodeNo, is_drained: bool) {
        let its = &mut self.nodes[node.0];
        if std::mem::replace(&mut its.is_leaving, true) {
            return;
        }
        let agent = its.id;
        self.watch.see(self.now, Seen::Leaves { agent, is_drained });
        let for_good = true;
        self.plan(SAYS_GOODBYE, Act::Crash { node, for_good });
    }

    fn relocate(&mut self, node: NodeNo) {
        let its = &mut self.nodes[node.0];
        self.by_address.remove(&its.address);
        its.address.set_port(its.address.port().wrapping_add(1));
        self.by_address.insert(its.address, node);
        self.take_in(node, Input::Moves);
    }

    fn copy(&mut self, of: NodeNo, to: NodeNo) {
        let (id, key_seed) = (self.nodes[of.0].id, self.nodes[of.0].key_seed);
        let fork = self.random.random();
        let disk = self.nodes[of.0].disk.copy(fork);
        let its = &mut self.nodes[to.0];
        (its.id, its.key_seed, its.disk) = (id, key_seed, disk);
    }

    fn restore(&mut self, node: NodeNo) {
        let its = &mut self.nodes[node.0];
        if its.is_up() || its.is_gone {
            return;
        }
        let (agent, sequence) = (its.id, its.disk.restore());
        self.watch.see(self.now, Seen::Restores { agent, sequence });
    }

    /// It has found that its disk went back, and leaves for good: whoever runs its machine gives it another key.
    pub(super) fn end_if_set_back(&mut self, node: NodeNo) {
        let is_set_back = |its: &Agent<Release>| its.set_back().is_some();
        if self.nodes[node.0].agent.as_deref().is_some_and(is_set_back) {
            self.see_off(node, false);
        }
    }

    /// It says goodbye, ends, and is back in time.
    fn send_away(&mut self, node: NodeNo, notice: Duration) {
        let ms = u32::try_from(notice.as_millis()).unwrap_or(u32::MAX);
        if let Ok(said) = Notice::from_ms(ms) {
            self.take_in(node, Input::GoesAway(said));
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
        let gone: Vec<NodeNo> = from.iter().filter_map(|id| self.node_of(*id)).collect();
        self.miss(&gone);
    }

    fn stall(&mut self, node: NodeNo, span: Duration, is_clock: bool) {
        let seen = Seen::Stalls {
            agent: self.nodes[node.0].id,
            span_ms: span.as_millis() as u64,
            is_clock,
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
            its.stalled_until = its.stalled_until.min(self.now);
            its.is_woken = false;
            self.look_at_clock(NodeNo(node));
            self.wake_later(NodeNo(node));
            self.start(NodeNo(node));
        }
    }
}
