//! Which sheets are known, in hashes that tell quickly where two agents differ.

use std::collections::BTreeMap;

use gary_promise::{AgentId, Branch, DIGEST_BRANCHES, Version};
use sha2::{Digest, Sha256};

use crate::dense::dense;

/// How deep hashes are kept; deeper ones are computed when somebody asks. A branch of this depth has
/// one of 4,096 agents, so that there are two or three to look at when ten thousand are known.
const KEPT_DEPTH: usize = 3;

/// Before what is hashed, so that these hashes are of nothing else.
const DOMAIN: &[u8] = b"gary sheet mark 1";

/// Which sheets are known, by the versions of their heads.
///
/// (Hashes over sets, compared level by level, are what Merkle trees do for anti-entropy in Dynamo;
/// DeCandia et al., 2007. An exclusive or instead of a hash of hashes costs one step for each level when a
/// version changes.)
///
/// A change takes one SHA-256 and eight steps in maps; a digest takes one, or a walk over the few agents of
/// a deep branch. At ten thousand agents, there are 273 branches to keep, in some 70 KB.
#[derive(Debug, Default)]
pub(super) struct Marks {
    known: BTreeMap<AgentId, (Version, u64)>,
    /// For each branch less deep than [`KEPT_DEPTH`] with any agent in it.
    kept: BTreeMap<Branch, Tally>,
}

/// What is known of a branch, for each next digit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// The exclusive or of the marks.
    pub(super) hashes: [u64; DIGEST_BRANCHES],
    /// How many agents there are.
    pub(super) counts: [usize; DIGEST_BRANCHES],
}

impl Marks {
    /// Now the agent's sheet is known as of this version.
    pub(super) fn set(&mut self, agent: AgentId, version: Version) {
        self.unset(agent);
        let mark = mark(agent, version);
        self.known.insert(agent, (version, mark));
        for branch in kept_branches(agent) {
            let digit = usize::from(branch.next_digit(&agent));
            let tally = self.kept.entry(branch).or_default();
            tally.hashes[digit] ^= mark;
            tally.counts[digit] += 1;
        }
    }

    /// The agent's sheet is not known any more.
    pub(super) fn unset(&mut self, agent: AgentId) {
        let Some((_, mark)) = self.known.remove(&agent) else {
            return;
        };
        for branch in kept_branches(agent) {
            let digit = usize::from(branch.next_digit(&agent));
            let tally = self.kept.entry(branch).or_default();
            tally.hashes[digit] ^= mark;
            tally.counts[digit] -= 1;
            if *tally == Tally::default() {
                self.kept.remove(&branch);
            }
        }
    }

    /// Takes as little memory as it can.
    pub(super) fn pack(&mut self) {
        dense(&mut self.known);
    }

    /// How many sheets are known.
    pub(super) fn count(&self) -> usize {
        self.known.len()
    }

    /// What is known of a branch.
    pub(super) fn tally(&self, branch: Branch) -> Tally {
        if branch.digits().len() < KEPT_DEPTH {
            return self.kept.get(&branch).copied().unwrap_or_default();
        }
        let mut tally = Tally::default();
        for (agent, (_, mark)) in self.of(branch) {
            let digit = usize::from(branch.next_digit(agent));
            tally.hashes[digit] ^= mark;
            tally.counts[digit] += 1;
        }
        tally
    }

    /// The agents of a branch and the versions of their heads, in order.
    pub(super) fn listed(&self, branch: Branch) -> impl Iterator<Item = (AgentId, Version)> {
        let of = self.of(branch);
        of.map(|(agent, (version, _))| (*agent, *version))
    }

    fn of(&self, branch: Branch) -> impl Iterator<Item = (&AgentId, &(Version, u64))> {
        let from_first = self.known.range(branch.first()..);
        from_first.take_while(move |(agent, _)| branch.has(agent))
    }
}

/// The branches whose hashes are kept that the agent is in.
fn kept_branches(agent: AgentId) -> impl Iterator<Item = Branch> {
    let deeper = move |branch: &Branch| branch.at(branch.next_digit(&agent));
    std::iter::successors(Some(Branch::ROOT), deeper).take(KEPT_DEPTH)
}

/// A number that stands for a sheet at a version: the beginning of a SHA-256, so that the exclusive or
/// over a set is that of another one by chance only.
fn mark(agent: AgentId, version: Version) -> u64 {
    let mut hash = Sha256::new();
    hash.update(DOMAIN);
    hash.update(agent.as_bytes());
    hash.update(version.epoch.0.to_le_bytes());
    hash.update(version.sequence.get().to_le_bytes());
    let hash: [u8; 32] = hash.finalize().into();
    let (mark, _) = hash.split_first_chunk().expect("32 bytes begin with eight");
    u64::from_le_bytes(*mark)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sheet::testing::version;

    fn agent(first: u8, second: u8) -> AgentId {
        let mut bytes = [7; 32];
        bytes[..2].copy_from_slice(&[first, second]);
        AgentId::from_bytes(bytes)
    }

    #[test]
    fn marks_stay_what_they_were_in_earlier_releases() {
        assert_eq!(mark(agent(1, 2), version(3)), 2_272_393_819_705_254_548);
    }

    proptest! {
        #[test]
        fn kept_hashes_are_those_that_would_be_computed(
            steps in prop::collection::vec((0..20_u8, 0..4_u8, 0..4_u64), 0..60),
        ) {
            let mut marks = Marks::default();
            for (first, second, at) in steps {
                match at {
                    0 => marks.unset(agent(first, second)),
                    _ => marks.set(agent(first, second), version(at)),
                }
            }
            // In any order, and without what went in between.
            let mut again = Marks::default();
            for (agent, version) in marks.listed(Branch::ROOT).collect::<Vec<_>>().into_iter().rev() {
                again.set(agent, version);
            }
            prop_assert_eq!(&marks.kept, &again.kept);

            let mut branches = vec![Branch::ROOT];
            while let Some(branch) = branches.pop() {
                let tally = marks.tally(branch);
                let count = tally.counts.iter().sum::<usize>();
                prop_assert_eq!(count, marks.listed(branch).count());
                for digit in 0..16_u8 {
                    let Some(child) = branch.at(digit) else { continue };
                    let at = usize::from(digit);
                    prop_assert_eq!(tally.counts[at], marks.listed(child).count());
                    let hashes = marks.tally(child).hashes;
                    prop_assert_eq!(tally.hashes[at], hashes.iter().fold(0, |all, its| all ^ its));
                    if tally.counts[at] > 0 {
                        branches.push(child);
                    }
                }
            }
        }
    }
}
