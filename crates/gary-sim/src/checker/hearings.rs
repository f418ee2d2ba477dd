//! What keepers have heard of the hostings they count, as far as it can be seen from outside.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gary_promise::{AgentId, Frame, PromiseId, Time, Version};

use super::Book;
use crate::seen::Seen;
use crate::world::DRIFT_PPM_MAX;

/// How long a word of an agent's may wait for its disk, in microseconds: what it says now, it has decided by
/// what it had heard then.
pub(super) const DECIDED_BEFORE_US: u64 = 2_000_000;

/// What a keeper has heard of one hosting, as far as it can be seen from outside.
#[derive(Debug, Clone, Copy)]
struct Heard {
    /// When it was last heard to stand.
    stands_at: Time,
    /// When it was heard again after a silence of so many microseconds, the last time there was one.
    silence: (Time, u64),
    /// When its host has last said otherwise.
    is_contradicted: Option<Time>,
}

impl Heard {
    const fn first(at: Time) -> Self {
        Self {
            stands_at: at,
            silence: (at, 0),
            is_contradicted: None,
        }
    }

    fn stands(&mut self, at: Time, still: Option<&Stillness>) {
        let silent_us = waking_us(self.stands_at, at, still);
        if silent_us > 1_000_000 {
            self.silence = (at, silent_us);
        }
        // Until now it was held to be so.
        if self
            .is_contradicted
            .is_some_and(|when| when > self.stands_at)
        {
            self.is_contradicted = Some(at);
        }
        self.stands_at = at;
    }

    /// For how long it had been silent when its keeper may have decided, at most.
    fn silent_us(&self, at: Time, still: Option<&Stillness>) -> u64 {
        let (until, silent_us) = self.silence;
        let before = if at.as_us() - until.as_us() <= DECIDED_BEFORE_US {
            silent_us
        } else {
            0
        };
        before.max(waking_us(self.stands_at, at, still))
    }
}

/// When an agent's own time did not pass as everybody's does.
#[derive(Debug, Default)]
struct Stillness {
    /// It stood still: from, until.
    spans: Vec<(Time, Time)>,
    /// Its clock jumped ahead, which it takes for a time that it slept through.
    jumps: Vec<Time>,
}

/// How much of each time that it stood still or seemed to an agent may not have noticed, in microseconds: until
/// it would have done something next, it cannot tell.
const UNNOTICED_US: u64 = 1_600_000;

/// How long an agent was awake between two times, at most, in microseconds.
fn waking_us(from: Time, until: Time, still: Option<&Stillness>) -> u64 {
    let real_us = until.as_us() - from.as_us();
    let Some(still) = still else {
        return real_us;
    };
    let slept = still.spans.iter().map(|(began, ended)| {
        let (began, ended) = (from.max(*began), until.min(*ended));
        let span_us = ended.as_us().saturating_sub(began.as_us());
        span_us.saturating_sub(UNNOTICED_US)
    });
    let jumps = still.jumps.iter();
    let jumped = jumps.filter(|at| (from..=until).contains(at)).count() as u64;
    (real_us + jumped * UNNOTICED_US).saturating_sub(slept.sum())
}

/// A keeper, and the offer that it counts: made to itself, or to another keeper of the workload.
type Counted = (AgentId, PromiseId);

/// What keepers have heard of the hostings they count, each for itself.
#[derive(Debug, Default)]
pub(super) struct Hearings {
    heard: BTreeMap<Counted, Heard>,
    /// The last renewal that a keeper has heard of a host, also where it knew of nothing yet that this named.
    renewed: BTreeMap<(AgentId, AgentId), Version>,
    /// When agents stood still.
    stood_still: BTreeMap<AgentId, Stillness>,
    /// Offers that a keeper has heard to be withdrawn, in so many words or by a renewal that names them no more.
    withdrawn: BTreeMap<Counted, Time>,
    /// Those that a keeper has ever heard so of.
    once_withdrawn: BTreeSet<Counted>,
    /// When their hosts have last said that they do not keep them.
    denied: BTreeMap<Counted, Time>,
    /// When their hosts have last said that they go away for a while.
    away: BTreeMap<Counted, Time>,
    /// By when their hosts are back by their last word, and which word that is.
    back_by: BTreeMap<Counted, (Version, Time)>,
}

impl Hearings {
    /// Notes what was just seen. The book knows of it already.
    pub(super) fn learn(&mut self, at: Time, seen: &Seen<'_>, book: &Book) {
        match *seen {
            Seen::Stalls {
                agent,
                is_clock: true,
                ..
            } => self.stood_still.entry(agent).or_default().jumps.push(at),
            Seen::Stalls { agent, span_ms, .. } => {
                let until = at.after(Duration::from_millis(span_ms));
                let still = &mut self.stood_still.entry(agent).or_default().spans;
                match still.last_mut().filter(|(_, ended)| *ended >= at) {
                    Some((_, ended)) => *ended = until.max(*ended),
                    None => still.push((at, until)),
                }
            }
            Seen::Calms => {
                for (_, until) in self.stood_still.values_mut().flat_map(|its| &mut its.spans) {
                    *until = at.min(*until);
                }
            }
            Seen::Starts { agent, .. } => {
                // It ended while it stood still, and does so no more.
                let still = self.stood_still.entry(agent).or_default();
                for (_, until) in &mut still.spans {
                    *until = at.min(*until);
                }
                // What it was told of absences it has forgotten.
                self.back_by.retain(|(keeper, _), _| *keeper != agent);
                let still = self.stood_still.get(&agent);
                for (_, heard) in self
                    .heard
                    .iter_mut()
                    .filter(|((keeper, _), _)| *keeper == agent)
                {
                    heard.stands(at, still);
                }
            }
            Seen::Hears {
                from, to, frame, ..
            } => {
                let told = book.made.iter().chain(&book.bound);
                for id in told.filter(|id| book.offers.contains_key(id)) {
                    if book.bound.contains(id) && book.stands(id) {
                        self.withdrawn.remove(&(to, *id));
                    }
                    self.heard.entry((to, *id)).or_insert(Heard::first(at));
                }
                self.hear(at, from, to, frame, book);
            }
            Seen::Stores { .. } => {
                for id in &book.made {
                    if let Some(acceptance) = book.acceptances.get(id) {
                        let stands_at = acceptance.stored_at.unwrap_or(at);
                        let first = Heard::first(stands_at);
                        let heard = self.heard.entry((id.promiser, acceptance.accept.offer));
                        heard.or_insert(first);
                    }
                }
            }
            _ => {}
        }
    }

    /// When a hosting was last heard of to stand; `None` for one that nothing was heard of.
    pub(super) fn stands_at(&self, keeper: AgentId, offer: &PromiseId) -> Option<Time> {
        self.heard
            .get(&(keeper, *offer))
            .map(|heard| heard.stands_at)
    }

    /// For how long its host was silent when its keeper may have decided, at most and by the keeper's clock, in
    /// microseconds; `None` for one that nothing was heard of.
    pub(super) fn silent_us(&self, at: Time, keeper: AgentId, offer: &PromiseId) -> Option<u64> {
        let still = self.stood_still.get(&keeper);
        let silent_us = self.heard.get(&(keeper, *offer))?.silent_us(at, still);
        Some(silent_us + silent_us * DRIFT_PPM_MAX as u64 / 1_000_000 + 1_000)
    }

    /// Whether its host has said otherwise since it was last heard to stand, or so shortly before that its keeper
    /// may have decided by it.
    pub(super) fn is_contradicted(&self, at: Time, keeper: AgentId, offer: &PromiseId) -> bool {
        let heard = self.heard.get(&(keeper, *offer));
        let contradicted = heard.and_then(|its| Some((its.stands_at, its.is_contradicted?)));
        contradicted.is_some_and(|(stands_at, when)| {
            when > stands_at || at.as_us() - when.as_us() <= DECIDED_BEFORE_US
        })
    }

    /// Whether its keeper has ever heard that it is withdrawn.
    pub(super) fn is_withdrawn(&self, keeper: AgentId, offer: &PromiseId) -> bool {
        self.once_withdrawn.contains(&(keeper, *offer))
    }

    /// When its keeper has first heard that it is withdrawn.
    pub(super) fn withdrawn_at(&self, keeper: AgentId, offer: &PromiseId) -> Option<Time> {
        self.withdrawn.get(&(keeper, *offer)).copied()
    }

    /// Whether its keeper has ever heard from its host that it is not kept.
    pub(super) fn is_denied(&self, keeper: AgentId, offer: &PromiseId) -> bool {
        self.denied.contains_key(&(keeper, *offer))
    }

    /// Whether its keeper has ever heard from its host that it goes away.
    pub(super) fn is_away(&self, keeper: AgentId, offer: &PromiseId) -> bool {
        self.away.contains_key(&(keeper, *offer))
    }

    /// By when its host is back by its own word, if that is the last that its keeper has heard of it.
    pub(super) fn back_by(&self, keeper: AgentId, offer: &PromiseId) -> Option<Time> {
        let counted = (keeper, *offer);
        let (version, until) = self.back_by.get(&counted)?;
        let is_last = self.renewed.get(&(keeper, offer.promiser)) < Some(version);
        is_last.then_some(*until)
    }

    fn hear(&mut self, at: Time, from: AgentId, to: AgentId, frame: &Frame, book: &Book) {
        let still = self.stood_still.get(&to);
        let counted = |version| {
            let promiser = from;
            (to, PromiseId { promiser, version })
        };
        match frame {
            Frame::Renewal(renewal) => {
                // The same word heard again is no news, and no more of what has come to be known since.
                let last = self.renewed.get(&(to, from));
                if last.is_some_and(|last| *last >= renewal.version) {
                    return;
                }
                self.renewed.insert((to, from), renewal.version);
                for (id, heard) in self.heard.range_mut(counted_of(to, from)) {
                    let version = &id.1.version;
                    let named = [&renewal.bound, &renewal.by_others, &renewal.offered];
                    if named.iter().any(|its| its.contains(version)) {
                        heard.stands(at, still);
                        // That a host did not name what another has bound is not final: it may not have known this
                        // keeper for one.
                        if book.made_to(&id.1) != Some(to) {
                            self.withdrawn.remove(id);
                        }
                    } else if *version < renewal.version {
                        heard.is_contradicted = Some(at);
                        self.withdrawn.entry(*id).or_insert(at);
                        self.once_withdrawn.insert(*id);
                    }
                }
            }
            Frame::Denial(denial) => {
                if let Some(heard) = self.heard.get_mut(&counted(denial.of)) {
                    heard.is_contradicted = Some(at);
                    self.denied.insert(counted(denial.of), at);
                }
                // Who says that something is not kept takes its notice back for that.
                let notice = self.back_by.get(&counted(denial.of));
                if notice.is_some_and(|(version, _)| *version < denial.version) {
                    self.back_by.remove(&counted(denial.of));
                }
            }
            Frame::Absence(absence) => {
                let until = at.after(absence.notice.duration());
                // Its end is the host's own to keep, and later than this.
                for (id, heard) in self.heard.range_mut(counted_of(to, from)) {
                    self.away.insert(*id, at);
                    let back_by = self.back_by.entry(*id).or_insert((absence.version, until));
                    if back_by.0 < absence.version {
                        *back_by = (absence.version, until);
                    }
                    heard.stands(at, still);
                    heard.is_contradicted = Some(at.after(Duration::from_micros(1)));
                }
            }
            _ => {
                for (id, _) in book.taken_back.iter().filter(|(id, _)| id.promiser == from) {
                    self.withdrawn.entry((to, *id)).or_insert(at);
                    self.once_withdrawn.insert((to, *id));
                    if let Some(heard) = self.heard.get_mut(&(to, *id)) {
                        heard.is_contradicted = Some(at);
                    }
                }
            }
        }
    }
}

/// What a keeper counts of a host's.
fn counted_of(keeper: AgentId, host: AgentId) -> std::ops::RangeInclusive<Counted> {
    let at = |epoch, sequence| PromiseId {
        promiser: host,
        version: Version {
            epoch: gary_promise::BootEpoch(epoch),
            sequence,
        },
    };
    let last = gary_promise::Sequence::new(u64::MAX).unwrap_or(gary_promise::Sequence::FIRST);
    let first = at(0, gary_promise::Sequence::FIRST);
    (keeper, first)..=(keeper, at(u64::MAX, last))
}

#[cfg(test)]
mod tests {
    use gary_promise::{BootEpoch, Offers, Renewal, Sequence};

    use super::*;

    #[test]
    fn a_renewal_that_is_heard_again_is_no_news_of_what_came_to_be_known_since() {
        let [keeper, host] = [1, 2].map(|number| AgentId::from_bytes([number; 32]));
        let at = |seconds: u64| Time::from_us(seconds * 1_000_000);
        let version = |number| Version {
            epoch: BootEpoch(1),
            sequence: Sequence::new(number).expect("not zero"),
        };
        let renewal = Frame::Renewal(Renewal {
            version: version(2),
            offered: Offers::default(),
            bound: Offers::default(),
            by_others: Offers::new([version(1)]).expect("one"),
            idle: Default::default(),
            ends_within: None,
        });
        let (mut hearings, book) = (Hearings::default(), Book::default());
        hearings.hear(at(1), host, keeper, &renewal, &book);
        let offer = PromiseId {
            promiser: host,
            version: version(1),
        };
        hearings.heard.insert((keeper, offer), Heard::first(at(2)));
        hearings.hear(at(9), host, keeper, &renewal, &book);
        assert_eq!(hearings.stands_at(keeper, &offer), Some(at(2)));
    }
}
