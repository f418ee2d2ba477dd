//! Agents that speak for others, or let others speak for them.

use gary_agent::Transmit;
use gary_promise::{AgentId, Batch, Frame, Promise, PromiseId, Reason, Signed, SignedRecord};

use super::twin::Twin;
use crate::adapter::{Adapter, Passed};

/// Changes what it tells after it was signed.
#[derive(Debug)]
pub(super) struct AltersRecords;

impl Adapter for AltersRecords {
    fn says(&mut self, transmit: Transmit) -> Vec<Transmit> {
        let changed = changed(&transmit.frame, |signed| {
            let mut bytes = signed.bytes().to_vec();
            if let Some(last) = bytes.last_mut() {
                *last ^= 1;
            }
            Signed::claimed(signed.by(), &bytes, *signed.signature())
        });
        let to = transmit.to;
        vec![changed.map_or(transmit, |frame| Transmit { to, frame })]
    }
}

/// Says that another has signed what it offers: the one that it says it to.
#[derive(Debug)]
pub(super) struct AnswersForAnother;

impl Adapter for AnswersForAnother {
    fn says(&mut self, transmit: Transmit) -> Vec<Transmit> {
        let to = transmit.to;
        let changed = changed(&transmit.frame, |signed| {
            Signed::claimed(to, signed.bytes(), *signed.signature())
        });
        vec![changed.map_or(transmit, |frame| Transmit { to, frame })]
    }
}

/// Passes on to everybody else what it is told.
#[derive(Debug, Default)]
pub(super) struct PassesOn {
    heard: Option<Frame>,
}

impl Adapter for PassesOn {
    fn hears(&mut self, from: AgentId, frame: Frame) -> Passed {
        if matches!(frame, Frame::Told(_)) {
            self.heard = Some(frame.clone());
        }
        Passed {
            hears: vec![(from, frame)],
            ..Passed::default()
        }
    }

    fn says(&mut self, transmit: Transmit) -> Vec<Transmit> {
        let to = transmit.to;
        let passed_on = self.heard.take().map(|frame| Transmit { to, frame });
        passed_on.into_iter().chain([transmit]).collect()
    }
}

/// Believes what anybody says of what others have promised.
#[derive(Debug)]
pub(super) struct BelievesAnybody(pub(super) Twin);

impl Adapter for BelievesAnybody {
    fn hears(&mut self, from: AgentId, frame: Frame) -> Passed {
        let me = self.0.id();
        let mut passed = Passed::default();
        self.0.read(&frame);
        let offer = match &frame {
            Frame::Dismissal(dismissal) => dismissal.offers.iter().next().copied(),
            _ => None,
        };
        let offer = offer.map(|version| PromiseId {
            promiser: me,
            version,
        });
        // As if its keeper had said so.
        let said_by = offer.and_then(|offer| self.0.promisee(&offer));
        passed.hears.push((said_by.unwrap_or(from), frame));
        passed
    }

    fn says(&mut self, transmit: Transmit) -> Vec<Transmit> {
        self.0.read(&transmit.frame);
        vec![transmit]
    }
}

/// Lets a host go when another says that something is not kept.
#[derive(Debug)]
pub(super) struct HoldsOneForAnother(pub(super) Twin);

impl Adapter for HoldsOneForAnother {
    fn hears(&mut self, from: AgentId, frame: Frame) -> Passed {
        let mut passed = Passed::default();
        self.0.read(&frame);
        if let Frame::Denial(_) = &frame {
            let me = self.0.id();
            let others = self.0.all_offers();
            let of_others = others
                .into_iter()
                .filter(|(offer, host)| offer.promiser != from && host.promisee == me);
            for (offer, _) in of_others.collect::<Vec<_>>() {
                let acceptance = self.0.acceptance_of(&offer);
                let withdrawal = acceptance.and_then(|its| self.0.withdraw(&its, Reason::Unstated));
                if let Some(frame) = withdrawal {
                    let to = offer.promiser;
                    passed.says.push(Transmit { to, frame });
                }
            }
        }
        passed.hears.push((from, frame));
        passed
    }

    fn says(&mut self, transmit: Transmit) -> Vec<Transmit> {
        self.0.read(&transmit.frame);
        vec![transmit]
    }
}

/// A frame that tells promises, with each of them changed; `None` for any other.
fn changed(frame: &Frame, change: impl Fn(&Signed<Promise>) -> Signed<Promise>) -> Option<Frame> {
    let Frame::Told(batch) = frame else {
        return None;
    };
    let mut changed = Batch::default();
    for record in batch.records() {
        let record = match record {
            SignedRecord::Promise(signed) => SignedRecord::Promise(change(signed)),
            other => other.clone(),
        };
        let fits = changed.push(record);
        debug_assert!(fits, "it is no longer than before");
    }
    Some(Frame::Told(changed))
}
