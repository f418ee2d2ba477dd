//! Running what is exclusive: until when, and what its hosts share.

use std::collections::BTreeMap;
use std::time::Duration;

use gary_agent::Order;
use gary_agent::exclusive::{CLOCK_DRIFT_PPM_MAX, STOPS_WITHIN};
use gary_promise::{AgentId, FencingEpoch, PromiseId, WorkloadId};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::act::{Act, Blow};
use super::clock::DRIFT_PPM_MAX;
use super::host::Host;
use super::node::NodeNo;
use super::queue::Happening;
use super::virtual_world::World;
use crate::seen::Seen;

/// How long a host may take to find out that the time of something is up: a tick of its epoch.
pub(super) const EPOCH_TICK: Duration = Duration::from_millis(1);

// What agents rely on of clocks and hosts, those of a world keep to.
const _: () = assert!(DRIFT_PPM_MAX as u32 <= CLOCK_DRIFT_PPM_MAX);
const _: () = assert!(EPOCH_TICK.as_micros() <= STOPS_WITHIN.as_micros());

/// How often what is exclusive uses what it shares with others of its workload.
const USES_EVERY: Duration = Duration::from_millis(700);

/// How long what it does there is under way, at most; one in eight as long as a tenure lasts, and longer.
const UNDER_WAY: Duration = Duration::from_millis(300);
const LONG_UNDER_WAY: Duration = Duration::from_secs(15);

/// What those share who run something exclusive: of each workload something that refuses whoever comes under an earlier
/// fencing epoch than somebody before.
#[derive(Debug)]
pub(super) struct Shared {
    latest: BTreeMap<WorkloadId, FencingEpoch>,
    random: ChaCha8Rng,
}

impl Shared {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            latest: BTreeMap::new(),
            random: ChaCha8Rng::seed_from_u64(seed ^ 0x5ba4ed),
        }
    }

    fn under_way(&mut self) -> Duration {
        let is_long = self.random.random_range(0..8) == 0;
        let most = if is_long { LONG_UNDER_WAY } else { UNDER_WAY };
        Duration::from_micros(self.random.random_range(0..most.as_micros() as u64))
    }
}

impl World {
    /// Looks whether something exclusive has run for as long as it may, once it may have.
    pub(super) fn watch_term(&mut self, node: NodeNo, order: &Order) {
        let (offer, term) = match order {
            Order::Start(start) => (start.binding.id().offer, start.term),
            Order::Prolong { offer, term } => (*offer, Some(*term)),
            Order::Suspend { .. } | Order::Stop { .. } => return,
        };
        if let Some(term) = term {
            let its = &self.nodes[node.0];
            let (boot, at) = (its.boot, its.clock.when(term.until).max(self.now));
            let runs_out = Happening::RunsOut { node, boot, offer };
            self.queue.push(at.after(EPOCH_TICK), runs_out);
        }
    }

    /// Its clock has jumped: what is exclusive may have no time left.
    pub(super) fn look_at_clock(&mut self, node: NodeNo) {
        let its = &self.nodes[node.0];
        let boot = its.boot;
        let offers: Vec<PromiseId> = its.host.exclusive().collect();
        for offer in offers {
            let runs_out = Happening::RunsOut { node, boot, offer };
            self.queue.push(self.now.after(EPOCH_TICK), runs_out);
        }
    }

    /// Whether something exclusive stands still with its node.
    pub(super) fn waits_for_its_node(&self, node: NodeNo, offer: &PromiseId) -> bool {
        let its = &self.nodes[node.0];
        its.stalled_until > self.now && its.host.term(offer).is_some()
    }

    /// The time of something exclusive may be up. Where its node stands still, that shows a tick after it goes on.
    pub(super) fn run_out(&mut self, node: NodeNo, offer: PromiseId) {
        let its = &mut self.nodes[node.0];
        let boot = its.boot;
        if its.stalled_until > self.now {
            let at = its.stalled_until.after(EPOCH_TICK);
            let runs_out = Happening::RunsOut { node, boot, offer };
            self.queue.push(at, runs_out);
            return;
        }
        let clock = its.clock.read(self.now);
        if let Some(turned) = its.host.run_out(clock, offer) {
            self.turned(node, turned, offer);
        }
    }

    /// Something exclusive runs from now on, and uses what it shares.
    pub(super) fn begin_to_use(&mut self, node: NodeNo, offer: PromiseId, epoch: FencingEpoch) {
        let boot = self.nodes[node.0].boot;
        let uses = Happening::Uses {
            node,
            boot,
            offer,
            epoch,
        };
        self.queue.push(self.now, uses);
    }

    /// Something exclusive uses what it shares, as long as it runs. What stands still does so the moment it goes on.
    pub(super) fn use_shared(&mut self, node: NodeNo, offer: PromiseId, epoch: FencingEpoch) {
        let its = &self.nodes[node.0];
        let (agent, boot) = (its.id, its.boot);
        let is_it = its.host.term(&offer).is_some_and(|its| its.epoch == epoch);
        if !is_it || !its.host.runs(&offer) {
            return;
        }
        let uses = Happening::Uses {
            node,
            boot,
            offer,
            epoch,
        };
        if its.stalled_until > self.now {
            let at = its.stalled_until;
            self.queue.push(at, uses);
            return;
        }
        let workload = its.host.workload(&offer);
        if let Some(workload) = workload {
            let at = self.now.after(self.shared.under_way());
            let used = Happening::Used {
                agent,
                offer,
                workload,
                epoch,
            };
            self.queue.push(at, used);
        }
        self.queue.push(self.now.after(USES_EVERY), uses);
    }

    /// What something exclusive has done comes to pass, or is refused.
    pub(super) fn used(
        &mut self,
        agent: AgentId,
        offer: PromiseId,
        workload: WorkloadId,
        epoch: FencingEpoch,
    ) {
        let latest = self.shared.latest.entry(workload).or_insert(epoch);
        let is_accepted = epoch >= *latest;
        *latest = epoch.max(*latest);
        let seen = Seen::Uses {
            agent,
            offer,
            workload,
            epoch,
            is_accepted,
        };
        self.watch.see(self.now, seen);
    }

    /// Something befalls the first node that runs something exclusive.
    pub(super) fn befall_first(&mut self, is_one: impl Fn(&Host) -> bool, what: Blow) {
        let mut nodes = self.nodes.iter();
        let Some(holder) = nodes.position(|its| is_one(&its.host)).map(NodeNo) else {
            return;
        };
        match what {
            Blow::Pause(span) => self.act(Act::Pause { node: holder, span }),
            Blow::Crash(span) => {
                let (node, for_good) = (holder, false);
                self.act(Act::Crash { node, for_good });
                self.plan(span, Act::Start(node));
            }
            Blow::Cut {
                span,
                is_mute,
                is_deaf,
            } => {
                let all = (0..self.nodes.len()).map(NodeNo);
                let others: Vec<NodeNo> = all.filter(|its| *its != holder).collect();
                if is_mute {
                    let (from, to) = (vec![holder], others.clone());
                    self.act(Act::Cut { from, to });
                }
                if is_deaf {
                    let (from, to) = (others, vec![holder]);
                    self.act(Act::Cut { from, to });
                }
                self.plan(span, Act::Heal);
            }
        }
    }
}
