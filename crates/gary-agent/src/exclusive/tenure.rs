//! What a host holds of one exclusive workload, or tries to.

use std::collections::{BTreeMap, VecDeque};

use gary_promise::{AgentId, Configuration, ConfigurationEpoch, FencingEpoch, Time, Version};

use super::terms::Terms;

/// The most times of having asked that are remembered. What answers an earlier one counts for nothing.
pub const ASKS_MAX: usize = 16;

/// The most configurations whose grants are counted, each for itself. Beyond, those of the earliest count for nothing.
pub const CONFIGURATIONS_MAX: usize = 3;

/// What a host holds of one exclusive workload, or tries to. It may be lost at any time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tenure {
    terms: Terms,
    /// Under which it holds it, or would.
    epoch: FencingEpoch,
    is_held: bool,
    /// When it asked what, the latest last.
    asked: VecDeque<(Version, Time)>,
    /// Who has granted it, and when that was asked: by the configuration they named.
    grants: BTreeMap<Configuration, BTreeMap<AgentId, Time>>,
    /// The latest configuration that somebody has named.
    keepers: Option<Configuration>,
    /// The latest fencing epoch that it has heard of.
    latest: Option<FencingEpoch>,
}

/// What has become of a tenure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It is held, and until when at least.
    Begins(Time),
    /// It is held for longer than was known.
    Lasts(Time),
    /// It is held no more.
    Ends,
}

impl Tenure {
    /// One that nothing is known of.
    pub const fn new(terms: Terms) -> Self {
        Self {
            terms,
            epoch: FencingEpoch::first(ConfigurationEpoch::FIRST),
            is_held: false,
            asked: VecDeque::new(),
            grants: BTreeMap::new(),
            keepers: None,
            latest: None,
        }
    }

    /// Under which fencing epoch it is held, or asked for.
    pub const fn epoch(&self) -> FencingEpoch {
        self.epoch
    }

    /// Whether it is held, as far as was settled.
    pub const fn is_held(&self) -> bool {
        self.is_held
    }

    /// The latest configuration of keepers that any of them has named.
    pub const fn keepers(&self) -> Option<&Configuration> {
        self.keepers.as_ref()
    }

    /// Until when it may be run by what was granted: from when a majority of one configuration was asked, each the last
    /// time that it granted it. `None` where no majority has.
    ///
    /// It begins only by a majority of the configuration that its fencing epoch is of: each two of these have a keeper in
    /// common, and that grants an epoch once.
    pub fn until(&self) -> Option<Time> {
        let begun =
            |keepers: &Configuration| self.is_held || keepers.epoch() == self.epoch.configuration();
        let counted = self.grants.iter().filter(|(keepers, _)| begun(keepers));
        let asked_at = counted.filter_map(|(keepers, grants)| {
            let mut asked: Vec<Time> = grants.values().copied().collect();
            asked.sort_unstable_by(|one, other| other.cmp(one));
            asked.get(keepers.majority() - 1).copied()
        });
        let asked_at = asked_at.max()?;
        Some(asked_at.after(self.terms.for_holder()))
    }

    /// It asks all keepers, now.
    pub fn ask(&mut self, now: Time, asked: Version) {
        if self.asked.len() >= ASKS_MAX {
            self.asked.pop_front();
        }
        self.asked.push_back((asked, now));
    }

    /// A keeper grants what it was asked. Says whether that comes too late, and keeps others from it for nothing: so it does
    /// where later keepers than the fencing epoch is of grant what has not begun, and nothing begins by that.
    pub fn granted(
        &mut self,
        from: AgentId,
        epoch: FencingEpoch,
        asked: Version,
        keepers: &Configuration,
    ) -> bool {
        let asked_at = self.asked_at(asked);
        let Some(asked_at) = asked_at.filter(|_| epoch == self.epoch && keepers.has(&from)) else {
            return epoch < self.epoch;
        };
        self.learn(keepers);
        if !self.is_held && keepers.epoch() > epoch.configuration() {
            self.try_after(None);
            return true;
        }
        if !self.grants.contains_key(keepers) && self.grants.len() >= CONFIGURATIONS_MAX {
            // They stand in the order of their epochs.
            self.grants.pop_first();
        }
        let granted = self.grants.entry(keepers.clone()).or_default();
        let last = granted.entry(from).or_insert(asked_at);
        *last = asked_at.max(*last);
        false
    }

    /// Somebody who was asked does not grant it, and says what it has granted last, and who keeps the workload. Where others
    /// have granted it, says under which epoch it does not try any more: of two that have some each, neither would ever
    /// have more, and whoever asks next is to find what the other let go.
    pub fn refused(
        &mut self,
        asked: Version,
        latest: Option<FencingEpoch>,
        keepers: &Configuration,
    ) -> Option<FencingEpoch> {
        self.asked_at(asked)?;
        self.learn(keepers);
        self.latest = self.latest.max(latest);
        if self.is_held {
            return None;
        }
        let is_behind = latest.is_some_and(|latest| latest >= self.epoch);
        if !is_behind && keepers.epoch() <= self.epoch.configuration() {
            return None;
        }
        let given_up = (!self.grants.is_empty()).then_some(self.epoch);
        self.try_after(latest);
        given_up
    }

    /// What has become of it by now.
    pub fn settle(&mut self, now: Time, known_until: Option<Time>) -> Option<Turn> {
        let until = self.until().filter(|until| *until > now);
        match (self.is_held, until) {
            (false, Some(until)) => {
                self.is_held = true;
                Some(Turn::Begins(until))
            }
            (true, Some(until)) => (Some(until) > known_until).then_some(Turn::Lasts(until)),
            (true, None) => {
                self.is_held = false;
                self.try_after(Some(self.epoch));
                Some(Turn::Ends)
            }
            (false, None) => None,
        }
    }

    fn asked_at(&self, asked: Version) -> Option<Time> {
        let mut known = self.asked.iter();
        known
            .find(|(its, _)| *its == asked)
            .map(|(_, asked_at)| *asked_at)
    }

    fn learn(&mut self, keepers: &Configuration) {
        let is_later = |its: &Configuration| its.epoch() < keepers.epoch();
        if self.keepers.as_ref().is_none_or(is_later) {
            self.keepers = Some(keepers.clone());
        }
    }

    /// Tries under a fencing epoch that is later than this one and all that it knows of. What was granted under another
    /// counts for nothing.
    fn try_after(&mut self, latest: Option<FencingEpoch>) {
        let latest = latest.max(self.latest);
        let here = self.keepers.as_ref().map(Configuration::epoch);
        let here = here.unwrap_or(self.epoch.configuration());
        let next = match latest {
            Some(latest) => latest.after(here),
            None => Some(FencingEpoch::first(here)),
        };
        // After the last, where honest agents do not get, nothing is granted.
        self.epoch = next.map_or(self.epoch, |next| next.max(self.epoch));
        self.grants.clear();
        self.asked.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{agent, at, epoch, keepers, stamp, terms};
    use super::*;

    struct Scene {
        tenure: Tenure,
        stamps: u64,
    }

    impl Scene {
        fn new() -> Self {
            Self {
                tenure: Tenure::new(terms()),
                stamps: 0,
            }
        }

        fn ask(&mut self, us: u64) -> Version {
            self.stamps += 1;
            self.tenure.ask(at(us), stamp(self.stamps));
            stamp(self.stamps)
        }

        fn granted(&mut self, from: u8, asked: Version) {
            let epoch = self.tenure.epoch();
            self.tenure
                .granted(agent(from), epoch, asked, &keepers(&[1, 2, 3]));
        }

        fn refused(
            &mut self,
            asked: Version,
            latest: Option<FencingEpoch>,
        ) -> Option<FencingEpoch> {
            self.tenure.refused(asked, latest, &keepers(&[1, 2, 3]))
        }
    }

    #[test]
    fn counts_from_when_it_asked_and_by_a_majority() {
        let mut its = Scene::new();
        let asked = its.ask(10);
        its.granted(1, asked);
        assert_eq!(its.tenure.settle(at(12), None), None);
        // The same again is no second.
        its.granted(1, asked);
        assert_eq!(its.tenure.settle(at(12), None), None);
        its.granted(2, asked);
        let until = Some(at(16));
        assert_eq!(its.tenure.settle(at(13), None), Some(Turn::Begins(at(16))));
        assert_eq!(its.tenure.settle(at(13), until), None);
        // It lasts for as long as the last that makes a majority.
        let again = its.ask(14);
        its.granted(3, again);
        assert_eq!(its.tenure.settle(at(15), until), None);
        its.granted(1, again);
        let turn = its.tenure.settle(at(15), until);
        assert_eq!(turn, Some(Turn::Lasts(at(20))));
        assert_eq!(its.tenure.settle(at(20), Some(at(20))), Some(Turn::Ends));
        assert_eq!(its.tenure.epoch(), epoch(2), "it begins anew");
        assert_eq!(its.tenure.until(), None);
    }

    #[test]
    fn an_answer_that_comes_too_late_holds_nothing() {
        let mut its = Scene::new();
        let asked = its.ask(10);
        its.granted(1, asked);
        its.granted(2, asked);
        assert_eq!(its.tenure.settle(at(16), None), None);
        // Nor does one to what was never asked, or to another claim, or of who is no keeper.
        let asked = its.ask(20);
        its.granted(1, stamp(99));
        its.granted(9, asked);
        let (of_another, all) = (epoch(7), keepers(&[1, 2, 3]));
        its.tenure.granted(agent(1), of_another, asked, &all);
        its.granted(2, asked);
        assert_eq!(its.tenure.settle(at(21), None), None);
    }

    #[test]
    fn tries_above_what_it_is_told_of() {
        let mut its = Scene::new();
        let asked = its.ask(0);
        its.granted(1, asked);
        its.refused(asked, Some(epoch(6)));
        assert_eq!((its.tenure.epoch(), its.tenure.until()), (epoch(7), None));
        // What was asked under the earlier one is over.
        its.granted(1, asked);
        its.granted(3, asked);
        assert_eq!(its.tenure.until(), None);
    }

    #[test]
    fn gives_way_at_once_where_two_stand_in_each_others() {
        let (mut its, all) = (Scene::new(), keepers(&[1, 2, 3]));
        let asked = its.ask(0);
        its.granted(1, asked);
        assert_eq!(its.refused(asked, Some(epoch(1))), Some(epoch(1)));
        assert_eq!(its.tenure.epoch(), epoch(2));
        // What is granted after that is let go too.
        assert!(its.tenure.granted(agent(3), epoch(1), asked, &all));
        // Nobody has granted it anything: nothing is given up.
        let asked = its.ask(1);
        assert_eq!(its.refused(asked, Some(epoch(2))), None);
        assert_eq!(its.tenure.epoch(), epoch(3));
        let asked = its.ask(2);
        assert!(!its.tenure.granted(agent(3), epoch(3), asked, &all));
    }

    #[test]
    fn begins_by_its_own_configuration_only_and_goes_on_by_the_next() {
        let first = keepers(&[1, 2, 3]);
        let next = first.without(agent(3)).expect("it is one");
        let mut its = Scene::new();
        let asked = its.ask(0);
        let epoch = its.tenure.epoch();
        for from in [2, 3] {
            its.tenure.granted(agent(from), epoch, asked, &first);
        }
        assert_eq!(its.tenure.settle(at(1), None), Some(Turn::Begins(at(6))));
        let again = its.ask(4);
        for from in [1, 2] {
            its.tenure.granted(agent(from), epoch, again, &next);
        }
        let turn = its.tenure.settle(at(5), Some(at(6)));
        assert_eq!(turn, Some(Turn::Lasts(at(10))));
        // Grants of two configurations are not counted together.
        let last = its.ask(7);
        its.tenure.granted(agent(1), epoch, last, &next);
        its.tenure.granted(agent(3), epoch, last, &first);
        assert_eq!(its.tenure.until(), Some(at(10)));
        assert_eq!(its.tenure.keepers(), Some(&next));
    }

    #[test]
    fn what_later_keepers_grant_that_has_not_begun_is_let_go() {
        let first = keepers(&[1, 2, 3]);
        let next = first.without(agent(3)).expect("it is one");
        let mut its = Scene::new();
        let asked = its.ask(0);
        let epoch = its.tenure.epoch();
        assert!(its.tenure.granted(agent(1), epoch, asked, &next));
        assert_eq!(its.tenure.epoch(), FencingEpoch::first(next.epoch()));
        assert!(its.tenure.granted(agent(2), epoch, asked, &next));
        assert_eq!(its.tenure.settle(at(1), None), None);
        let again = its.ask(1);
        let epoch = its.tenure.epoch();
        for from in [1, 2] {
            assert!(!its.tenure.granted(agent(from), epoch, again, &next));
        }
        assert_eq!(its.tenure.settle(at(2), None), Some(Turn::Begins(at(7))));
    }

    #[test]
    fn later_keepers_are_asked_under_an_epoch_of_theirs() {
        let first = keepers(&[1, 2, 3]);
        let next = first.without(agent(3)).expect("it is one");
        let mut its = Scene::new();
        let asked = its.ask(0);
        its.tenure.refused(asked, Some(epoch(4)), &next);
        assert_eq!(its.tenure.epoch(), FencingEpoch::first(next.epoch()));
    }
}
