//! What this agent has promised to everyone itself.

use std::sync::Arc;

use gary_promise::{
    AgentId, Codec, DeclareError, Own, Promise, PromiseId, Promiser, SHEET_GONE_MAX, Scope,
    SheetHead, Withdrawal,
};

use super::{
    SHEET_BYTES_MAX, SHEET_PROMISES_MAX, Sheet,
    content::{self, Live},
    gone::Gone,
    line::Line,
};

/// The sheet of the agent in whose code it stands: it alone puts something on it or takes it off.
///
/// What was put or withdrawn is told to nobody before it is [signed](Self::sign); several changes go
/// under one head.
#[derive(Debug)]
pub struct OwnSheet {
    owner: AgentId,
    live: Live,
    bytes: usize,
    /// As of the last head.
    signed: Option<Sheet>,
    /// Whether `live` differs from it.
    is_changed: bool,
}

/// A promise was not put on the sheet. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PutError {
    /// It is another agent's, of which there are several in one program only where one is simulated.
    #[error("promise {promise} is that of another agent")]
    NotOwn {
        /// The promise.
        promise: PromiseId,
    },
    /// It is for a workload's own, and not for everyone.
    #[error("promise {promise} is not for everyone")]
    Scope {
        /// The promise.
        promise: PromiseId,
    },
    /// There is no room for one more.
    #[error("a sheet has no room for more than {SHEET_PROMISES_MAX} promises")]
    TooMany,
    /// There is no room for one of this length.
    #[error("a sheet has no room for more than {SHEET_BYTES_MAX} bytes")]
    TooLarge,
}

impl OwnSheet {
    /// An empty sheet, at the start of a boot epoch. What still stands from an earlier one is put on it
    /// again.
    pub const fn new(owner: AgentId) -> Self {
        Self {
            owner,
            live: Live::new(),
            bytes: 0,
            signed: None,
            // That nothing stands is a change from what peers know of an earlier start.
            is_changed: true,
        }
    }

    /// Puts a promise on the sheet, in the place of the one that it revises. One that is there already
    /// stays.
    ///
    /// # Errors
    ///
    /// Refuses another agent's, one that is not for everyone, and what goes beyond
    /// [`SHEET_PROMISES_MAX`] or [`SHEET_BYTES_MAX`].
    pub fn put(&mut self, promise: Own<Promise>) -> Result<(), PutError> {
        let id = promise.id();
        if promise.by() != self.owner {
            return Err(PutError::NotOwn { promise: id });
        }
        if promise.scope() != Scope::Everyone {
            return Err(PutError::Scope { promise: id });
        }
        if self.live.contains_key(&promise.version()) {
            return Ok(());
        }
        let revised = promise.revises().and_then(|version| {
            let revised = self.live.get(&version)?;
            Some((version, content::bytes(revised)))
        });
        let count = self.live.len() + 1 - usize::from(revised.is_some());
        if count > SHEET_PROMISES_MAX {
            return Err(PutError::TooMany);
        }
        let freed_bytes = revised.map_or(0, |(_, bytes)| bytes);
        let line = Line::Read(Arc::new(promise.into_verified()));
        let bytes = self.bytes + content::bytes(&line) - freed_bytes;
        if bytes > SHEET_BYTES_MAX {
            return Err(PutError::TooLarge);
        }
        if let Some((version, _)) = revised {
            self.live.remove(&version);
        }
        self.live.insert(line.version(), line);
        self.bytes = bytes;
        self.is_changed = true;
        Ok(())
    }

    /// Takes off the sheet what was withdrawn, and says whether it was there.
    pub fn withdraw(&mut self, withdrawal: &Own<Withdrawal>) -> bool {
        if withdrawal.by() != self.owner {
            return false;
        }
        let Some(line) = self.live.remove(&withdrawal.of()) else {
            return false;
        };
        self.bytes -= content::bytes(&line);
        self.is_changed = true;
        true
    }

    /// Signs what now stands on the sheet, and says whether that was needed: where nothing has changed,
    /// the last head still holds. [`Sheets::publish`](super::Sheets::publish) then tells of it.
    ///
    /// # Errors
    ///
    /// Those of [`Promiser::declare`]. The sheet stays as it was, and can be signed again.
    ///
    /// # Panics
    ///
    /// When the promiser is another agent than the owner.
    pub fn sign(
        &mut self,
        promiser: &mut Promiser,
        codec: &impl Codec<SheetHead>,
    ) -> Result<bool, DeclareError> {
        assert_eq!(promiser.id(), self.owner, "only its owner signs a sheet");
        if !self.is_changed {
            return Ok(false);
        }
        let (before, live) = (self.signed.as_ref(), &self.live);
        let gone_with = |version| match before {
            Some(before) => before.gone().with(version, before.without(live)),
            None => Gone::new(version, SHEET_GONE_MAX),
        };
        let head = promiser.declare(
            |version| SheetHead {
                version,
                count: u32::try_from(live.len()).expect("a sheet has few promises"),
                root: content::root(live),
                remembered_from: gone_with(version).from(),
            },
            codec,
        )?;
        let gone = gone_with(head.version);
        let (sheet, _) = Sheet::after(before, head.into_verified(), live.clone(), gone);
        self.signed = Some(sheet);
        self.is_changed = false;
        Ok(true)
    }

    /// The sheet as it was last signed; `None` before it was for the first time.
    pub const fn sheet(&self) -> Option<&Sheet> {
        self.signed.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use gary_promise::Body;

    use super::*;
    use crate::sheet::testing::{Agent, have};

    #[test]
    fn one_head_goes_over_several_changes_and_none_over_none() {
        let mut agent = Agent::new(1);
        assert!(agent.sign(), "that nothing stands has to be said once");
        let first = agent.promise(Body::Admit);
        let second = agent.keep(1);
        assert!(agent.sign());
        assert!(!agent.sign());
        let sheet = agent.sheet.sheet().expect("it is signed");
        let versions: Vec<_> = sheet.promises().map(|promise| promise.id()).collect();
        assert_eq!(versions, [first.id(), second.id()]);
        assert_eq!(sheet.head().count, 2);
        assert!(sheet.head().version > second.version());
    }

    #[test]
    fn a_revision_takes_the_place_of_what_it_revises() {
        let mut agent = Agent::new(1);
        let old = agent.promise(Body::Admit);
        agent.sign();
        let new = agent.revise(&old, Body::Admit);
        agent.sign();
        let sheet = agent.sheet.sheet().expect("it is signed");
        assert!(sheet.promises().map(|its| its.id()).eq([new.id()]));
    }

    #[test]
    fn only_what_is_for_everyone_and_ones_own_is_put_on_it() {
        let [mut agent, mut other] = [1, 2].map(Agent::new);
        let details = agent.declare(have(1));
        let refused = agent.sheet.put(details.clone());
        let promise = details.id();
        assert_eq!(refused, Err(PutError::Scope { promise }));

        let theirs = other.declare(Body::Admit);
        let promise = theirs.id();
        assert_eq!(agent.sheet.put(theirs), Err(PutError::NotOwn { promise }));
        assert!(agent.sheet.live.is_empty());
    }

    #[test]
    fn there_is_room_for_so_many() {
        let mut agent = Agent::new(1);
        for _ in 0..SHEET_PROMISES_MAX {
            agent.promise(Body::Admit);
        }
        let surplus = agent.declare(Body::Admit);
        assert_eq!(agent.sheet.put(surplus), Err(PutError::TooMany));

        // What takes the place of another finds room, and so does what comes after a withdrawal.
        let first = agent.promises[0].clone();
        agent.revise(&first, Body::Admit);
        let second = agent.promises[1].clone();
        assert!(agent.withdraw(&second));
        assert!(!agent.withdraw(&second));
        agent.promise(Body::Admit);
    }
}
