//! How a promise stands.

use std::cmp::Reverse;

use crate::{Later, Promise, PromiseId, Record, Signed, Verified};

/// How a promise stands, as far as one agent was told. What it was never told of has no standing.
///
/// Standings of one promise form a chain, and what is learned only moves up it: made, then withdrawn
/// for good. [`Standing::join`] is the greater of two, so that it does not matter in which order or how
/// often anything is learned (a join semilattice; Shapiro et al., "Conflict-free Replicated Data
/// Types", 2011).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    id: PromiseId,
    state: State,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Made(Verified<Promise>),
    /// Made, and only a later release can read what.
    Unread(Later),
    /// By a withdrawal, or by the promise that revises it.
    Withdrawn(Record),
}

impl Standing {
    pub(crate) fn made(promise: Verified<Promise>) -> Self {
        Self {
            id: promise.id(),
            state: State::Made(promise),
        }
    }

    /// That of the promise which a record of a later release makes, if it makes one.
    pub(crate) fn unread(later: Later) -> Option<Self> {
        Some(Self {
            id: later.makes()?,
            state: State::Unread(later),
        })
    }

    /// The caller has seen that this is the promise which the record withdraws.
    pub(crate) const fn withdrawn(id: PromiseId, by: Record) -> Self {
        Self {
            id,
            state: State::Withdrawn(by),
        }
    }

    /// Which promise it is.
    pub const fn id(&self) -> PromiseId {
        self.id
    }

    /// The promise, while it is made and not withdrawn, where it can be read. Whether it is kept is for
    /// each observer to assess.
    pub const fn promise(&self) -> Option<&Verified<Promise>> {
        match &self.state {
            State::Made(promise) => Some(promise),
            State::Unread(_) | State::Withdrawn(_) => None,
        }
    }

    /// The promise as it was signed, while it is made and not withdrawn, whether or not it can be read:
    /// what is relayed, and what a sheet is hashed over.
    pub const fn signed(&self) -> Option<&Signed<Promise>> {
        match &self.state {
            State::Made(promise) => Some(promise.signed()),
            State::Unread(later) => later.promise(),
            State::Withdrawn(_) => None,
        }
    }

    /// What withdrew it: a withdrawal, or the promise that revises it.
    pub const fn withdrawn_by(&self) -> Option<&Record> {
        match &self.state {
            State::Made(_) | State::Unread(_) => None,
            State::Withdrawn(record) => Some(record),
        }
    }

    /// Learns what else is known of the same promise, and says whether that was more.
    ///
    /// # Panics
    ///
    /// When it is known of another promise, which no caller should mistake for this one.
    pub fn join(&mut self, other: Self) -> bool {
        assert_eq!(self.id, other.id, "standings of two promises have no join");
        let is_more = other.height() > self.height();
        if is_more {
            *self = other;
        }
        is_more
    }

    /// Where it stands in the chain.
    ///
    /// An agent says one thing per version, so that two of equal rank are the same record. One that
    /// does otherwise (a cloned disk, a liar) must not divide those who heard it: the earlier
    /// withdrawal and then the bytes themselves decide, alike for everyone. Last, it is more to have
    /// read a record than not to.
    fn height(&self) -> impl Ord {
        let (rank, version, proof, is_read) = match &self.state {
            State::Made(promise) => (0, promise.version(), promise.signed().proof(), true),
            State::Unread(later) => (0, later.version(), later.proof(), false),
            State::Withdrawn(record) => {
                let is_read = !matches!(record, Record::Later(_));
                (1, record.version(), record.proof(), is_read)
            }
        };
        (rank, Reverse(version), proof, is_read)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::{
        Body, SignedRecord,
        testing::{Agent, body, histories, unread},
    };

    type Known = BTreeMap<PromiseId, Standing>;

    /// Learns a record, and says whether it was news.
    fn learn(known: &mut Known, record: &Record) -> bool {
        let mut is_news = false;
        for standing in record.standings() {
            is_news |= match known.get_mut(&standing.id()) {
                Some(before) => before.join(standing),
                None => known.insert(standing.id(), standing).is_none(),
            };
        }
        is_news
    }

    fn learn_all<'a>(records: impl IntoIterator<Item = &'a Record>) -> Known {
        let mut known = Known::new();
        for record in records {
            learn(&mut known, record);
        }
        known
    }

    fn joined(one: &Standing, other: &Standing) -> Standing {
        let mut joined = one.clone();
        joined.join(other.clone());
        joined
    }

    #[test]
    fn a_revision_stands_in_the_place_of_what_it_revises() {
        let mut agent = Agent::new(1);
        let old = agent.promise(body(1));
        let new = agent.revise(&old, body(2));
        let known = learn_all(&[
            Record::Promise((*new).clone()),
            Record::Promise((*old).clone()),
        ]);
        assert_eq!(known[&old.id()].promise(), None);
        assert_eq!(known[&new.id()].promise(), Some(&*new));
    }

    #[test]
    fn a_promise_that_comes_after_its_withdrawal_stays_withdrawn() {
        let mut agent = Agent::new(1);
        let promise = agent.promise(Body::Admit);
        let withdrawal = Record::Withdrawal(agent.withdraw(&promise).into_verified());
        let promise = Record::Promise(promise.into_verified());

        let mut known = learn_all([&withdrawal]);
        assert!(!learn(&mut known, &promise));
        assert_eq!(known, learn_all([&promise, &withdrawal]));
    }

    #[test]
    fn what_cannot_be_read_stands_and_is_taken_back_like_any_other() {
        let mut agent = Agent::new(1);
        let old = agent.promise(body(1));
        let new = unread(&Record::Promise((*agent.revise(&old, body(2))).clone()));
        let known = learn_all([&Record::Promise((*old).clone()), &new]);
        assert_eq!(known[&old.id()].withdrawn_by(), Some(&new));

        let Record::Later(later) = &new else {
            panic!("it is unread");
        };
        let id = later.makes().expect("it is a promise");
        assert_eq!(
            (known[&id].promise(), known[&id].withdrawn_by()),
            (None, None)
        );
        let signed = known[&id].signed().expect("it stands");
        assert_eq!(SignedRecord::from(signed.clone()), new.signed());
    }

    #[test]
    fn a_withdrawal_that_cannot_be_read_makes_nothing_and_takes_back() {
        let mut agent = Agent::new(1);
        let promise = agent.promise(Body::Admit);
        let withdrawal = unread(&Record::Withdrawal(
            agent.withdraw(&promise).into_verified(),
        ));
        let known = learn_all([&withdrawal]);
        assert_eq!(known.keys().collect::<Vec<_>>(), [&promise.id()]);
        assert_eq!(known[&promise.id()].signed(), None);
    }

    proptest! {
        #[test]
        fn join_is_commutative_associative_and_idempotent(
            records in histories(),
            picks: [prop::sample::Index; 3],
        ) {
            let all: Vec<Standing> = records.iter().flat_map(Record::standings).collect();
            let promise = picks[0].get(&all).id();
            let same: Vec<&Standing> = all.iter().filter(|its| its.id() == promise).collect();
            let [a, b, c] = picks.map(|pick| *pick.get(&same));

            prop_assert_eq!(joined(a, b), joined(b, a));
            prop_assert_eq!(joined(&joined(a, b), c), joined(a, &joined(b, c)));
            prop_assert_eq!(&joined(a, a), a);
        }

        #[test]
        fn order_and_repetition_do_not_matter(
            (records, shuffled) in histories().prop_flat_map(|records| {
                let twice = [records.clone(), records.clone()].concat();
                (Just(records), Just(twice).prop_shuffle())
            }),
        ) {
            prop_assert_eq!(learn_all(&shuffled), learn_all(&records));
        }

        #[test]
        fn a_replay_changes_nothing(records in histories(), which: prop::sample::Index) {
            let mut known = learn_all(&records);
            let before = known.clone();
            prop_assert!(!learn(&mut known, which.get(&records)));
            prop_assert_eq!(known, before);
        }

        #[test]
        fn a_withdrawal_is_final(
            (records, later) in histories().prop_flat_map(|records| {
                (Just(records.clone()), Just(records).prop_shuffle())
            }),
        ) {
            let mut known = Known::new();
            let mut withdrawn = Vec::new();
            for record in records.iter().chain(&later) {
                learn(&mut known, record);
                withdrawn.extend(record.withdraws());
                for promise in &withdrawn {
                    prop_assert_eq!(known[promise].promise(), None);
                }
            }
        }
    }
}
