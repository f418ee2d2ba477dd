//! Observers that judge by what they have not seen, or do not say by what.

use std::time::Duration;

use gary_agent::{Assessed, Fact, Write};
use gary_promise::{AgentId, Evidence, Frame, Judgement, Value, Version, Word};

use super::twin::Twin;
use crate::adapter::{Adapter, Passed};

/// Writes down nothing of what it holds for broken.
#[derive(Debug)]
pub(super) struct KeepsNoAccount;

impl Adapter for KeepsNoAccount {
    fn stores(&mut self, write: Write) -> Vec<Fact> {
        let mut facts = write.facts;
        facts.retain(|fact| !matches!(fact, Fact::Assessed(its) if is(its, Value::Broken)));
        facts
    }
}

/// Says that a host itself has said so, whatever it holds for broken.
#[derive(Debug)]
pub(super) struct InventsCauses(pub(super) Twin);

impl Adapter for InventsCauses {
    fn hears(&mut self, from: AgentId, frame: Frame) -> Passed {
        self.0.overhear(from, frame)
    }

    fn stores(&mut self, write: Write) -> Vec<Fact> {
        let facts = write.facts.into_iter();
        facts
            .map(|fact| match fact {
                Fact::Assessed(its) if is(&its, Value::Broken) && its.slot.is_some() => {
                    let denied = |version: Version| {
                        Evidence::heard(Word::Denial, version, its.assessment.at())
                    };
                    Fact::Assessed(self.0.judge(&its, denied).unwrap_or(its))
                }
                other => other,
            })
            .collect()
    }
}

/// Holds for kept again whatever it held for unknown, as soon as it hears anything of anybody: others would say
/// so if it were otherwise.
#[derive(Debug)]
pub(super) struct BelievesInOthers {
    pub(super) twin: Twin,
    pub(super) unknown: Vec<Assessed>,
}

impl Adapter for BelievesInOthers {
    fn hears(&mut self, from: AgentId, frame: Frame) -> Passed {
        self.twin.overhear(from, frame)
    }

    fn stores(&mut self, write: Write) -> Vec<Fact> {
        let mut facts = write.facts;
        for its in std::mem::take(&mut self.unknown) {
            let renewed =
                |version: Version| Evidence::heard(Word::Renewal, version, its.assessment.at());
            facts.extend(self.twin.judge(&its, renewed).map(Fact::Assessed));
        }
        let unknown = facts.iter().filter_map(|fact| match fact {
            Fact::Assessed(its) if is_silent(its) => Some(*its),
            _ => None,
        });
        self.unknown = unknown.collect();
        facts
    }
}

impl Twin {
    /// Judges in the agent's name by other evidence.
    fn judge(&self, its: &Assessed, evidence: impl Fn(Version) -> Evidence) -> Option<Assessed> {
        let offer = self.offer(&its.assessment.promise())?;
        let evidence = evidence(offer.version());
        let observer = self.observer(Duration::from_secs(60));
        let now = its.assessment.at();
        let assessment = observer.assess(offer, &evidence, |_| true, now).ok()?;
        Some(Assessed { assessment, ..*its })
    }
}

fn is(assessed: &Assessed, value: Value) -> bool {
    assessed.assessment.judgement().value() == value
}

fn is_silent(assessed: &Assessed) -> bool {
    let judgement = assessed.assessment.judgement();
    assessed.slot.is_some() && matches!(judgement, Judgement::Unknown(_))
}
