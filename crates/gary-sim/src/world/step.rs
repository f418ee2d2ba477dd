//! One node takes one thing in, and what follows from it.

use std::time::Duration;

use gary_agent::{Order, Transmit, Write};
use gary_promise::{AgentId, MemberId, Settlement, Verdict};

use super::node::{Input, NodeNo};
use super::queue::Happening;
use super::virtual_world::{REMEMBERED_MAX, World};
use crate::adapter::Passed;
use crate::seen::Seen;

/// How many packets and timers a slow node handles in the time that a frame takes it: they come all the time,
/// and take next to nothing.
const SMALL_PER_LARGE: u32 = 20;

impl World {
    /// Gives a node something to take in: at once, or when it is done with what came before.
    pub(super) fn take_in(&mut self, node: NodeNo, input: Input) {
        let its = &mut self.nodes[node.0];
        if !its.is_up() {
            return;
        }
        if its.busy_until > self.now || !its.inbox.is_empty() {
            its.put_in(input);
            self.wake_later(node);
            return;
        }
        self.step(node, input);
    }

    pub(super) fn wake_later(&mut self, node: NodeNo) {
        let its = &mut self.nodes[node.0];
        if its.is_woken || its.inbox.is_empty() {
            return;
        }
        its.is_woken = true;
        let at = its.busy_until.max(self.now);
        let boot = its.boot;
        self.queue.push(at, Happening::Wakes { node, boot });
    }

    /// One node takes one thing in, and does what follows from it.
    pub(super) fn step(&mut self, node: NodeNo, input: Input) {
        let its = &mut self.nodes[node.0];
        let local = its.clock.read(self.now);
        let id = its.id;
        let takes = match &input {
            Input::Packet { .. } | Input::Due | Input::Stored(_) => its.each / SMALL_PER_LARGE,
            _ => its.each,
        };
        its.busy_until = its.busy_until.max(self.now.after(takes));
        let Some(agent) = its.agent.as_mut() else {
            return;
        };
        let mut passed = Passed::default();
        match input {
            Input::Frame {
                from,
                frame,
                is_noise,
            } => {
                let from = self.nodes[from.0].id;
                let seen = Seen::Hears {
                    from,
                    to: id,
                    frame: &frame,
                    is_noise,
                };
                self.watch.see(self.now, seen);
                let its = &mut self.nodes[node.0];
                match its.spec.adapter.as_mut() {
                    Some(adapter) => passed = adapter.hears(from, frame),
                    None => passed.hears.push((from, frame)),
                }
                let agent = its.agent.as_mut().expect("it was just there");
                for (from, frame) in passed.hears.drain(..) {
                    agent.handle_frame(local, from, frame);
                }
            }
            Input::Packet { from, bytes } => agent.handle_packet(local, from, &bytes),
            Input::Due => agent.handle_timeout(local),
            Input::Stored(write) => agent.handle_stored(local, write),
            Input::Reported(report) => {
                let seen = Seen::Reports {
                    agent: id,
                    report: &report,
                };
                self.watch.see(self.now, seen);
                let adapter = its.spec.adapter.as_mut();
                if let Some(report) = match adapter {
                    Some(adapter) => adapter.reports(report),
                    None => Some(report),
                } {
                    agent.handle_report(local, report);
                }
            }
            Input::ToldTime(wall) => agent.set_wall_clock(local, wall),
            Input::GoesAway(notice) => {
                self.watch.see(self.now, Seen::GoesAway { agent: id });
                agent.announce_absence(notice);
            }
            Input::TakesBack(offer) => {
                self.watch
                    .see(self.now, Seen::TakesBack { agent: id, offer });
                agent.take_back(local, offer);
            }
            Input::Revises(published) => {
                let seen = Seen::Revises {
                    agent: id,
                    published: &published,
                };
                self.watch.see(self.now, seen);
                let capacity = match &mut its.spec.adapter {
                    Some(adapter) => adapter.revises(&published),
                    None => Some(published),
                };
                if let Some(capacity) = capacity {
                    agent.revise_capacity(local, capacity);
                }
            }
            Input::Drains(drain) => {
                self.watch.see(self.now, Seen::Drains { agent: id, drain });
                let adapter = its.spec.adapter.as_mut();
                match adapter.map_or(Some(drain), |its| its.drains(drain)) {
                    Some(drain) => agent.drain(local, drain),
                    None => agent.leave(local),
                }
            }
            Input::Undrains => {
                self.watch.see(self.now, Seen::Undrains { agent: id });
                agent.undrain(local);
            }
            Input::Leaves => agent.leave(local),
            Input::Moves => agent.relocate(local, its.address),
            Input::Recovers(id, intent) => {
                let answer = agent.recover(local, &id, intent.clone());
                let seen = Seen::Recovers {
                    agent: its.id,
                    intent: &intent,
                    answer: &answer,
                };
                self.watch.see(self.now, seen);
            }
            Input::Withdrawn(withdrawal) => {
                // It may have been settled while the node stood still.
                agent.withdraw_pending(local, withdrawal).ok();
            }
            Input::Submitted(intent, acknowledgement) => {
                let answer = agent.submit(local, intent.clone(), acknowledgement);
                let seen = Seen::Submits {
                    to: id,
                    intent: &intent,
                    answer: &answer,
                };
                self.watch.see(self.now, seen);
            }
        }
        self.take_out(node, passed);
        self.set_timer(node);
        let agent = self.nodes[node.0].agent.as_ref();
        if agent.is_some_and(|its| its.has_left()) {
            self.see_off(node, true);
        }
    }

    /// Takes everything that an agent has for its world.
    pub(super) fn take_out(&mut self, node: NodeNo, passed: Passed) {
        let now = self.now;
        let its = &mut self.nodes[node.0];
        let Some(agent) = its.agent.as_mut() else {
            return;
        };
        let boot = its.boot;
        while let Some(write) = agent.poll_write() {
            let write_id = write.id;
            let facts = match its.spec.adapter.as_mut() {
                Some(adapter) => adapter.stores(write),
                None => write.facts,
            };
            let write = Write {
                id: write_id,
                facts,
            };
            let at = its.disk.write(now, write);
            let synced = Happening::Synced {
                node,
                boot,
                write: write_id,
            };
            self.queue.push(at, synced);
        }
        let mut said = passed.says;
        let mut ordered = passed.orders;
        while let Some(transmit) = agent.poll_transmit() {
            match its.spec.adapter.as_mut() {
                Some(adapter) => said.extend(adapter.says(transmit)),
                None => said.push(transmit),
            }
        }
        let packets: Vec<_> = std::iter::from_fn(|| agent.poll_packet()).collect();
        while let Some(order) = agent.poll_order() {
            match its.spec.adapter.as_mut() {
                Some(adapter) => ordered.extend(adapter.orders(order)),
                None => ordered.push(order),
            }
        }
        let settled: Vec<_> = std::iter::from_fn(|| agent.poll_settlement()).collect();
        for settlement in settled {
            self.settle(node, settlement);
        }
        for transmit in said {
            self.send(node, transmit);
        }
        for (to, bytes) in packets {
            self.deliver(node, to, &bytes);
        }
        for order in ordered {
            self.order(node, &order);
        }
        self.end_if_set_back(node);
    }

    /// Sends a packet to whoever is where it is addressed to, if that is whom it is for.
    fn deliver(&mut self, from: NodeNo, to: MemberId, bytes: &[u8]) {
        self.packets += 1;
        let agent = self.nodes[from.0].id;
        let seen = Seen::Sends {
            from: agent,
            to: to.agent,
            packet: bytes,
        };
        self.watch.see(self.now, seen);
        let Some(to) = self.at_address(&to.address, to.agent) else {
            return;
        };
        for at in self.network.deliver(self.now, from, to) {
            let bytes = bytes.to_vec();
            let delivers = Happening::Delivers {
                from,
                agent,
                to,
                bytes,
            };
            self.queue.push(at, delivers);
        }
    }

    /// Which node an agent's frames for another reach: the one that is where it knows the other to be.
    fn route(&self, from: NodeNo, to: AgentId) -> Option<NodeNo> {
        let its = &self.nodes[from.0];
        let agent = its.agent.as_ref();
        let known = agent.and_then(|agent| agent.membership().address_of(&to));
        let address = known.or_else(|| its.known.get(&to).copied())?;
        self.at_address(&address, to)
    }

    fn send(&mut self, from: NodeNo, transmit: Transmit) {
        let Transmit { to, frame } = transmit;
        let agent = self.nodes[from.0].id;
        self.frames += 1;
        let seen = Seen::Says {
            from: agent,
            to,
            frame: &frame,
        };
        self.watch.see(self.now, seen);
        let Some(to) = self.route(from, to) else {
            return;
        };
        let frame = self.nodes[from.0].spec.release.through_the_wire(&frame);
        if self.said.len() >= REMEMBERED_MAX {
            self.said.pop_front();
        }
        self.said.push_back((from, to, frame.clone()));
        for passage in self.network.send(self.now, from, to) {
            let arrives = Happening::Arrives {
                from,
                to,
                connection: passage.connection,
                frame: frame.clone(),
            };
            self.queue.push(passage.arrives_at, arrives);
        }
    }

    pub(super) fn order(&mut self, node: NodeNo, order: &Order) {
        let its = &mut self.nodes[node.0];
        let (agent, boot) = (its.id, its.boot);
        self.watch.see(self.now, Seen::Orders { agent, order });
        if let Some((at, turn)) = its.host.order(self.now, order) {
            self.queue.push(at, Happening::Turns { node, boot, turn });
        }
        self.watch_term(node, order);
    }

    /// A person is told what has become of an intent.
    fn settle(&mut self, node: NodeNo, settlement: Settlement) {
        let seen = Seen::Settles {
            agent: self.nodes[node.0].id,
            settlement: &settlement,
        };
        self.watch.see(self.now, seen);
        if let Verdict::Conflict(now) = settlement.verdict {
            let intent = self.watch.reader().known(&settlement.intent);
            if let Some(workload) = intent.and_then(|its| its.workload()) {
                let by = settlement.intent.promiser;
                let owners = self.owners.iter_mut().filter(|its| its.id() == by);
                owners.for_each(|its| its.knows(workload, now));
            }
        }
        self.settled.push((self.now, node, settlement));
    }

    pub(super) fn set_timer(&mut self, node: NodeNo) {
        let its = &mut self.nodes[node.0];
        let wanted = its.agent.as_ref().map(|agent| agent.poll_timeout());
        // A little later than now at least, so that time goes on.
        let soonest = self.now.after(Duration::from_micros(1));
        let due_at = wanted.map(|local| its.clock.when(local).max(soonest));
        if let Some(at) = due_at
            && its.due_at != Some(at)
        {
            let boot = its.boot;
            its.due_at = Some(at);
            self.queue.push(at, Happening::Due { node, boot });
        }
    }
}
