//! What a keeper has granted of one exclusive workload.

use gary_promise::{ConfigurationEpoch, FencingEpoch, Holder, Time};

use super::seat::Seat;
use super::terms::Terms;

/// By how many a fencing epoch may be later than the latest that a keeper has granted, where the same configuration grants
/// both. Whoever asks for more is refused: no host uses up all there are.
pub const SKIPPED_MAX: u64 = 1 << 20;

/// What a keeper has granted last. It has to be durable before it is said, and stays as long as the workload does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Grant {
    /// The latest fencing epoch that it has granted.
    pub epoch: FencingEpoch,
    /// To whom: nobody else ever gets the same of it.
    pub holder: Holder,
    /// Among which keepers it did so last. It was settled there, and is after a start.
    pub granted_in: ConfigurationEpoch,
}

/// What a keeper has granted of one exclusive workload, and what it answers to whoever asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Grantor {
    terms: Terms,
    grant: Option<Grant>,
    /// Until when nobody else gets a tenure; `None` where the last was released, or there was none.
    until: Option<Time>,
    /// It has started again, and grants nothing anew before.
    anew_from: Option<Time>,
}

impl Grantor {
    /// That of a keeper that has granted nothing, and has not started again since it might have.
    pub const fn new(terms: Terms) -> Self {
        Self {
            terms,
            grant: None,
            until: None,
            anew_from: None,
        }
    }

    /// That of a keeper that has started again, by what it remembers. When it granted that, it does not know.
    pub fn resume(terms: Terms, grant: Option<Grant>, now: Time) -> Self {
        let waits_until = now.after(terms.for_keeper());
        Self {
            terms,
            grant,
            until: grant.map(|_| waits_until),
            anew_from: Some(waits_until),
        }
    }

    /// What has to be durable.
    pub const fn grant(&self) -> Option<&Grant> {
        self.grant.as_ref()
    }

    /// Somebody asks for a tenure under this fencing epoch, or for more time. Says whether it is granted, from now on.
    ///
    /// `has_voted` is whether the keeper has voted for others to keep the workload: then its configuration grants nothing
    /// any more.
    pub fn ask(
        &mut self,
        now: Time,
        seat: &Seat,
        has_voted: bool,
        (holder, epoch): (Holder, FencingEpoch),
    ) -> bool {
        let here = seat.configuration().epoch();
        let was_settled = self.grant.is_some_and(|its| its.granted_in == here);
        if has_voted || !(seat.is_settled(now) || was_settled) {
            return false;
        }
        if !self.is_the_same(holder, epoch) && !self.may_begin(now, here, holder, epoch) {
            return false;
        }
        self.grant = Some(Grant {
            epoch,
            holder,
            granted_in: here,
        });
        self.until = Some(now.after(self.terms.for_keeper()));
        true
    }

    /// Whether it is what was granted last, and nobody has released it. That it has run out makes no difference, as long as
    /// nobody else was granted anything, and neither does a start.
    fn is_the_same(&self, holder: Holder, epoch: FencingEpoch) -> bool {
        let is_same = |its: Grant| its.holder == holder && its.epoch == epoch;
        self.grant.is_some_and(is_same) && self.until.is_some()
    }

    /// Whether a tenure may begin.
    fn may_begin(
        &self,
        now: Time,
        here: ConfigurationEpoch,
        holder: Holder,
        epoch: FencingEpoch,
    ) -> bool {
        // What has begun among those before, its holder may go on with among these, and begin nothing.
        if epoch.configuration() > here || self.anew_from.is_some_and(|from| now < from) {
            return false;
        }
        let latest = self.grant.map(|its| its.epoch);
        let latest_there = latest.filter(|its| its.configuration() == epoch.configuration());
        let skipped = epoch.number()
            - latest_there
                .map_or(0, FencingEpoch::number)
                .min(epoch.number());
        let is_later = latest.is_none_or(|latest| latest < epoch) && skipped <= SKIPPED_MAX;
        // Who asks for a later one has nothing any more by the earlier.
        let is_its_own = self.grant.is_some_and(|its| its.holder == holder);
        let is_free = self.until.is_none_or(|until| until <= now);
        is_later && (is_free || is_its_own)
    }

    /// Whoever holds it under this fencing epoch, or an earlier one, does not any more. Says whether it was granted that.
    pub fn release(&mut self, holder: Holder, epoch: FencingEpoch) -> bool {
        let is_its_own = |its: Grant| its.holder == holder && its.epoch <= epoch;
        let is_released = self.grant.is_some_and(is_its_own);
        if is_released {
            self.until = None;
        }
        is_released
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{at, epoch, holder, keepers, terms};
    use super::*;

    fn seat() -> Seat {
        Seat::new(keepers(&[1, 2, 3]), at(0), &terms())
    }

    fn ask(grantor: &mut Grantor, us: u64, who: u8, number: u64) -> bool {
        grantor.ask(at(us), &seat(), false, (holder(who), epoch(number)))
    }

    #[test]
    fn grants_to_one_until_that_has_run_out_and_then_a_later_epoch_to_another() {
        let mut grantor = Grantor::new(terms());
        assert!(ask(&mut grantor, 0, 1, 1));
        assert!(!ask(&mut grantor, 1, 2, 1), "it has that of nobody else");
        assert!(!ask(&mut grantor, 1, 2, 2));
        // More time.
        assert!(ask(&mut grantor, 5, 1, 1));
        assert!(!ask(&mut grantor, 14, 2, 2));
        // It has run out, and the same is nobody else's for all that.
        assert!(!ask(&mut grantor, 15, 2, 1));
        assert!(ask(&mut grantor, 15, 2, 2));
        // Who had it before has it no more, whenever it asks.
        assert!(!ask(&mut grantor, 99, 1, 1));
        assert!(ask(&mut grantor, 99, 1, 3));
    }

    #[test]
    fn what_has_run_out_goes_on_as_long_as_nobody_else_has_it() {
        let mut grantor = Grantor::new(terms());
        assert!(ask(&mut grantor, 0, 1, 1) && ask(&mut grantor, 90, 1, 1));
    }

    #[test]
    fn what_is_released_is_free_at_once_and_stays_so() {
        let mut grantor = Grantor::new(terms());
        assert!(ask(&mut grantor, 0, 1, 2));
        // Somebody else's word, or one of an earlier tenure, releases nothing.
        assert!(!grantor.release(holder(2), epoch(2)) && !grantor.release(holder(1), epoch(1)));
        assert!(!ask(&mut grantor, 1, 2, 3));
        assert!(grantor.release(holder(1), epoch(2)));
        assert!(!ask(&mut grantor, 1, 1, 2), "what was asked before");
        assert!(ask(&mut grantor, 1, 2, 3));
    }

    #[test]
    fn one_that_asks_for_a_later_epoch_has_given_up_the_earlier() {
        let mut grantor = Grantor::new(terms());
        assert!(ask(&mut grantor, 0, 1, 1) && ask(&mut grantor, 1, 1, 4));
        assert!(!ask(&mut grantor, 2, 1, 1));
        // A copy of its disk is another.
        let mut copy = holder(1);
        copy.start.0 += 1;
        let asked = |grantor: &mut Grantor, number| {
            grantor.ask(at(2), &seat(), false, (copy, epoch(number)))
        };
        assert!(!asked(&mut grantor, 4) && !asked(&mut grantor, 5));
    }

    #[test]
    fn after_a_start_it_goes_on_with_what_it_remembers_and_grants_nothing_anew_for_a_while() {
        let mut grantor = Grantor::new(terms());
        assert!(ask(&mut grantor, 0, 1, 1));
        let mut again = Grantor::resume(terms(), grantor.grant().copied(), at(1));
        assert!(!ask(&mut again, 10, 2, 2), "the other may have it still");
        assert!(ask(&mut again, 10, 1, 1));
        assert!(!ask(&mut again, 19, 2, 2) && ask(&mut again, 20, 2, 2));

        let mut blank = Grantor::resume(terms(), None, at(1));
        assert!(!ask(&mut blank, 10, 1, 1) && ask(&mut blank, 11, 1, 1));
    }

    #[test]
    fn who_has_voted_for_others_grants_nothing() {
        let mut grantor = Grantor::new(terms());
        assert!(ask(&mut grantor, 0, 1, 1));
        assert!(!grantor.ask(at(1), &seat(), true, (holder(1), epoch(1))));
        // What it voted for was not chosen.
        assert!(ask(&mut grantor, 2, 1, 1));
    }

    #[test]
    fn in_another_configuration_what_runs_goes_on_and_what_begins_is_its_own() {
        let (first, terms) = (keepers(&[1, 2, 3]), terms());
        let mut seat = Seat::new(first.clone(), at(0), &terms);
        let mut grantor = Grantor::new(terms);
        assert!(grantor.ask(at(0), &seat, false, (holder(1), epoch(1))));
        let next = first.without(first.keepers()[2]).expect("it is one");
        seat.move_to(&next, at(1), &terms);
        assert!(grantor.ask(at(2), &seat, false, (holder(1), epoch(1))));
        let later = FencingEpoch::first(next.epoch());
        // Who comes knows of nothing that was granted before, and has whoever holds it hold it on.
        let mut newcomer = Grantor::new(terms);
        assert!(newcomer.ask(at(12), &seat, false, (holder(1), epoch(1))));
        assert!(!newcomer.ask(at(12), &seat, false, (holder(2), later)));
        assert!(grantor.ask(at(99), &seat, false, (holder(2), later)));
        // It is settled in this configuration, and remembers that.
        let grant = grantor.grant().copied();
        let mut again = Grantor::resume(terms, grant, at(100));
        let fresh = Seat::new(next, at(100), &terms);
        assert!(!fresh.is_settled(at(100)));
        assert!(again.ask(at(100), &fresh, false, (holder(2), later)));
    }

    #[test]
    fn nobody_uses_up_all_epochs() {
        let mut grantor = Grantor::new(terms());
        assert!(!ask(&mut grantor, 0, 1, SKIPPED_MAX + 1) && ask(&mut grantor, 0, 1, SKIPPED_MAX));
        assert!(!ask(&mut grantor, 0, 1, u64::MAX) && ask(&mut grantor, 0, 1, 2 * SKIPPED_MAX));
    }
}
