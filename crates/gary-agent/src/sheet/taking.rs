//! What comes from peers about somebody's sheet: that it has changed, and the sheet itself.

use std::sync::Arc;

use gary_promise::{AgentId, Hint, SheetPart, Time, Verifier, Version};

use super::{
    Refused, SHEETS_BYTES_MAX, Sheet, Sheets, claim::Claim, fetches::Fetched,
    sheet_codec::SheetCodec,
};

impl Sheets {
    /// A sheet is said to have changed. The one who says so, `from`, is asked for it, or the owner where
    /// it is not known who says so.
    ///
    /// From a peer that was asked for this sheet, it is an answer: that it has no later one.
    pub fn handle_hint(&mut self, now: Time, from: Option<AgentId>, hint: Hint) {
        let claim = Claim {
            by: from.unwrap_or(hint.agent),
            version: hint.version,
        };
        let known = self.version_of(hint.agent);
        let is_asked = self.fetches.is_asked(hint.agent, claim.by);
        if known >= Some(hint.version) && is_asked {
            self.handle_nothing_later(now, hint.agent, claim.by);
        } else if let Err(refused) = self.hear(hint.agent, claim, true) {
            self.refusals.count(refused);
        }
        self.start_fetches(now);
    }

    /// A peer sends a sheet or a part of one that it was asked for. It is taken when all parts are there
    /// and together are what the owner has signed; until then nothing changes.
    ///
    /// The verifier and the codec are shared with whatever else this agent checks.
    pub fn handle_part<C: SheetCodec>(
        &mut self,
        now: Time,
        from: AgentId,
        part: SheetPart,
        verifier: &mut Verifier,
        codec: &C,
    ) {
        let owner = part.head.by();
        if let Err(refused) = self.take_part(now, from, part, verifier, codec) {
            self.refusals.count(refused);
            if refused.ends_fetch() && self.fetches.is_asked(owner, from) {
                self.fetches.fail(now, owner, true, &mut self.rng);
            }
        }
        self.start_fetches(now);
    }

    /// A peer claims to have a sheet. Only a later one than is known, of another agent that is a member,
    /// is worth asking for.
    pub(super) fn hear(
        &mut self,
        owner: AgentId,
        claim: Claim,
        is_hinted: bool,
    ) -> Result<(), Refused> {
        let known = self.version_of(owner);
        if known >= Some(claim.version) {
            return Ok(());
        }
        if owner == self.id {
            return Err(Refused::OwnSheet);
        }
        if !self.members.contains_key(&owner) {
            return Err(Refused::Stranger);
        }
        // A peer cannot be asked on the word of this agent itself.
        if claim.by == self.id {
            return Err(Refused::Unasked);
        }
        self.fetches.claim(owner, claim, is_hinted);
        Ok(())
    }

    /// Who was asked for a sheet has no later one. From its owner, that is the end of it.
    fn handle_nothing_later(&mut self, now: Time, owner: AgentId, asked: AgentId) {
        if asked == owner {
            self.fetches.give_up(owner);
        } else {
            self.fetches.fail(now, owner, false, &mut self.rng);
        }
    }

    fn take_part<C: SheetCodec>(
        &mut self,
        now: Time,
        from: AgentId,
        part: SheetPart,
        verifier: &mut Verifier,
        codec: &C,
    ) -> Result<(), Refused> {
        let owner = part.head.by();
        if owner == self.id {
            return Err(Refused::OwnSheet);
        }
        let known = self.members.get(&owner).ok_or(Refused::Stranger)?;
        let known = known.as_deref();
        if !self.outbox.has_room_for_change() {
            return Err(Refused::Busy);
        }
        let fetched = self.fetches.take(now, from, part, known, verifier, codec)?;
        match fetched {
            Some(fetched) => self.take_sheet(owner, fetched),
            None => Ok(()),
        }
    }

    /// The sheet is what its owner has signed, and later than what was known.
    fn take_sheet(&mut self, owner: AgentId, fetched: Fetched) -> Result<(), Refused> {
        let Fetched {
            sheet,
            change,
            is_hinted,
        } = fetched;
        let known = self.sheet(owner);
        let bytes = self.bytes - known.map_or(0, Sheet::bytes) + sheet.bytes();
        if bytes > SHEETS_BYTES_MAX {
            return Err(Refused::Full);
        }
        let version: Version = sheet.version();
        let was_known = known.is_some();
        self.bytes = bytes;
        self.members.insert(owner, Some(Arc::new(sheet)));
        self.marks.set(owner, version);
        let asked = self.to_ask.get(&owner);
        if asked.is_some_and(|its| !its.is_back && its.epoch <= version.epoch) {
            self.to_ask.remove(&owner);
        }
        self.fetches.settle(owner, version);
        self.outbox.change(change);
        // What a sweep finds of a sheet that was known, others have missed as well, as after a partition. Who has
        // just come finds much that is news to nobody else.
        if is_hinted || was_known {
            self.outbox.hint(owner, version);
        }
        Ok(())
    }
}
