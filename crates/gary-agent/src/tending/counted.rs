//! One hosting that a keeper counts.

use std::time::Duration;

use gary_promise::{
    Assessment, Evidence, Generation, Host, Judgement, Kept, Observer, Own, Promise, Time, Value,
    Verified,
};

/// A promiser with a lease that was not heard for as long is silent. Two renewals may be lost.
pub(crate) const PATIENCE: Duration = Duration::from_millis(7_500);

/// A hosting that this keeper counts against the intent: the offer, its acceptance, and what this keeper has seen of it.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) offer: Verified<Promise>,
    pub(super) host: Host,
    pub(super) acceptance: Acceptance,
    pub(super) evidence: Evidence,
    pub(super) is_withdrawn: bool,
    /// When its host was last heard to host it, in this life of the keeper's. What is offered only, nobody hosts.
    pub(super) hosted_at: Option<Time>,
    /// Whether its host has said last that it does not run.
    pub(super) is_idle: bool,
    /// By when its host takes it back, which leaves, by its last word.
    pub(super) ends_by: Option<Time>,
    /// Kept ever since, for what trust makes of it.
    pub(super) kept_since: Time,
    /// What was last written down of it.
    pub(super) noted: Value,
}

/// By whose acceptance a hosting is bound.
#[derive(Debug)]
pub(super) enum Acceptance {
    /// This keeper's. It is stored until it is taken back.
    Own(Box<Own<Promise>>),
    /// Another keeper's of the same workload. Its host tells of it again to whoever does not know.
    Others,
}

/// What a keeper makes of a hosting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is kept.
    Good,
    /// It cannot be told: enough to ask somebody else, and no reproach.
    Doubtful,
    /// It is broken, or not assessable any more.
    Bad,
}

impl Counted {
    /// What the keeper makes of it. An offer has no condition: those who promise one wait before they offer.
    pub(super) fn assess(&self, observer: &Observer, now: Time) -> Option<Assessment> {
        observer
            .assess(&self.offer, &self.evidence, |_| true, now)
            .ok()
    }

    pub(super) fn standing(&self, observer: &Observer, now: Time) -> Standing {
        let assessed = self.assess(observer, now);
        match assessed.map(|assessment| assessment.judgement()) {
            Some(Judgement::Kept(_)) => Standing::Good,
            Some(Judgement::Unknown(_)) | None => Standing::Doubtful,
            Some(Judgement::Broken(_)) => Standing::Bad,
        }
    }

    /// Whether its host hosts it now, by its own word of late. One that is away by plan keeps its promise, and hosts
    /// nothing meanwhile.
    pub(super) fn is_hosted(&self, observer: &Observer, now: Time) -> bool {
        let judgement = self.assess(observer, now).map(|its| its.judgement());
        let stands = matches!(
            judgement,
            Some(Judgement::Kept(Kept::Renewed { .. } | Kept::Used { .. }))
        );
        stands && self.hosted_at.is_some_and(|at| now.since(at) < PATIENCE)
    }

    /// Whether its host has said in this life of the keeper's that it is bound.
    pub(super) const fn is_bound(&self) -> bool {
        self.hosted_at.is_some() || self.is_idle
    }

    /// Whether its host leaves.
    pub(super) const fn is_leaving(&self) -> bool {
        self.ends_by.is_some()
    }

    /// Whether another keeper has bound it.
    pub(super) const fn is_others(&self) -> bool {
        matches!(self.acceptance, Acceptance::Others)
    }

    /// The judgement, if it is another than was last written down.
    pub(super) fn news(&mut self, observer: &Observer, now: Time) -> Option<Assessment> {
        let assessment = self.assess(observer, now)?;
        let value = assessment.judgement().value();
        let before = std::mem::replace(&mut self.noted, value);
        (before != value).then_some(assessment)
    }

    /// Adds to the evidence. Says whether it is news.
    pub(super) fn learn(&mut self, evidence: Evidence) -> bool {
        let joined = self.evidence.join(evidence);
        std::mem::replace(&mut self.evidence, joined) != joined
    }

    /// Whether its host took it back itself, which is no breakage.
    pub(super) fn is_withdrawn(&self) -> bool {
        self.is_withdrawn
    }

    /// Its host took it back.
    pub(super) fn withdrawn(&mut self, at: Time) {
        self.is_withdrawn = true;
        self.learn(Evidence::withdrawn(at));
    }

    pub(super) const fn generation(&self) -> Generation {
        self.host.generation
    }
}
