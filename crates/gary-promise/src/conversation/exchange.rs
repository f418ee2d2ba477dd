//! How sheets get around: hints, fetches, and digests to find what was missed.

use super::Batch;
use crate::{AgentId, SheetHead, Signed, TooMany, Version, amount::BoundedSet};

/// How many ways a digest branches: one digit of sixteen.
pub const DIGEST_BRANCHES: usize = 16;

/// How deep digests go, in digits of an agent's id. With sixteen-way branches, eight tell four billion
/// agents apart; deeper, everything is listed.
pub const DIGEST_DEPTH_MAX: usize = 8;

/// The most sheets of one listing. Where more differ, they are told apart by a deeper digest, and at its deepest the first
/// are listed.
pub const LISTING_MAX: usize = 64;

/// The most promises that one part of a sheet says are gone. An owner forgets earlier ones, and a peer
/// that has missed more is sent the whole sheet.
pub const SHEET_GONE_MAX: usize = 1024;

/// An agent's sheet has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hint {
    /// Whose.
    pub agent: AgentId,
    /// The version of its head.
    pub version: Version,
}

/// Asks for an agent's sheet. Who has no later one than the sender answers with a hint of what it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fetch {
    /// Whose.
    pub agent: AgentId,
    /// What the sender has, by the version of its head; `None` asks for the whole of it.
    pub have: Option<Version>,
}

/// A sheet, or what became of one since a version of it.
///
/// The owner has signed the head, which says by a hash what stands on the sheet. So whoever relays it can
/// leave out and add nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetPart {
    /// The head, as the owner signed it.
    pub head: Signed<SheetHead>,
    /// What this is to be added to: the version that was asked for, or `None` for a whole sheet.
    pub since: Option<Version>,
    /// Which of this many parts it is, counted from 0.
    pub part: u32,
    /// How many there are.
    pub parts: u32,
    /// Promises made since then that still stand.
    pub made: Batch,
    /// Promises made before that and gone since, in the first part.
    pub gone: BoundedSet<Version, SHEET_GONE_MAX>,
}

/// What the sender knows of the sheets of agents whose ids begin alike, in brief.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// What the ids begin with.
    pub branch: Branch,
    /// For each next digit, a hash over the ids and the versions of the heads; zero where there is none.
    pub hashes: [u64; DIGEST_BRANCHES],
}

/// Which sheets the sender knows, of all agents whose ids begin alike; in answer to another listing, only
/// those that it does not have, or has earlier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// What the ids begin with.
    pub branch: Branch,
    /// The versions of their heads.
    pub known: BoundedSet<(AgentId, Version), LISTING_MAX>,
    /// Whether the receiver is asked to list its own in return.
    pub asks: bool,
}

/// What ids begin with: up to [`DIGEST_DEPTH_MAX`] hexadecimal digits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Branch {
    digits: [u8; DIGEST_DEPTH_MAX],
    depth: u8,
}

impl Branch {
    /// All ids.
    pub const ROOT: Self = Self {
        digits: [0; DIGEST_DEPTH_MAX],
        depth: 0,
    };

    /// Ids that begin with these digits, each below 16.
    ///
    /// # Errors
    ///
    /// Refuses more than [`DIGEST_DEPTH_MAX`]. A digit is taken modulo 16.
    pub fn new(digits: &[u8]) -> Result<Self, TooMany> {
        let mut branch = Self::ROOT;
        for digit in digits {
            branch = branch.at(*digit).ok_or(TooMany {
                count_max: DIGEST_DEPTH_MAX,
            })?;
        }
        Ok(branch)
    }

    /// The branch of it with one more digit; `None` where it is as deep as they go.
    pub fn at(mut self, digit: u8) -> Option<Self> {
        let place = self.digits.get_mut(usize::from(self.depth))?;
        *place = digit % 16;
        self.depth += 1;
        Some(self)
    }

    /// Its digits.
    pub fn digits(&self) -> &[u8] {
        &self.digits[..usize::from(self.depth)]
    }

    /// Whether the id begins so.
    pub fn has(&self, agent: &AgentId) -> bool {
        let digits = self.digits().iter().enumerate();
        digits
            .into_iter()
            .all(|(at, digit)| nibble(agent, at) == *digit)
    }

    /// The id's next digit after those of the branch.
    pub fn next_digit(&self, agent: &AgentId) -> u8 {
        nibble(agent, usize::from(self.depth))
    }

    /// The least id that begins so, where a range over ids starts.
    pub fn first(&self) -> AgentId {
        let mut bytes = [0; 32];
        for (at, digit) in self.digits().iter().enumerate() {
            bytes[at / 2] |= digit << if at % 2 == 0 { 4 } else { 0 };
        }
        AgentId::from_bytes(bytes)
    }
}

/// A hexadecimal digit of an id.
fn nibble(agent: &AgentId, at: usize) -> u8 {
    let byte = agent.as_bytes()[at / 2];
    if at.is_multiple_of(2) {
        byte >> 4
    } else {
        byte & 15
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_has_the_ids_that_begin_like_it() {
        let agent = AgentId::from_bytes([0xa5; 32]);
        let branch = Branch::new(&[0xa, 5, 0xa]).expect("three digits");
        assert!(branch.has(&agent) && Branch::ROOT.has(&agent));
        assert_eq!(branch.next_digit(&agent), 5);
        assert!(!Branch::new(&[0xa, 6]).expect("two digits").has(&agent));
        assert!(branch.has(&branch.first()) && branch.first() < agent);
    }

    #[test]
    fn a_branch_is_only_so_deep() {
        let deepest = Branch::new(&[1; DIGEST_DEPTH_MAX]).expect("as deep as they go");
        assert_eq!(deepest.at(1), None);
        assert!(Branch::new(&[1; DIGEST_DEPTH_MAX + 1]).is_err());
    }
}
