//! Intents that were passed on to keepers of their names.

use std::collections::BTreeMap;
use std::time::Duration;

use gary_promise::{AgentId, Configuration, PromiseId, Time};

/// The most intents of persons that one agent has passed on and waits for. One more is not taken.
pub const PASSED_ON_MAX: usize = 1_024;

/// How long a keeper has to answer before another is asked. It has to hear from others itself, twice at most.
pub const ANSWERS_SUBMISSION_WITHIN: Duration = Duration::from_secs(1);

/// How often an intent goes to others because somebody says that they keep its name, besides once in a while. Two who
/// think of each other would have it go to and fro.
const REDIRECTS_MAX: u32 = 4;

/// Intents that were passed on, each as a `T`.
#[derive(Debug)]
pub(super) struct Passing<T>(BTreeMap<PromiseId, PassedOn<T>>);

#[derive(Debug)]
pub(super) struct PassedOn<T> {
    pub(super) intent: T,
    pub(super) keepers: Configuration,
    /// Who was asked last; the keeper after it is asked next.
    asked: AgentId,
    next_at: Time,
    until: Time,
    /// More than one was asked, and may be trying still.
    pub(super) is_with_several: bool,
    /// How often others were said to keep its name.
    redirected: u32,
}

/// What is to be done about an intent that was passed on.
#[derive(Debug)]
pub(super) enum Next {
    /// It is passed on to this one.
    Ask(AgentId),
    /// There is no more time.
    GiveUp,
}

impl<T> Passing<T> {
    pub(super) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Passes one on. Says to whom, unless that is under way already: to the first who is there, if anybody is.
    pub(super) fn begin(
        &mut self,
        now: Time,
        until: Time,
        (id, intent): (PromiseId, T),
        keepers: Configuration,
        is_up: impl Fn(&AgentId) -> bool,
    ) -> Option<AgentId> {
        let first = first_up(keepers.keepers().iter(), is_up)?;
        if self.0.contains_key(&id) || self.0.len() >= PASSED_ON_MAX {
            return None;
        }
        let passed_on = PassedOn {
            intent,
            keepers,
            asked: first,
            next_at: now.after(ANSWERS_SUBMISSION_WITHIN),
            until,
            is_with_several: false,
            redirected: 0,
        };
        self.0.insert(id, passed_on);
        Some(first)
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= PASSED_ON_MAX
    }

    pub(super) fn get(&self, intent: &PromiseId) -> Option<&PassedOn<T>> {
        self.0.get(intent)
    }

    /// It is known now what has become of one.
    pub(super) fn end(&mut self, intent: &PromiseId) -> Option<PassedOn<T>> {
        self.0.remove(intent)
    }

    /// Somebody else may be trying too.
    pub(super) fn is_with_several(&mut self, intent: &PromiseId) {
        if let Some(passed_on) = self.0.get_mut(intent) {
            passed_on.is_with_several = true;
        }
    }

    /// Others keep its name than was thought. Says whom to ask, unless it was sent about too often: then it waits until
    /// more is known.
    pub(super) fn redirect(
        &mut self,
        intent: &PromiseId,
        keepers: &Configuration,
        is_up: impl Fn(&AgentId) -> bool,
    ) -> Option<AgentId> {
        let passed_on = self.0.get_mut(intent)?;
        // Who says so of the same again knows no better than it did.
        if passed_on.keepers == *keepers || passed_on.redirected >= REDIRECTS_MAX {
            return None;
        }
        let first = first_up(keepers.keepers().iter(), is_up)?;
        passed_on.redirected += 1;
        passed_on.keepers = keepers.clone();
        passed_on.asked = first;
        // Whoever says so may have tried before it came to know.
        passed_on.is_with_several = true;
        Some(first)
    }

    /// What is due.
    pub(super) fn handle_timeout(
        &mut self,
        now: Time,
        is_up: impl Fn(&AgentId) -> bool,
    ) -> Vec<(PromiseId, Next)> {
        let mut due = Vec::new();
        for (id, passed_on) in self.0.iter_mut().filter(|(_, its)| its.next_at <= now) {
            if passed_on.until <= now {
                due.push((*id, Next::GiveUp));
                continue;
            }
            let keepers = passed_on.keepers.keepers();
            let place = keepers.iter().position(|its| *its == passed_on.asked);
            let after = place.map_or(0, |place| place + 1);
            let in_turn = keepers.iter().cycle().skip(after).take(keepers.len());
            let Some(next) = first_up(in_turn, &is_up) else {
                continue;
            };
            passed_on.asked = next;
            passed_on.is_with_several = true;
            passed_on.redirected = 0;
            passed_on.next_at = now.after(ANSWERS_SUBMISSION_WITHIN).min(passed_on.until);
            due.push((*id, Next::Ask(next)));
        }
        for (id, _) in due.iter().filter(|(_, next)| matches!(next, Next::GiveUp)) {
            self.0.remove(id);
        }
        due
    }

    pub(super) fn due_at(&self) -> Option<Time> {
        self.0.values().map(|its| its.next_at).min()
    }
}

/// The first of these who is there, or the first of all where none is.
fn first_up<'a>(
    keepers: impl Iterator<Item = &'a AgentId> + Clone,
    is_up: impl Fn(&AgentId) -> bool,
) -> Option<AgentId> {
    let up = keepers.clone().find(|its| is_up(its));
    up.or_else(|| keepers.clone().next()).copied()
}

#[cfg(test)]
mod tests {
    use gary_promise::{BootEpoch, ConfigurationEpoch, Version};

    use super::*;

    fn agent(number: u8) -> AgentId {
        AgentId::from_bytes([number; 32])
    }

    fn keepers(numbers: [u8; 3]) -> Configuration {
        Configuration::new(ConfigurationEpoch::FIRST, numbers.map(agent)).expect("three")
    }

    fn at(ms: u64) -> Time {
        Time::from_us(ms * 1_000)
    }

    const INTENT: PromiseId = PromiseId {
        promiser: AgentId::from_bytes([9; 32]),
        version: Version::first(BootEpoch(1)),
    };

    fn passing() -> Passing<()> {
        let mut passing = Passing::new();
        let asked = passing.begin(at(0), at(2_500), (INTENT, ()), keepers([1, 2, 3]), |_| true);
        assert_eq!(asked, Some(agent(1)));
        passing
    }

    #[test]
    fn who_does_not_answer_is_followed_by_the_next_until_there_is_no_more_time() {
        let mut passing = passing();
        let again = passing.begin(at(1), at(9_000), (INTENT, ()), keepers([4, 5, 6]), |_| true);
        assert_eq!(again, None, "it is under way");
        assert!(passing.handle_timeout(at(999), |_| true).is_empty());
        for (ms, next) in [(1_000, 2), (2_000, 3)] {
            assert_eq!(passing.due_at(), Some(at(ms)));
            let due = passing.handle_timeout(at(ms), |_| true);
            assert!(matches!(due[..], [(INTENT, Next::Ask(keeper))] if keeper == agent(next)));
        }
        let mut with_several = self::passing();
        with_several.handle_timeout(at(1_000), |_| true);
        let ended = with_several.end(&INTENT).expect("it is under way");
        assert!(ended.is_with_several, "the first may be trying still");
        assert_eq!(passing.due_at(), Some(at(2_500)));
        let due = passing.handle_timeout(at(2_500), |_| true);
        assert!(matches!(due[..], [(INTENT, Next::GiveUp)]));
        assert!(passing.get(&INTENT).is_none() && passing.due_at().is_none());
    }

    #[test]
    fn who_is_not_there_is_asked_only_where_nobody_is() {
        let mut passing = Passing::new();
        let is_up = |its: &AgentId| *its != agent(1);
        let asked = passing.begin(at(0), at(9_000), (INTENT, ()), keepers([1, 2, 3]), is_up);
        assert_eq!(asked, Some(agent(2)));
        for (ms, next) in [(1_000, 3), (2_000, 2)] {
            let due = passing.handle_timeout(at(ms), is_up);
            assert!(matches!(due[..], [(INTENT, Next::Ask(keeper))] if keeper == agent(next)));
        }
        let due = passing.handle_timeout(at(3_000), |_| false);
        assert!(matches!(due[..], [(INTENT, Next::Ask(keeper))] if keeper == agent(3)));
    }

    #[test]
    fn others_who_are_said_to_keep_it_are_asked_and_not_for_ever() {
        let mut passing = passing();
        let sets = [keepers([4, 5, 6]), keepers([1, 2, 3])];
        assert_eq!(
            passing.redirect(&INTENT, &sets[0], |_| true),
            Some(agent(4))
        );
        assert_eq!(
            passing.redirect(&INTENT, &sets[0], |_| true),
            None,
            "it knows that"
        );
        let again = (1..10).filter(|turn| {
            passing
                .redirect(&INTENT, &sets[turn % 2], |_| true)
                .is_some()
        });
        assert_eq!(again.count(), 3);
        // It is asked again in time all the same.
        assert_eq!(passing.due_at(), Some(at(1_000)));
        assert!(passing.end(&INTENT).is_some_and(|its| its.is_with_several));
        assert_eq!(passing.redirect(&INTENT, &sets[1], |_| true), None);
    }
}
