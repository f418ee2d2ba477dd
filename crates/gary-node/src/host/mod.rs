//! What a node hosts: each hosting is a task, which is told what to do and reports what has become of it.

mod hosting;
mod records;
mod workshop;

use std::collections::BTreeMap;
use std::sync::Arc;

use gary_agent::{HostReport, Order};
use gary_promise::PromiseId;
use tokio::sync::mpsc;

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
    running: BTreeMap<PromiseId, mpsc::UnboundedSender<Stop>>,
}

impl Hosts {
    pub(crate) const fn new(workshop: Arc<Workshop>, reports: mpsc::Sender<Event>) -> Self {
        Self {
            workshop,
            reports,
            running: BTreeMap::new(),
        }
    }

    fn stop(&mut self, offer: PromiseId) {
        let task = self.running.remove(&offer);
        if task.is_some_and(|task| task.send(Stop).is_ok()) {
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
                // Whatever is left of an earlier attempt has reported its end: its task goes as its channel does.
                self.running.insert(offer, tell);
                self.running.retain(|_, task| !task.is_closed());
                let (workshop, reports) = (Arc::clone(&self.workshop), self.reports.clone());
                tokio::spawn(hosting::host(*start, workshop, reports, told));
            }
            // Nothing that is exclusive runs here.
            Order::Prolong { .. } => {}
            Order::Suspend { offer } | Order::Stop { offer } => self.stop(offer),
        }
    }
}
