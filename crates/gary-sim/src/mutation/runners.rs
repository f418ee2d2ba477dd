//! Hosts and keepers of what runs to completion that forget what was begun, or do not say what has ended.

use std::collections::BTreeMap;
use std::convert::Infallible;

use gary_agent::{Fact, HostReport, Order, Start, Write};
use gary_promise::{AgentId, Entry, Frame, RunWord, Runs, Version};

use crate::adapter::{Adapter, Passed};

/// Stores how it has voted, and nothing of what is run: once it has started again, it knows of no run.
#[derive(Debug)]
pub(super) struct ForgetsRuns;

impl Adapter for ForgetsRuns {
    fn stores(&mut self, write: Write) -> Vec<Fact> {
        let without = |entry: Entry| {
            Ok::<_, Infallible>(Entry {
                runs: Runs::default(),
                ..entry
            })
        };
        let facts = write.facts.into_iter();
        let facts = facts.map(|fact| match fact {
            Fact::Votes { name, votes } => {
                let Ok(votes) = votes.try_map(without);
                let votes = Box::new(votes);
                Fact::Votes { name, votes }
            }
            fact => fact,
        });
        facts.collect()
    }
}

/// Does not hear that a run has ended, so that nobody is told.
#[derive(Debug)]
pub(super) struct KeepsResultsToItself;

impl Adapter for KeepsResultsToItself {
    fn reports(&mut self, report: HostReport) -> Option<HostReport> {
        (!matches!(report, HostReport::Ended { .. })).then_some(report)
    }
}

/// Starts what it has run once more, when it hears that how it ended is kept.
#[derive(Debug, Default)]
pub(super) struct RunsAgain {
    started: BTreeMap<Version, Start>,
}

impl Adapter for RunsAgain {
    fn hears(&mut self, from: AgentId, frame: Frame) -> Passed {
        let mut passed = Passed::default();
        if let Frame::Running(its) = &frame
            && matches!(its.word, RunWord::Kept(_))
            && let Some(start) = self.started.get(&its.offer)
        {
            passed.orders.push(Order::Start(Box::new(start.clone())));
        }
        passed.hears.push((from, frame));
        passed
    }

    fn orders(&mut self, order: Order) -> Vec<Order> {
        if let Order::Start(start) = &order
            && start.run.is_some()
        {
            self.started
                .insert(start.offer.version(), Start::clone(start));
        }
        vec![order]
    }
}
