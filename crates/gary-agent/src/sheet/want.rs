//! A sheet that is wanted, and how far that has come.

use gary_promise::{AgentId, SheetPart, Time, Verifier, Version};

use super::{Refused, Sheet, assembly::Assembly, claim::Claims, sheet_codec::SheetCodec};

/// A sheet that is wanted.
#[derive(Debug)]
pub(super) struct Want {
    pub(super) claims: Claims,
    /// On whose word it is wanted, or was at last.
    pub(super) word: AgentId,
    pub(super) attempts: u32,
    /// Whether to ask for all of it, because changes alone did not fit.
    pub(super) is_whole: bool,
    /// Whether it was heard of by a hint, which is then passed on.
    pub(super) is_hinted: bool,
    pub(super) state: State,
}

/// What becomes of it now.
#[derive(Debug)]
pub(super) enum State {
    /// It waits for its turn.
    Ready { turn: u64 },
    /// It was asked for in vain, and waits for a while.
    Resting { until: Time },
    /// It is waited for.
    Asked(Box<Asked>),
}

/// A peer was asked for it.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) of: AgentId,
    /// What it was said to have, when it was asked.
    pub(super) claimed: Option<Version>,
    pub(super) have: Option<Version>,
    pub(super) until: Time,
    pub(super) assembly: Option<Assembly>,
}

impl Asked {
    /// What the part is to be added to: what has come, or a new beginning where it is the first or is
    /// of a later head.
    pub(super) fn stage(
        &mut self,
        part: &SheetPart,
        known: Option<&Sheet>,
        staged_bytes: &mut usize,
        verifier: &mut Verifier,
        codec: &impl SheetCodec,
    ) -> Result<&mut Assembly, Refused> {
        if !self.assembly.as_ref().is_some_and(|its| its.has(part)) {
            let begun = Assembly::begin(part, self.have, known, verifier, codec)?;
            let is_later = |its: &Assembly| begun.version() > its.version();
            if !self.assembly.as_ref().is_none_or(is_later) {
                return Err(Refused::Shape);
            }
            self.drop_assembly(staged_bytes);
            self.assembly = Some(begun);
        }
        Ok(self.assembly.as_mut().expect("it was there or was begun"))
    }

    /// What has come is not needed, or is taken; the bytes are free.
    pub(super) fn drop_assembly(&mut self, staged_bytes: &mut usize) -> Option<Assembly> {
        let assembly = self.assembly.take()?;
        *staged_bytes -= assembly.bytes();
        Some(assembly)
    }
}
