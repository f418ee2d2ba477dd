//! A sheet that is on its way, part by part.

use std::collections::BTreeSet;

use gary_promise::{
    AgentId, Batch, SheetHead, SheetPart, SignedRecord, Verified, Verifier, VerifyError, Version,
};

use super::{
    GONE_RELAYED_MAX, PARTS_MAX, Refused, SHEET_BYTES_MAX, SHEET_PROMISES_MAX, Sheet, SheetChange,
    content::{self, Live},
    gone::Gone,
    line::Line,
    sheet_codec::SheetCodec,
};

/// A sheet that is on its way: staged until all parts are there, and taken only when the result is
/// what its owner signed.
#[derive(Debug)]
pub(super) struct Assembly {
    head: Verified<SheetHead>,
    since: Option<Version>,
    /// Which parts have come, and how many there are.
    came: BTreeSet<u32>,
    parts: u32,
    made: Live,
    gone: BTreeSet<Version>,
    bytes: usize,
}

impl Assembly {
    /// Looks at the head of what is to come, in answer to who asked with the head `have` and now
    /// knows the sheet `known`.
    pub(super) fn begin(
        part: &SheetPart,
        have: Option<Version>,
        known: Option<&Sheet>,
        verifier: &mut Verifier,
        codec: &impl SheetCodec,
    ) -> Result<Self, Refused> {
        check_shape(part, have)?;
        let head = verifier
            .verify(part.head.clone(), codec)
            .map_err(|error| why(&error))?;
        if let Some(known) = known {
            if head.version.epoch < known.version().epoch {
                return Err(Refused::Stale);
            }
            if head.version <= known.version() {
                return Err(Refused::Replay);
            }
        }
        let is_of_epoch = |since: Version| since.epoch == head.version.epoch;
        if !part.since.is_none_or(is_of_epoch) {
            return Err(Refused::Shape);
        }
        if head.count as usize > SHEET_PROMISES_MAX {
            return Err(Refused::TooLarge);
        }
        Ok(Self {
            head,
            since: part.since,
            came: BTreeSet::new(),
            parts: part.parts,
            made: Live::new(),
            gone: BTreeSet::new(),
            bytes: 0,
        })
    }

    /// Whether the part is one of these.
    pub(super) fn has(&self, part: &SheetPart) -> bool {
        *self.head.signed() == part.head && self.since == part.since && self.parts == part.parts
    }

    /// The version of the head.
    pub(super) fn version(&self) -> Version {
        self.head.version
    }

    /// The bytes of what is staged.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether all parts have come.
    pub(super) fn is_complete(&self) -> bool {
        self.came.len() == self.parts as usize
    }

    /// Takes one part more, of at most `room_bytes`.
    ///
    /// An error after the first look at its records leaves it half taken: the caller drops all of it.
    pub(super) fn add(
        &mut self,
        part: SheetPart,
        room_bytes: usize,
        verifier: &mut Verifier,
        codec: &impl SheetCodec,
    ) -> Result<(), Refused> {
        if part.part >= self.parts || (part.part > 0 && !part.gone.is_empty()) {
            return Err(Refused::Shape);
        }
        if !self.came.insert(part.part) {
            return Err(Refused::Replay);
        }
        if self.bytes + bytes(&part.made) > SHEET_BYTES_MAX
            || self.made.len() + part.made.records().len() > SHEET_PROMISES_MAX
        {
            return Err(Refused::TooLarge);
        }
        if bytes(&part.made) > room_bytes {
            return Err(Refused::Busy);
        }
        self.gone.extend(part.gone.iter().copied());
        for record in part.made {
            let line = self.check(record, verifier, codec)?;
            self.bytes += content::bytes(&line);
            self.made.insert(line.version(), line);
        }
        Ok(())
    }

    fn check(
        &self,
        record: SignedRecord,
        verifier: &mut Verifier,
        codec: &impl SheetCodec,
    ) -> Result<Line, Refused> {
        let SignedRecord::Promise(signed) = record else {
            return Err(Refused::Kind);
        };
        if signed.by() != self.owner() {
            return Err(Refused::Foreign);
        }
        let reading = verifier.read(signed, codec).map_err(|error| why(&error))?;
        let line = Line::of(reading);
        if !line.is_for_everyone() {
            return Err(Refused::Scope);
        }
        // A head is later than all it is over; one that is not is none of an honest owner's.
        if line.version() >= self.version() {
            return Err(Refused::Root);
        }
        Ok(line)
    }

    fn owner(&self) -> AgentId {
        self.head.by()
    }

    /// The sheet, once all parts have come: what was known before, without what is gone, with what
    /// was made. It is one only if it is what the owner signed.
    pub(super) fn finish(self, known: Option<&Sheet>) -> Result<(Sheet, SheetChange), Refused> {
        let version = self.version();
        // Who asked has had this sheet ever since, so that `known` is what the changes are to.
        let (mut live, gone) = match self.since.and(known) {
            Some(known) => {
                // Not only what was known and went: a third peer may know what came and went in between.
                let gone = known.gone().with(version, self.gone.iter().copied());
                (known.live(), gone)
            }
            // From a whole sheet it cannot be told what others have that is gone.
            None => (Live::new(), Gone::new(version, GONE_RELAYED_MAX)),
        };
        live.retain(|version, _| !self.gone.contains(version));
        live.extend(self.made);
        if live.len() != self.head.count as usize || content::root(&live) != self.head.root {
            return Err(Refused::Root);
        }
        if live.values().map(content::bytes).sum::<usize>() > SHEET_BYTES_MAX {
            return Err(Refused::TooLarge);
        }
        Ok(Sheet::after(known, self.head, live, gone))
    }
}

/// Whether there can be such a part, in answer to who asked with the head `have`.
fn check_shape(part: &SheetPart, have: Option<Version>) -> Result<(), Refused> {
    let is_asked = part.since.is_none() || part.since == have;
    if !is_asked || part.parts == 0 || part.part >= part.parts {
        return Err(Refused::Shape);
    }
    if part.parts as usize > PARTS_MAX {
        return Err(Refused::TooLarge);
    }
    Ok(())
}

fn bytes(batch: &Batch) -> usize {
    let records = batch.records().iter();
    records
        .map(|record| content::bytes_of(record.bytes()))
        .sum()
}

fn why<E: std::error::Error>(error: &VerifyError<E>) -> Refused {
    match error {
        VerifyError::TooLong { .. } => Refused::TooLarge,
        VerifyError::NoAgent { .. } | VerifyError::Signature { .. } => Refused::Signature,
        VerifyError::Unpack { .. } => Refused::Illegible,
    }
}

#[cfg(test)]
mod tests {
    use gary_promise::Body;
    use proptest::prelude::*;

    use super::*;
    use crate::sheet::{
        cut::cut,
        testing::{Agent, Book, verifier},
    };

    /// The sheet of `source`, as it comes to somebody who knows `known` in parts in any order, some of
    /// them twice.
    fn follow(source: &Sheet, known: Option<&Sheet>, verifier: &mut Verifier) -> (Sheet, bool) {
        let have = known.map(Sheet::version);
        let mut parts = cut(source, have);
        parts.reverse();
        let is_whole = parts[0].since.is_none();
        let begun = Assembly::begin(&parts[0], have, known, verifier, &Book);
        let mut assembly = begun.expect("the head is good");
        for part in parts {
            assert!(assembly.has(&part) && !assembly.is_complete());
            let added = assembly.add(part.clone(), usize::MAX, verifier, &Book);
            assert_eq!(added, Ok(()));
            let again = assembly.add(part, usize::MAX, verifier, &Book);
            assert_eq!(again, Err(Refused::Replay));
        }
        assert!(assembly.is_complete());
        let (sheet, change) = assembly
            .finish(known)
            .expect("it is what the owner has signed");
        // What came and what went is the difference, whichever way it came.
        let ids = |sheet: &Sheet| {
            sheet
                .promises()
                .map(|its| its.id())
                .collect::<BTreeSet<_>>()
        };
        let mut told = known.map(ids).unwrap_or_default();
        for went in &change.went {
            told.remove(went);
        }
        for came in &change.came {
            assert!(told.insert(came.id()));
        }
        assert_eq!(told, ids(&sheet));
        (sheet, is_whole)
    }

    #[test]
    fn what_only_a_later_release_can_read_stands_and_is_passed_on() {
        let mut verifier = verifier();
        let mut owner = Agent::new(1);
        let early = owner.keep(1);
        let late = owner.promise_later(Body::Admit);
        owner.sign();
        let source = owner.sheet.sheet().expect("it is signed");
        let (first, _) = follow(source, None, &mut verifier);
        let (second, _) = follow(&first, None, &mut verifier);
        assert_eq!(content::root(&second.live()), source.head().root);
        assert!(second.promises().map(|its| its.id()).eq([early.id()]));

        // It goes like any other.
        owner.withdraw(&late);
        owner.sign();
        let source = owner.sheet.sheet().expect("it is signed");
        let (second, is_whole) = follow(source, Some(&second), &mut verifier);
        assert!(!is_whole);
        assert_eq!(second.live().len(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn changes_come_to_the_same_as_all_of_it(
            steps in prop::collection::vec((0..8_u8, 0..80_usize, 0..4_usize), 1..40),
        ) {
            let mut verifier = verifier();
            let mut owner = Agent::new(1);
            owner.sign();
            // Each follows another one, or the owner.
            let mut followers: [Option<Sheet>; 4] = [None, None, None, None];
            for (act, number, follower) in steps {
                let first = owner.promises.first().cloned();
                match (act, first) {
                    // More at once than is remembered.
                    (0, _) => (0..number).for_each(|_| { owner.keep(act); }),
                    (1, _) => owner.promises.clone().iter().take(number).for_each(|promise| {
                        owner.withdraw(promise);
                    }),
                    (2, Some(first)) => { owner.withdraw(&first); }
                    (3, _) => { owner.keep(act); }
                    _ => {}
                }
                owner.sign();
                let source = match number % 4 {
                    0 => owner.sheet.sheet(),
                    other => followers[other].as_ref(),
                };
                let known = followers[follower].as_ref();
                let Some(source) = source else { continue };
                if known.is_some_and(|known| known.version() >= source.version()) {
                    continue;
                }
                let (followed, is_whole) = follow(source, known, &mut verifier);
                let remembers = known.is_some_and(|known| source.remembers(known.version()));
                prop_assert_eq!(is_whole, !remembers);
                prop_assert_eq!(content::root(&followed.live()), source.head().root);
                followers[follower] = Some(followed);
            }
        }
    }
}
