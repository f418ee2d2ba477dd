//! What one observer has to go by.

use std::time::Duration;

use crate::{Broken, Contrary, Judgement, Kept, Lease, Time, Unknown, Version, Word, word::Heard};

/// All that one observer has to go by for one promise. Its times are of the observer's clock, and it
/// is nobody else's: what another observer says is a report to weigh, and never joined.
///
/// Evidence is only added to. [`Evidence::join`] takes together what came piece by piece, in whatever
/// order and however often, and the judgement is one of all of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The latest word of the promiser about this promise.
    heard: Option<Heard>,
    /// When the observer last used what is promised.
    used_at: Option<Time>,
    /// When the observer last tried to use it and was answered with a failure.
    failed_at: Option<Time>,
    /// When the promiser was last taken for gone.
    lost_at: Option<Time>,
    /// When it was last found to be there again.
    found_at: Option<Time>,
    /// When the observer first heard that the promise is withdrawn.
    withdrawn_at: Option<Time>,
}

impl Evidence {
    /// The promiser said something of the promise; making it is the first renewal.
    ///
    /// Its version tells a new word from one that is sent again: the same one heard later is no news.
    pub fn heard(word: Word, version: Version, at: Time) -> Self {
        Self {
            heard: Some(Heard { version, word, at }),
            ..Self::default()
        }
    }

    /// The observer used what is promised.
    pub fn used(at: Time) -> Self {
        Self {
            used_at: Some(at),
            ..Self::default()
        }
    }

    /// The observer tried to use what is promised and was answered with a failure. No answer at all
    /// is silence, and no such evidence.
    pub fn failed(at: Time) -> Self {
        Self {
            failed_at: Some(at),
            ..Self::default()
        }
    }

    /// The promiser cannot be reached, by the observer's own view of the membership.
    pub fn lost(at: Time) -> Self {
        Self {
            lost_at: Some(at),
            ..Self::default()
        }
    }

    /// The promiser can be reached again, by the observer's own view of the membership. That takes back
    /// that it was lost, and says nothing of whether it does what it promised.
    pub fn found(at: Time) -> Self {
        Self {
            found_at: Some(at),
            ..Self::default()
        }
    }

    /// The promise was heard to be withdrawn.
    pub fn withdrawn(at: Time) -> Self {
        Self {
            withdrawn_at: Some(at),
            ..Self::default()
        }
    }

    /// Both together: of words the latest by the promiser's count, of what was seen the latest, of
    /// withdrawals the first.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self {
            heard: self.heard.max(other.heard),
            used_at: self.used_at.max(other.used_at),
            failed_at: self.failed_at.max(other.failed_at),
            lost_at: self.lost_at.max(other.lost_at),
            found_at: self.found_at.max(other.found_at),
            withdrawn_at: first(self.withdrawn_at, other.withdrawn_at),
        }
    }

    /// What this says of a promise with this lease at `now`, for an observer that takes a promiser
    /// for silent after `patience`.
    ///
    /// Silence alone makes nothing broken. A withdrawal is final; whatever else was seen is outdated
    /// by the promiser's next word or by use.
    pub fn judge(&self, lease: Option<Lease>, patience: Duration, now: Time) -> Judgement {
        if let Some(at) = self.withdrawn_at {
            return Judgement::Broken(Broken::Withdrawn { at });
        }
        let said = self.said(lease);
        // Who is away by plan does what it said, so that neither its silence nor a failure is news.
        if let Some(kept @ Kept::OnNotice { back_by, .. }) = said.map(|said| said.kept)
            && now < back_by
        {
            return Judgement::Kept(kept);
        }
        let good = said.into_iter().chain(self.used_with(lease));
        let last_good = good.max_by_key(|good| good.at);
        let is_news = |at: &Time| last_good.is_none_or(|good| *at >= good.at);
        if let Some((at, contrary)) = self.contrary().filter(|(at, _)| is_news(at)) {
            return Judgement::Broken(Broken::Contrary { at, contrary });
        }
        if let Some(at) = last_good.and_then(|good| good.expires_at)
            && now >= at
        {
            return Judgement::Broken(Broken::Expired { at });
        }
        let is_found = |at: &Time| self.found_at.is_some_and(|found| found >= *at);
        if let Some(at) = self.lost_at.filter(|at| is_news(at) && !is_found(at)) {
            return Judgement::Unknown(Unknown::Lost { at });
        }
        match last_good {
            None => Judgement::Unknown(Unknown::Unheard),
            // What has no lease is not renewed: its promiser need not say anything.
            Some(good) if lease.is_some() && now.since(good.at) >= patience => {
                Judgement::Unknown(Unknown::Silent { since: good.at })
            }
            Some(good) => Judgement::Kept(good.kept),
        }
    }

    /// The latest evidence that the promise is not kept.
    fn contrary(&self) -> Option<(Time, Contrary)> {
        let denial = self.heard.filter(|heard| heard.word == Word::Denial);
        let denied = denial.map(|heard| (heard.at, Contrary::Denied));
        let failed = self.failed_at.map(|at| (at, Contrary::Failed));
        denied.max(failed)
    }

    /// The promiser's last word, where it speaks for the promise.
    fn said(&self, lease: Option<Lease>) -> Option<Good> {
        let Heard { word, at, .. } = self.heard?;
        match word {
            Word::Renewal => Some(Good {
                at,
                expires_at: end(lease, at),
                kept: Kept::Renewed { at },
            }),
            Word::Notice(notice) => {
                let back_by = at.after(notice.duration());
                Some(Good {
                    at,
                    expires_at: Some(back_by),
                    kept: Kept::OnNotice { at, back_by },
                })
            }
            Word::Denial => None,
        }
    }

    /// The last use. It speaks for the promise as a renewal does.
    fn used_with(&self, lease: Option<Lease>) -> Option<Good> {
        self.used_at.map(|at| Good {
            at,
            expires_at: end(lease, at),
            kept: Kept::Used { at },
        })
    }
}

/// Evidence that a promise is kept.
#[derive(Clone, Copy)]
struct Good {
    at: Time,
    /// Until when it counts.
    expires_at: Option<Time>,
    kept: Kept,
}

/// When a lease ends that runs from `at`.
fn end(lease: Option<Lease>, at: Time) -> Option<Time> {
    lease.map(|lease| at.after(lease.duration()))
}

/// The earlier of two moments, where there are two.
fn first(one: Option<Time>, other: Option<Time>) -> Option<Time> {
    one.into_iter().chain(other).min()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{BootEpoch, Notice, Sequence, testing::lease};

    const PATIENCE: Duration = Duration::from_secs(5);

    fn at(ms: u64) -> Time {
        Time::from_us(ms * 1000)
    }

    fn version(sequence: u64) -> Version {
        Version {
            epoch: BootEpoch(1),
            sequence: Sequence::new(sequence).expect("not zero"),
        }
    }

    fn renewal(sequence: u64, ms: u64) -> Evidence {
        Evidence::heard(Word::Renewal, version(sequence), at(ms))
    }

    fn notice(sequence: u64, ms: u64, back_within_ms: u32) -> Evidence {
        let notice = Notice::from_ms(back_within_ms).expect("legal");
        Evidence::heard(Word::Notice(notice), version(sequence), at(ms))
    }

    fn judge(evidence: &Evidence, now_ms: u64) -> Judgement {
        evidence.judge(Some(lease()), PATIENCE, at(now_ms))
    }

    #[test]
    fn what_is_renewed_is_kept_then_silent_then_expired() {
        let evidence = renewal(1, 1_000);
        let renewed = Judgement::Kept(Kept::Renewed { at: at(1_000) });
        let silent = Judgement::Unknown(Unknown::Silent { since: at(1_000) });
        let expired = Judgement::Broken(Broken::Expired { at: at(11_000) });
        for (now_ms, expected) in [
            (0, renewed),
            (1_000, renewed),
            (5_999, renewed),
            (6_000, silent),
            (10_999, silent),
            (11_000, expired),
            (u64::MAX / 1000, expired),
        ] {
            assert_eq!(judge(&evidence, now_ms), expected, "at {now_ms} ms");
        }
        let again = evidence.join(renewal(2, 11_500));
        assert_eq!(
            judge(&again, 11_500),
            Judgement::Kept(Kept::Renewed { at: at(11_500) })
        );
    }

    #[test]
    fn what_has_no_lease_is_kept_without_a_word() {
        let evidence = renewal(1, 0);
        let judgement = evidence.judge(None, PATIENCE, at(1_000_000));
        assert_eq!(judgement, Judgement::Kept(Kept::Renewed { at: at(0) }));
    }

    #[test]
    fn who_is_lost_is_unknown_until_heard_or_used_again() {
        let lost = renewal(1, 1_000).join(Evidence::lost(at(2_000)));
        let unknown = Judgement::Unknown(Unknown::Lost { at: at(2_000) });
        assert_eq!(judge(&lost, 2_000), unknown);
        assert_eq!(lost.judge(None, PATIENCE, at(9_000_000)), unknown);
        assert_eq!(
            judge(&lost.join(renewal(2, 2_500)), 2_500),
            Judgement::Kept(Kept::Renewed { at: at(2_500) })
        );
        assert_eq!(
            judge(&lost.join(Evidence::used(at(2_500))), 2_500),
            Judgement::Kept(Kept::Used { at: at(2_500) })
        );
        assert_eq!(
            judge(&Evidence::lost(at(1)), 2),
            Judgement::Unknown(Unknown::Lost { at: at(1) })
        );
    }

    #[test]
    fn who_is_found_is_not_lost_and_its_lease_runs_on() {
        let found = renewal(1, 1_000)
            .join(Evidence::found(at(3_000)))
            .join(Evidence::lost(at(2_000)));
        let renewed = Judgement::Kept(Kept::Renewed { at: at(1_000) });
        assert_eq!(judge(&found, 3_000), renewed);
        assert_eq!(
            judge(&found, 6_000),
            Judgement::Unknown(Unknown::Silent { since: at(1_000) })
        );
        let lost = found.join(Evidence::lost(at(4_000)));
        assert_eq!(
            judge(&lost, 4_000),
            Judgement::Unknown(Unknown::Lost { at: at(4_000) })
        );
    }

    #[test]
    fn evidence_to_the_contrary_breaks_until_there_is_better() {
        let denied = renewal(1, 1_000).join(Evidence::heard(Word::Denial, version(2), at(2_000)));
        let failed = renewal(1, 1_000).join(Evidence::failed(at(2_000)));
        for (evidence, contrary) in [(denied, Contrary::Denied), (failed, Contrary::Failed)] {
            let broken = Judgement::Broken(Broken::Contrary {
                at: at(2_000),
                contrary,
            });
            assert_eq!(judge(&evidence, 2_000), broken);
            assert_eq!(
                judge(&evidence.join(Evidence::lost(at(3_000))), 3_000),
                broken
            );
            assert_eq!(
                judge(&evidence.join(renewal(3, 3_000)), 3_000),
                Judgement::Kept(Kept::Renewed { at: at(3_000) })
            );
            assert_eq!(
                judge(&evidence.join(Evidence::used(at(3_000))), 3_000),
                Judgement::Kept(Kept::Used { at: at(3_000) })
            );
        }
    }

    #[test]
    fn who_gives_notice_is_waited_for_and_no_longer() {
        let evidence = renewal(1, 0)
            .join(notice(2, 1_000, 30_000))
            .join(Evidence::lost(at(2_000)))
            .join(Evidence::failed(at(2_500)));
        let on_notice = Judgement::Kept(Kept::OnNotice {
            at: at(1_000),
            back_by: at(31_000),
        });
        assert_eq!(judge(&evidence, 15_000), on_notice);
        assert_eq!(judge(&evidence, 30_999), on_notice);

        let overdue = renewal(1, 0).join(notice(2, 1_000, 30_000));
        assert_eq!(
            judge(&overdue, 31_000),
            Judgement::Broken(Broken::Expired { at: at(31_000) })
        );
        assert_eq!(
            judge(&evidence.join(renewal(3, 12_000)), 12_000),
            Judgement::Kept(Kept::Renewed { at: at(12_000) })
        );
    }

    #[test]
    fn nothing_is_unknown() {
        let nothing = Judgement::Unknown(Unknown::Unheard);
        assert_eq!(judge(&Evidence::default(), 0), nothing);
    }

    fn pieces() -> impl Strategy<Value = Evidence> {
        let words = prop_oneof![
            Just(Word::Renewal),
            Just(Word::Denial),
            (1..=20_000_u32).prop_map(|ms| Word::Notice(Notice::from_ms(ms).expect("legal"))),
        ];
        let moments = || (0..30_000_u64).prop_map(at);
        prop_oneof![
            4 => (words, (1..6_u64).prop_map(version), moments())
                .prop_map(|(word, version, at)| Evidence::heard(word, version, at)),
            1 => moments().prop_map(Evidence::used),
            1 => moments().prop_map(Evidence::failed),
            1 => moments().prop_map(Evidence::lost),
            1 => moments().prop_map(Evidence::found),
            1 => moments().prop_map(Evidence::withdrawn),
        ]
    }

    fn join_all(pieces: &[Evidence]) -> Evidence {
        pieces
            .iter()
            .copied()
            .fold(Evidence::default(), Evidence::join)
    }

    proptest! {
        #[test]
        fn join_is_commutative_associative_and_idempotent(
            (a, b, c) in (pieces(), pieces(), pieces()),
            more in prop::collection::vec(pieces(), 0..4),
        ) {
            let a = join_all(&more).join(a);
            prop_assert_eq!(a.join(b), b.join(a));
            prop_assert_eq!(a.join(b).join(c), a.join(b.join(c)));
            prop_assert_eq!(a.join(a), a);
        }

        #[test]
        fn order_and_repetition_do_not_matter(
            (pieces, shuffled) in prop::collection::vec(pieces(), 0..8).prop_flat_map(|pieces| {
                let twice = [pieces.clone(), pieces.clone()].concat();
                (Just(pieces), Just(twice).prop_shuffle())
            }),
        ) {
            prop_assert_eq!(join_all(&shuffled), join_all(&pieces));
        }

        #[test]
        fn a_word_sent_again_is_no_news(
            pieces in prop::collection::vec(pieces(), 0..8),
            sequence in 1..6_u64,
            (first_ms, later_ms) in (0..30_000_u64, 0..30_000_u64),
        ) {
            let known = join_all(&pieces).join(renewal(sequence, first_ms));
            prop_assert_eq!(known.join(renewal(sequence, first_ms + later_ms)), known);
        }

        #[test]
        fn silence_breaks_nothing(
            words in prop::collection::vec((1..6_u64, 0..10_000_u64), 0..4),
            lost in prop::collection::vec(0..40_000_u64, 0..4),
            now_ms in 0..40_000_u64,
        ) {
            let mut evidence = Evidence::default();
            for (sequence, ms) in &words {
                evidence = evidence.join(renewal(*sequence, *ms));
            }
            for ms in &lost {
                evidence = evidence.join(Evidence::lost(at(*ms)));
            }
            prop_assert!(!matches!(evidence.judge(None, PATIENCE, at(now_ms)), Judgement::Broken(_)));

            // The last word is the one that counts; of the same word the first time.
            let last = words.iter().map(|(sequence, _)| *sequence).max();
            let its_ms = words.iter().filter(|(its, _)| Some(*its) == last).map(|(_, ms)| *ms).min();
            let is_expired = its_ms.is_some_and(|ms| now_ms >= ms + 10_000);
            let is_broken = matches!(judge(&evidence, now_ms), Judgement::Broken(_));
            prop_assert_eq!(is_broken, is_expired);
        }

        #[test]
        fn a_withdrawal_is_final(
            pieces in prop::collection::vec(pieces(), 0..8),
            withdrawn_ms in 0..30_000_u64,
            now_ms in 0..60_000_u64,
        ) {
            let evidence = join_all(&pieces).join(Evidence::withdrawn(at(withdrawn_ms)));
            let is_withdrawn = matches!(
                judge(&evidence, now_ms),
                Judgement::Broken(Broken::Withdrawn { at: first }) if first <= at(withdrawn_ms)
            );
            prop_assert!(is_withdrawn);
        }
    }
}
