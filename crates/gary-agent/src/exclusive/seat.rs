//! With whom a keeper votes, and from when on it may grant anything among them.

use gary_promise::{Configuration, ConfigurationEpoch, Time};

use super::terms::Terms;

/// With whom a keeper votes, and from when on it may grant anything among them.
///
/// A majority of one configuration has a keeper in common with any majority of the next, and that keeper remembers what it
/// has granted. So a change of keepers by itself needs no wait. But majorities of two configurations that are two changes
/// apart need not meet: a keeper grants nothing in a configuration before all that was granted in the one before the one
/// before it has run out. It had run out, at the latest, a tenure after the one before began, since by then a majority
/// there had voted for the change and granted nothing more.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Seat {
    configuration: Configuration,
    /// When it came to know of this configuration; `None` for the first, before which nothing was granted.
    since: Option<Time>,
    quiet_until: Option<Time>,
}

impl Seat {
    /// That of a keeper which comes to know of this configuration, and knows of none before it: because there is none, or
    /// because it was no keeper, or has started again.
    pub fn new(configuration: Configuration, now: Time, terms: &Terms) -> Self {
        let is_first = configuration.epoch() == ConfigurationEpoch::FIRST;
        let since = (!is_first).then_some(now);
        Self {
            configuration,
            since,
            quiet_until: since.map(|since| since.after(terms.for_keeper())),
        }
    }

    /// The keeper votes with these now.
    pub fn move_to(&mut self, configuration: &Configuration, now: Time, terms: &Terms) {
        if self.configuration == *configuration {
            return;
        }
        let is_next = configuration.follows(&self.configuration);
        let quiet_until = self.since.map(|since| since.after(terms.for_keeper()));
        *self = Self::new(configuration.clone(), now, terms);
        if is_next {
            self.quiet_until = quiet_until;
        }
    }

    /// With whom.
    pub const fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// From when on another change of keepers makes nobody wait: until then, a second one would be two within a tenure.
    pub fn may_change_at(&self, terms: &Terms) -> Option<Time> {
        self.since.map(|since| since.after(terms.for_keeper()))
    }

    /// Whether all has run out that its configuration need not know of.
    pub fn is_settled(&self, now: Time) -> bool {
        self.quiet_until.is_none_or(|until| until <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{at, keepers, terms};
    use super::*;

    #[test]
    fn two_changes_within_a_tenure_have_to_be_waited_for_and_one_has_not() {
        let (first, terms) = (keepers(&[1, 2, 3, 4, 5]), terms());
        let four = first
            .without(keepers(&[1]).keepers()[0])
            .expect("it is one");
        let three = four.without(keepers(&[2]).keepers()[0]).expect("it is one");
        let mut seat = Seat::new(first, at(0), &terms);
        assert!(seat.is_settled(at(0)));
        assert_eq!(seat.may_change_at(&terms), None);
        seat.move_to(&four, at(100), &terms);
        assert!(seat.is_settled(at(100)), "majorities of both meet");
        assert_eq!(seat.may_change_at(&terms), Some(at(110)));
        let mut later = seat.clone();
        seat.move_to(&three, at(101), &terms);
        assert!(!seat.is_settled(at(109)));
        assert!(seat.is_settled(at(110)), "by then the first have ended");
        // The same again is no change.
        seat.move_to(&three, at(110), &terms);
        assert!(seat.is_settled(at(110)));
        later.move_to(&three, at(111), &terms);
        assert!(later.is_settled(at(111)));
    }

    #[test]
    fn who_has_missed_a_change_or_comes_waits() {
        let (first, terms) = (keepers(&[1, 2, 3]), terms());
        let two = first
            .without(keepers(&[1]).keepers()[0])
            .expect("it is one");
        let one = two.without(keepers(&[2]).keepers()[0]).expect("it is one");
        let mut seat = Seat::new(first, at(0), &terms);
        seat.move_to(&one, at(100), &terms);
        assert!(!seat.is_settled(at(109)) && seat.is_settled(at(110)));
        let seat = Seat::new(two, at(100), &terms);
        assert!(!seat.is_settled(at(109)) && seat.is_settled(at(110)));
    }
}
