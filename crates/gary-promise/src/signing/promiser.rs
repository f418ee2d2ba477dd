//! The one who promises.

use super::statement::{kind_of, message};
use crate::{
    AgentId, AgentKey, Body, BootEpoch, ClusterId, Codec, Condition, Own, Promise, PromiseError,
    PromiseId, Reason, STATEMENT_BYTES_MAX, Signed, Statement, Verified, Version, Withdrawal,
    WithdrawalError,
};

/// An agent in its own code: it alone makes and withdraws its promises, and uses each version once.
///
/// There is one per agent and boot epoch. It says nothing by itself: what it makes, the caller stores
/// and sends.
#[derive(Debug)]
pub struct Promiser {
    key: AgentKey,
    id: AgentId,
    cluster: ClusterId,
    epoch: BootEpoch,
    last: Option<Version>,
}

/// Something was not declared. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeclareError {
    /// It is longer than any agent would take.
    #[error("the statement has {bytes} bytes, more than {STATEMENT_BYTES_MAX}")]
    TooLong {
        /// Its length when packed.
        bytes: usize,
    },
    /// It is about a promise of another agent, of which there are several in one program only where
    /// one is simulated.
    #[error("promise {promise} is that of another agent")]
    NotOwn {
        /// The promise.
        promise: PromiseId,
    },
    /// Its parts are no promise.
    #[error(transparent)]
    Promise(#[from] PromiseError),
    /// Its parts are no withdrawal.
    #[error(transparent)]
    Withdrawal(#[from] WithdrawalError),
}

impl Promiser {
    /// The agent with this key in a cluster, after the start that is its `epoch`.
    ///
    /// The caller has stored the epoch before, so that no later start uses it again.
    pub fn new(key: AgentKey, cluster: ClusterId, epoch: BootEpoch) -> Self {
        Self {
            id: key.id(),
            key,
            cluster,
            epoch,
            last: None,
        }
    }

    /// Which agent it is.
    pub const fn id(&self) -> AgentId {
        self.id
    }

    /// The start of the agent that this is of.
    pub const fn epoch(&self) -> BootEpoch {
        self.epoch
    }

    /// The version of what it said last in this epoch.
    pub const fn last(&self) -> Option<Version> {
        self.last
    }

    /// Makes a promise.
    ///
    /// # Errors
    ///
    /// Refuses one that packs to more than [`STATEMENT_BYTES_MAX`].
    pub fn promise(
        &mut self,
        body: Body,
        condition: Condition,
        codec: &impl Codec<Promise>,
    ) -> Result<Own<Promise>, DeclareError> {
        let promise = Promise::new(self.upcoming(), body, condition, None)?;
        self.sign(promise.version(), promise, codec)
    }

    /// Makes a promise in the place of an earlier one, which is thereby withdrawn.
    ///
    /// # Errors
    ///
    /// Refuses one that packs to more than [`STATEMENT_BYTES_MAX`], and the place of another agent's.
    pub fn revise(
        &mut self,
        earlier: &Own<Promise>,
        body: Body,
        condition: Condition,
        codec: &impl Codec<Promise>,
    ) -> Result<Own<Promise>, DeclareError> {
        self.check_own(earlier.id())?;
        let revises = Some(earlier.version());
        let promise = Promise::new(self.upcoming(), body, condition, revises)?;
        self.sign(promise.version(), promise, codec)
    }

    /// Takes a promise back, for good.
    ///
    /// # Errors
    ///
    /// Refuses to take back another agent's.
    pub fn withdraw(
        &mut self,
        promise: &Own<Promise>,
        reason: Reason,
        codec: &impl Codec<Withdrawal>,
    ) -> Result<Own<Withdrawal>, DeclareError> {
        self.withdraw_by_id(promise.id(), reason, codec)
    }

    /// The same of a promise that is not at hand, as one is not that a person has made by an earlier command.
    ///
    /// # Errors
    ///
    /// Refuses to take back another agent's.
    pub fn withdraw_by_id(
        &mut self,
        promise: PromiseId,
        reason: Reason,
        codec: &impl Codec<Withdrawal>,
    ) -> Result<Own<Withdrawal>, DeclareError> {
        self.check_own(promise)?;
        let withdrawal = Withdrawal::new(self.upcoming(), promise.version, reason)?;
        self.sign(withdrawal.version(), withdrawal, codec)
    }

    /// Says something else that is signed, and that carries the version it is made with.
    ///
    /// # Errors
    ///
    /// Refuses what packs to more than [`STATEMENT_BYTES_MAX`].
    pub fn declare<T: Statement>(
        &mut self,
        make: impl FnOnce(Version) -> T,
        codec: &impl Codec<T>,
    ) -> Result<Own<T>, DeclareError> {
        let version = self.upcoming();
        self.sign(version, make(version), codec)
    }

    /// A version for what is said without being a record, such as a renewal: observers go by it to
    /// tell a new word from one that was sent again.
    pub fn stamp(&mut self) -> Version {
        let version = self.upcoming();
        self.last = Some(version);
        version
    }

    /// Knows again what this agent said itself, perhaps before a restart.
    ///
    /// # Errors
    ///
    /// Gives back what somebody else said.
    pub fn recognise<T>(&self, verified: Verified<T>) -> Result<Own<T>, Verified<T>> {
        if verified.by() == self.id {
            return Ok(Own::new(verified));
        }
        Err(verified)
    }

    fn upcoming(&self) -> Version {
        match self.last {
            None => Version::first(self.epoch),
            Some(last) => last
                .next()
                .expect("an epoch ends long before its versions do"),
        }
    }

    fn check_own(&self, promise: PromiseId) -> Result<(), DeclareError> {
        if promise.promiser != self.id {
            return Err(DeclareError::NotOwn { promise });
        }
        Ok(())
    }

    /// Signs `value`, which is the `version` to come.
    fn sign<T: Statement>(
        &mut self,
        version: Version,
        value: T,
        codec: &impl Codec<T>,
    ) -> Result<Own<T>, DeclareError> {
        let packed = codec.pack(&value);
        if packed.len() > STATEMENT_BYTES_MAX {
            return Err(DeclareError::TooLong {
                bytes: packed.len(),
            });
        }
        let signature = self
            .key
            .sign(&message(self.cluster, kind_of::<T>(), &packed));
        self.last = Some(version);
        let signed = Signed::claimed(self.id, &packed, signature);
        Ok(Own::new(Verified::new(value, signed)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{Agent, Book, CLUSTER, body};

    /// A codec that packs anything to more than anybody takes.
    struct Verbose;

    impl<T> Codec<T> for Verbose {
        type Error = std::fmt::Error;

        fn pack(&self, _: &T) -> Vec<u8> {
            vec![0; STATEMENT_BYTES_MAX + 1]
        }

        fn unpack(&self, _: &[u8]) -> Result<T, std::fmt::Error> {
            Err(std::fmt::Error)
        }
    }

    #[test]
    fn what_is_too_long_is_not_said() {
        let mut promiser = Agent::new(1).promiser;
        let refused = promiser.promise(Body::Admit, Condition::default(), &Verbose);
        assert_eq!(
            refused.expect_err("too long").to_string(),
            "the statement has 131073 bytes, more than 131072"
        );
        assert_eq!(promiser.last(), None);
    }

    #[test]
    fn nobody_takes_back_what_another_promised() {
        let mut other = Agent::new(2);
        let theirs = other.promise(Body::Admit);
        let mut promiser = Agent::new(1).promiser;
        let not_own = DeclareError::NotOwn {
            promise: theirs.id(),
        };
        let withdrawn = promiser.withdraw(&theirs, Reason::Leaving, &Book::new());
        assert_eq!(withdrawn, Err(not_own.clone()));
        let by_id = promiser.withdraw_by_id(theirs.id(), Reason::Unstated, &Book::new());
        assert_eq!(by_id, Err(not_own.clone()));
        let revised = promiser.revise(&theirs, Body::Admit, Condition::default(), &Book::new());
        assert_eq!(revised, Err(not_own));

        let theirs = theirs.into_verified();
        assert_eq!(promiser.recognise(theirs.clone()), Err(theirs));
    }

    #[test]
    fn a_restart_goes_on_with_what_was_promised_before_it() {
        let mut agent = Agent::new(1);
        let before = agent.promise(body(1)).into_verified();

        let mut promiser = Promiser::new(AgentKey::from_seed(&[1; 32]), CLUSTER, BootEpoch(2));
        let own = promiser.recognise(before).expect("the same agent said it");
        let withdrawal = promiser.withdraw(&own, Reason::Outdated, &Book::new());
        let withdrawal = withdrawal.expect("short and its own");
        assert_eq!(withdrawal.of(), own.version());
        assert!(withdrawal.version() > own.version());

        let by_id = promiser.withdraw_by_id(own.id(), Reason::Unstated, &Book::new());
        assert_eq!(by_id.expect("short and its own").of(), own.version());
    }

    proptest! {
        #[test]
        fn each_version_is_used_once_and_later_is_greater(
            acts in prop::collection::vec(0..4_u8, 1..12),
        ) {
            let mut agent = Agent::new(1);
            let mut promise = agent.promise(body(0));
            let mut last = promise.version();
            for act in acts {
                let version = match act {
                    0 => agent.promise(body(1)).version(),
                    1 => {
                        promise = agent.revise(&promise, body(2));
                        promise.version()
                    }
                    2 => agent.withdraw(&promise).version(),
                    _ => agent.promiser.stamp(),
                };
                prop_assert!(version > last);
                prop_assert_eq!(Some(version), agent.promiser.last());
                last = version;
            }
        }
    }
}
