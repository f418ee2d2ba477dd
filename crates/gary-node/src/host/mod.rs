//! What a node hosts: each hosting is a task, which is told what to do and reports what has become of it.

mod fencing;
mod health;
mod hosting;
mod records;
mod workshop;

use std::collections::BTreeMap;
use std::sync::Arc;

use gary_agent::{HostReport, Order};
use gary_host::Term;
use gary_promise::PromiseId;
use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::event::Event;
use crate::shell::Host;
pub(crate) use records::Records;
pub(crate) use workshop::{NotRun, Tools, Workshop};

/// A hosting's task is to end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stop;

/// All that a node hosts.
pub(crate) struct Hosts {
    workshop: Arc<Workshop>,
    reports: mpsc::Sender<Event>,
    clock: Clock,
    running: BTreeMap<PromiseId, Running>,
}

/// A hosting's task.
struct Running {
    tell: mpsc::UnboundedSender<Stop>,
    /// Until when it may run, where it is exclusive.
    term: Option<Arc<Term>>,
}

impl Hosts {
    /// None yet. The clock is that by which the agent says until when something may run.
    pub(crate) const fn new(
        workshop: Arc<Workshop>,
        reports: mpsc::Sender<Event>,
        clock: Clock,
    ) -> Self {
        Self {
            workshop,
            reports,
            clock,
            running: BTreeMap::new(),
        }
    }

    fn stop(&mut self, offer: PromiseId) {
        let task = self.running.remove(&offer);
        if task.is_some_and(|task| task.tell.send(Stop).is_ok()) {
            return;
        }
        // It has ended by itself, and holds nothing any more.
        let reports = self.reports.clone();
        tokio::spawn(async move {
            let report = Event::Reported(HostReport::Stopped { offer });
            // Nobody listens once the node has ended.
            let _ = reports.send(report).await;
        });
    }
}

impl Host for Hosts {
    fn order(&mut self, order: Order) {
        match order {
            Order::Start(start) => {
                let offer = start.offer.id();
                let (tell, told) = mpsc::unbounded_channel();
                let term = start.term.map(|term| self.clock.since_boot(term.until));
                let term = term.map(|until| Arc::new(Term::until(until)));
                let running = Running {
                    tell,
                    term: term.clone(),
                };
                // Whatever is left of an earlier attempt has reported its end: its task goes as its channel does.
                self.running.insert(offer, running);
                self.running.retain(|_, task| !task.tell.is_closed());
                let (workshop, reports) = (Arc::clone(&self.workshop), self.reports.clone());
                tokio::spawn(hosting::host((*start, term), workshop, reports, told));
            }
            Order::Prolong { offer, term } => {
                let running = self.running.get(&offer);
                if let Some(held) = running.and_then(|its| its.term.as_ref()) {
                    held.prolong(self.clock.since_boot(term.until));
                }
            }
            Order::Suspend { offer } | Order::Stop { offer } => self.stop(offer),
        }
    }
}
