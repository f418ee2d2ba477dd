//! What an agent says it does.

use crate::{
    Body, Condition, Lease, Lineage, Polarity, PromiseId, Scope, Statement, Verified, Version,
    WorkloadId,
};

/// What an agent says it does, under which condition.
///
/// On its own it is nobody's. It becomes the promise of the agent whose key signs it: an
/// [`Own`](crate::Own) for that agent, a [`Verified`] for every other. So there is no field for the
/// promiser, and nothing to fill in with somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    version: Version,
    body: Body,
    condition: Condition,
    revises: Option<Version>,
}

/// Parts are no promise.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PromiseError {
    /// It would be withdrawn by being made.
    #[error("promise {version} says that it revises itself")]
    RevisesItself {
        /// Its version.
        version: Version,
    },
}

impl Promise {
    /// Puts a promise together.
    ///
    /// One that revises another takes its place: that one is withdrawn by the same word, and no
    /// observer ever sees both or neither.
    ///
    /// # Errors
    ///
    /// Refuses one that revises itself.
    pub fn new(
        version: Version,
        body: Body,
        condition: Condition,
        revises: Option<Version>,
    ) -> Result<Self, PromiseError> {
        if revises == Some(version) {
            return Err(PromiseError::RevisesItself { version });
        }
        Ok(Self {
            version,
            body,
            condition,
            revises,
        })
    }

    /// When it was made, by the promiser's own count.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// What is promised.
    pub const fn body(&self) -> &Body {
        &self.body
    }

    /// Whether it is given or used.
    pub const fn polarity(&self) -> Polarity {
        self.body.polarity()
    }

    /// Under which condition.
    pub const fn condition(&self) -> &Condition {
        &self.condition
    }

    /// How long it stands without being renewed; `None` for what stands until it is withdrawn.
    pub const fn lease(&self) -> Option<Lease> {
        self.body.lease()
    }

    /// The promiser's own earlier promise whose place it takes.
    pub const fn revises(&self) -> Option<Version> {
        self.revises
    }
}

impl Statement for Promise {
    const KIND: &'static str = "promise";
}

impl Verified<Promise> {
    /// Which promise it is.
    pub fn id(&self) -> PromiseId {
        PromiseId {
            promiser: self.by(),
            version: self.version,
        }
    }

    /// The workload it is about; `None` for one that is about none.
    pub fn workload(&self) -> Option<WorkloadId> {
        match &self.body {
            Body::Capacity(_) | Body::Consider(_) | Body::Have(_) | Body::Admit => None,
            Body::Keep(keep) => Some(keep.workload),
            Body::Use(intent) => Some(match intent.lineage {
                Lineage::Founds => WorkloadId::founded_by(self.id()),
                Lineage::Updates(update) => update.workload(),
            }),
            Body::Host(host) => Some(host.workload),
            Body::Accept(accept) => Some(accept.workload),
            Body::Serve(serve) => Some(serve.workload),
        }
    }

    /// Who knows of it: those of its workload, but for a `+keep`, which is how everyone else learns
    /// whom to ask. That a component is somewhere is told to those who know its digest.
    pub fn scope(&self) -> Scope {
        match (&self.body, self.workload()) {
            (Body::Have(have), _) => Scope::Component(have.component),
            (Body::Keep(_), _) | (_, None) => Scope::Everyone,
            (_, Some(workload)) => Scope::Workload(workload),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        BootEpoch, ComponentDigest, Generation, Have, Keep, Portion, Routes, Update,
        testing::{Agent, intent},
    };

    fn portion() -> Portion {
        Portion::new(1, 1).expect("something of both")
    }

    #[test]
    fn nothing_revises_itself() {
        let version = Version::first(BootEpoch(1));
        let error = Promise::new(version, Body::Admit, Condition::default(), Some(version));
        assert_eq!(error, Err(PromiseError::RevisesItself { version }));
    }

    #[test]
    fn an_update_is_of_the_workload_that_was_founded() {
        let [mut owner, mut colleague] = [1, 2].map(Agent::new);
        let founding = owner.promise(Body::Use(Box::new(intent(3, portion()))));
        let workload = founding.workload().expect("it founds one");
        assert_eq!(workload, WorkloadId::founded_by(founding.id()));

        let second = Generation::FIRST.next().expect("there are more");
        let mut updated = intent(5, portion());
        updated.lineage = Lineage::Updates(Update::new(workload, second).expect("not the first"));
        let updating = colleague.promise(Body::Use(Box::new(updated)));
        assert_eq!(updating.workload(), Some(workload));
    }

    #[test]
    fn the_same_intent_twice_founds_two_workloads() {
        let mut owner = Agent::new(1);
        let [one, other] = [0, 1].map(|_| owner.promise(Body::Use(Box::new(intent(3, portion())))));
        assert_ne!(one.workload(), other.workload());
    }

    #[test]
    fn details_of_a_workload_stay_with_it() {
        let mut agent = Agent::new(1);
        let workload = WorkloadId::from_bytes([1; 16]);
        let keep = Body::Keep(Keep {
            workload,
            name: "hello".parse().expect("legal"),
            routes: Routes::default(),
        });
        assert_eq!(agent.promise(Body::Admit).scope(), Scope::Everyone);
        assert_eq!(agent.promise(keep).scope(), Scope::Everyone);
        let component = ComponentDigest::from_bytes([1; 32]);
        let have = agent.promise(Body::Have(Have { component }));
        assert_eq!(have.scope(), Scope::Component(component));
        assert_eq!(have.workload(), None);
        let founding = agent.promise(Body::Use(Box::new(intent(3, portion()))));
        let founded = founding.workload().expect("it founds one");
        assert_eq!(founding.scope(), Scope::Workload(founded));
    }
}
