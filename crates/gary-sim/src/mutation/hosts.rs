//! Hosts that do what they never promised, or not what they have.

use std::collections::BTreeMap;

use gary_agent::{HostReport, Order, Start, Transmit};
use gary_promise::{
    AgentId, Bid, Binding, Body, Capacity, Frame, Host, Lease, PromiseId, Reason, Resources,
    SignedRecord,
};

use super::twin::{Twin, told};
use crate::adapter::{Adapter, Passed};

/// Promises four times what its machine has.
#[derive(Debug)]
pub(super) struct OverPromises;

impl Adapter for OverPromises {
    fn capacity(&self, published: &Capacity) -> Capacity {
        let four = |amount: u64| amount.saturating_mul(4);
        let cpu = four(published.resources.cpu_cores_micro());
        let memory = four(published.resources.memory_bytes());
        Capacity {
            resources: Resources::new(cpu, memory).unwrap_or(published.resources),
            ..published.clone()
        }
    }
}

/// Goes on as before when its machine is to have less.
#[derive(Debug)]
pub(super) struct GoesOnAsBefore;

impl Adapter for GoesOnAsBefore {
    fn revises(&mut self, _published: &Capacity) -> Option<Capacity> {
        None
    }
}

/// Never stops what it runs.
#[derive(Debug)]
pub(super) struct NeverStops;

impl Adapter for NeverStops {
    fn orders(&mut self, order: Order) -> Vec<Order> {
        match order {
            Order::Stop { .. } => Vec::new(),
            other => vec![other],
        }
    }
}

/// Lets its leases run out, and runs on: nobody's word reaches it.
#[derive(Debug)]
pub(super) struct IgnoresItsLease;

impl Adapter for IgnoresItsLease {
    fn hears(&mut self, from: AgentId, frame: Frame) -> Passed {
        let mut passed = Passed::default();
        let is_end = match &frame {
            Frame::Dismissal(_) => true,
            Frame::Told(batch) => {
                let mut records = batch.records().iter();
                records.any(|its| matches!(its, SignedRecord::Withdrawal(_)))
            }
            _ => false,
        };
        if !is_end {
            passed.hears.push((from, frame));
        }
        passed
    }

    fn says(&mut self, transmit: Transmit) -> Vec<Transmit> {
        match transmit.frame {
            Frame::Renewal(_) => Vec::new(),
            _ => vec![transmit],
        }
    }
}

/// Gives its components twice what they are bound to.
#[derive(Debug)]
pub(super) struct GivesMore;

impl Adapter for GivesMore {
    fn gives(&self, enforced: Resources) -> Resources {
        enforced.plus(enforced).unwrap_or(enforced)
    }
}

/// Does not hear that something has failed.
#[derive(Debug)]
pub(super) struct NeverRepairs;

impl Adapter for NeverRepairs {
    fn reports(&mut self, report: HostReport) -> Option<HostReport> {
        (!matches!(report, HostReport::Failed { .. })).then_some(report)
    }
}

/// Does not say that it will not.
#[derive(Debug)]
pub(super) struct RefusesInSilence;

impl Adapter for RefusesInSilence {
    fn says(&mut self, transmit: Transmit) -> Vec<Transmit> {
        match transmit.frame {
            Frame::Refusal(_) => Vec::new(),
            _ => vec![transmit],
        }
    }
}

/// Withdraws without telling anybody.
#[derive(Debug)]
pub(super) struct WithdrawsInSilence;

impl Adapter for WithdrawsInSilence {
    fn says(&mut self, transmit: Transmit) -> Vec<Transmit> {
        let is_withdrawal = match &transmit.frame {
            Frame::Told(batch) => {
                let mut records = batch.records().iter();
                records.any(|its| matches!(its, SignedRecord::Withdrawal(_)))
            }
            _ => false,
        };
        if is_withdrawal {
            Vec::new()
        } else {
            vec![transmit]
        }
    }
}

/// Runs at once what it is invited for: it offers to itself, and accepts that.
#[derive(Debug)]
pub(super) struct RunsWhatItIsInvitedFor(pub(super) Twin);

impl Adapter for RunsWhatItIsInvitedFor {
    fn hears(&mut self, from: AgentId, frame: Frame) -> Passed {
        let mut passed = Passed::default();
        if let Frame::Invitation(invitation) = &frame {
            self.0.read(&frame);
            let slot = invitation.slots.iter().next().copied();
            passed.orders.extend(slot.and_then(|slot| self.start(slot)));
        }
        passed.hears.push((from, frame));
        passed
    }
}

impl RunsWhatItIsInvitedFor {
    fn start(&mut self, slot: gary_promise::Slot) -> Option<Order> {
        let intent = self.0.intents.values().next_back()?.clone();
        let Body::Use(wanted) = intent.body().clone() else {
            return None;
        };
        let offer = self.0.promise(Body::Host(Host {
            promisee: self.0.id(),
            asked_in: self.0.epoch(),
            workload: intent.workload()?,
            generation: wanted.lineage.generation(),
            slot,
            portion: wanted.needs.portion,
            bid: Bid(0),
            besides: 0,
            lease: Lease::from_ms(10_000).ok()?,
        }))?;
        let acceptance = self.0.accept(&offer.id())?;
        let binding = Binding::of(&intent, &offer, &acceptance).ok()?;
        Some(Order::Start(Box::new(Start {
            binding,
            intent,
            offer,
            acceptance,
            term: None,
            run: None,
        })))
    }
}

/// Takes any renewal for the command to stop something.
#[derive(Debug, Default)]
pub(super) struct ObeysFrames {
    runs: BTreeMap<PromiseId, ()>,
}

impl Adapter for ObeysFrames {
    fn hears(&mut self, from: AgentId, frame: Frame) -> Passed {
        let mut passed = Passed::default();
        if matches!(frame, Frame::Renewal(_))
            && let Some((offer, ())) = self.runs.pop_first()
        {
            passed.orders.push(Order::Stop { offer });
        }
        passed.hears.push((from, frame));
        passed
    }

    fn orders(&mut self, order: Order) -> Vec<Order> {
        match &order {
            Order::Start(start) => self.runs.insert(start.offer.id(), ()),
            Order::Stop { offer } => self.runs.remove(offer),
            Order::Prolong { .. } | Order::Suspend { .. } => None,
        };
        vec![order]
    }
}

/// Withdraws what it hosts when its machine's free memory changes, or when a keeper is gone.
#[derive(Debug)]
pub(super) struct Faint {
    twin: Twin,
    is_moved_by_memory: bool,
    runs: BTreeMap<PromiseId, AgentId>,
}

impl Faint {
    pub(super) const fn when_memory_changes(twin: Twin) -> Self {
        Self {
            twin,
            is_moved_by_memory: true,
            runs: BTreeMap::new(),
        }
    }

    pub(super) const fn when_its_keeper_is_gone(twin: Twin) -> Self {
        Self {
            twin,
            is_moved_by_memory: false,
            runs: BTreeMap::new(),
        }
    }

    fn quit(&mut self, which: impl Fn(&AgentId) -> bool) -> Passed {
        let mut passed = Passed::default();
        let theirs = self.runs.iter().filter(|(_, keeper)| which(keeper));
        let quit: Vec<(PromiseId, AgentId)> = theirs.map(|(offer, its)| (*offer, *its)).collect();
        for (offer, to) in quit {
            self.runs.remove(&offer);
            if let Some(frame) = self.twin.withdraw(&offer, Reason::Unstated) {
                passed.says.push(Transmit { to, frame });
                passed.orders.push(Order::Stop { offer });
            }
        }
        passed
    }
}

impl Adapter for Faint {
    fn says(&mut self, transmit: Transmit) -> Vec<Transmit> {
        self.twin.read(&transmit.frame);
        vec![transmit]
    }

    fn orders(&mut self, order: Order) -> Vec<Order> {
        match &order {
            Order::Start(start) => {
                let its = start.binding.id();
                self.twin
                    .read(&told(SignedRecord::Promise(start.offer.signed().clone())));
                self.runs.insert(its.offer, its.acceptance.promiser)
            }
            Order::Stop { offer } => self.runs.remove(offer),
            Order::Prolong { .. } | Order::Suspend { .. } => None,
        };
        vec![order]
    }

    fn measures(&mut self, _free_bytes: u64) -> Passed {
        match self.is_moved_by_memory {
            true => self.quit(|_| true),
            false => Passed::default(),
        }
    }

    fn misses(&mut self, other: AgentId) -> Passed {
        match self.is_moved_by_memory {
            true => Passed::default(),
            false => self.quit(|keeper| *keeper == other),
        }
    }
}
