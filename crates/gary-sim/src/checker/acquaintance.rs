//! Whether everybody comes to know what everybody promises to all.

use std::collections::BTreeMap;

use gary_promise::{AgentId, BootEpoch, Frame, Time};

use super::{Book, Verdict};
use crate::reader::Reader;
use crate::seen::Seen;

/// How long it may take once faults have ceased until two that are there know each other's sheets, in microseconds: who
/// was taken for dead while nothing passed has to ask the other first, and asks one after the other.
const KNOWN_WITHIN_US: u64 = 20_000_000;

/// In how large a cluster: one word of who is there names about as many. In a larger one those who have come while it
/// was divided may take longer to be known to all.
const KNOWN_AMONG_MAX: usize = 12;

/// Whose sheet each agent has heard since its start, and of which start of its owner.
#[derive(Debug, Default)]
pub(super) struct Acquaintance {
    heard: BTreeMap<(AgentId, AgentId), BootEpoch>,
    calm_since: Option<Time>,
}

impl Acquaintance {
    /// Notes what was just seen.
    pub(super) fn learn(&mut self, at: Time, seen: &Seen<'_>, reader: &mut Reader) {
        match *seen {
            Seen::Calms => self.calm_since = Some(at),
            Seen::Starts { agent, .. } => self.heard.retain(|(hearer, _), _| *hearer != agent),
            Seen::Hears {
                to,
                frame: Frame::Sheet(part),
                ..
            } => {
                if let Some(version) = reader.sheet_version(&part.head) {
                    let known = self
                        .heard
                        .entry((to, part.head.by()))
                        .or_insert(version.epoch);
                    *known = version.epoch.max(*known);
                }
            }
            _ => {}
        }
    }

    /// Nobody goes at this time by what a sheet has said before the one that is given: before faults have ceased for long
    /// enough, that is the beginning.
    pub(super) fn known_since(&self, at: Time) -> Time {
        match self.calm_since {
            Some(calm_since) if at.as_us() >= calm_since.as_us() + KNOWN_WITHIN_US => {
                Time::from_us(at.as_us() - KNOWN_WITHIN_US)
            }
            _ => Time::from_us(0),
        }
    }

    /// Everything is calm and settled.
    ///
    /// # Errors
    ///
    /// Two of whom one does not know what the other promises to all.
    pub(super) fn scan(&self, at: Time, book: &Book) -> Verdict {
        let is_settled = self
            .calm_since
            .is_some_and(|since| since.as_us() + KNOWN_WITHIN_US <= at.as_us());
        if !is_settled || book.agents.len() > KNOWN_AMONG_MAX {
            return Ok(());
        }
        let there = book.agents.iter();
        let there = there.filter(|(_, its)| its.is_up && its.leaves_at.is_none());
        for (one, _) in there.clone() {
            for (other, seen) in there.clone().filter(|(other, _)| *other != one) {
                if self.heard.get(&(*one, *other)) != Some(&seen.epoch) {
                    let (one, other) = (book.names.of_agent(one), book.names.of_agent(other));
                    return Err(format!("{one} does not know what {other} promises to all"));
                }
            }
        }
        Ok(())
    }
}
