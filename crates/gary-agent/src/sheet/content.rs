//! What stands on one agent's sheet.

use std::{collections::BTreeMap, sync::Arc};

use gary_promise::{
    AgentId, Promise, PromiseId, RECORD_BYTES_MAX, STATEMENT_BYTES_MAX, SheetHead, SheetRoot,
    Verified, Version,
};

use super::{gone::Gone, line::Line};

/// The most promises on one sheet. An owner puts no more on its own, and a larger one is refused.
pub const SHEET_PROMISES_MAX: usize = 2048;

/// The most bytes of all promises on one sheet, each with what it takes to carry it. An owner puts no
/// more on its own, and a larger one is refused.
pub const SHEET_BYTES_MAX: usize = 1 << 20;

/// Promises by their version.
pub(super) type Live = BTreeMap<Version, Line>;

/// What an agent has promised to everyone and not taken back, as of a head that it signed.
#[derive(Debug, Clone)]
pub struct Sheet {
    head: Verified<SheetHead>,
    live: BTreeMap<Version, Entry>,
    gone: Gone,
    bytes: usize,
}

/// A sheet has changed: what came and what went, all of one owner and at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetChange {
    /// Whose sheet.
    pub owner: AgentId,
    /// The version of its head now.
    pub version: Version,
    /// Promises that stand and were not known before, in the order they were made. What only a later
    /// release can read is not among them.
    pub came: Vec<Arc<Verified<Promise>>>,
    /// Promises that stand no longer, those that could not be read included.
    pub went: Vec<PromiseId>,
}

#[derive(Debug, Clone)]
struct Entry {
    line: Line,
    /// The first head with which it was seen here. Whoever has that head or a later one has it; the owner
    /// may have put it there earlier, so that some others have it too.
    came: Version,
}

impl Sheet {
    /// The sheet after `before`, and what has changed. The caller has seen that `live` is what `head`
    /// says, and that `head` is later.
    pub(super) fn after(
        before: Option<&Self>,
        head: Verified<SheetHead>,
        live: Live,
        gone: Gone,
    ) -> (Self, SheetChange) {
        let version = head.version;
        let (owner, bytes) = (head.by(), live.values().map(bytes).sum());
        let went = before.map_or_else(Vec::new, |before| before.without(&live));
        let mut came = Vec::new();
        let mut entries = BTreeMap::new();
        for (at, line) in live {
            let known = before.and_then(|before| before.live.get(&at));
            let entry = match known.filter(|known| known.line.is(&line)) {
                Some(known) => known.clone(),
                None => {
                    came.extend(line.promise().cloned());
                    Entry {
                        line,
                        came: version,
                    }
                }
            };
            entries.insert(at, entry);
        }
        let went = went.into_iter().map(|version| PromiseId {
            promiser: owner,
            version,
        });
        let change = SheetChange {
            owner,
            version,
            came,
            went: went.collect(),
        };
        let sheet = Self {
            head,
            live: entries,
            gone,
            bytes,
        };
        (sheet, change)
    }

    /// Promises on this sheet that are not among `live`.
    pub(super) fn without(&self, live: &Live) -> Vec<Version> {
        let gone = self.live.keys().filter(|at| !live.contains_key(at));
        gone.copied().collect()
    }

    /// Whose it is.
    pub fn owner(&self) -> AgentId {
        self.head.by()
    }

    /// Its head.
    pub const fn head(&self) -> &Verified<SheetHead> {
        &self.head
    }

    /// The version of its head.
    pub fn version(&self) -> Version {
        self.head.version
    }

    /// The promises on it, in the order they were made, but for those that only a later release can
    /// read.
    pub fn promises(&self) -> impl Iterator<Item = &Verified<Promise>> {
        let read = self.live.values().filter_map(|entry| entry.line.promise());
        read.map(|promise| &**promise)
    }

    /// The promises on it, shared.
    pub(super) fn live(&self) -> Live {
        let entries = self.live.iter();
        let shared = entries.map(|(at, entry)| (*at, entry.line.clone()));
        shared.collect()
    }

    /// What a peer needs besides the sheet of the head `since`; all of it for `None`.
    pub(super) fn made_since(&self, since: Option<Version>) -> impl Iterator<Item = &Line> {
        let entries = self.live.values();
        let made = entries.filter(move |entry| since.is_none_or(|since| entry.came > since));
        made.map(|entry| &entry.line)
    }

    /// What is gone from it.
    pub(super) const fn gone(&self) -> &Gone {
        &self.gone
    }

    /// Whether it is remembered what has changed since the head `since`.
    pub(super) fn remembers(&self, since: Version) -> bool {
        since >= self.gone.from() && since.epoch == self.version().epoch
    }

    /// The bytes of what stands on it.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}

/// The hash over what stands.
pub(super) fn root(live: &Live) -> SheetRoot {
    SheetRoot::of(live.iter().map(|(at, line)| (*at, line.signed())))
}

/// What a promise counts for where bytes are limited.
pub(super) fn bytes(line: &Line) -> usize {
    bytes_of(line.signed().bytes())
}

/// What a record counts for that packs to this: an upper bound of its bytes on the way.
pub(crate) const fn bytes_of(packed: &[u8]) -> usize {
    packed.len() + (RECORD_BYTES_MAX - STATEMENT_BYTES_MAX)
}
