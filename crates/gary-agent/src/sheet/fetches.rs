//! Sheets that are wanted, and those that were asked for.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    time::Duration,
};

use gary_promise::{AgentId, Fetch, SheetPart, Time, Verifier, Version};
use rand::{Rng, RngExt};

use super::{
    Refused, Sheet, SheetChange,
    claim::{Claim, Claims},
    peers::Peers,
    sheet_codec::SheetCodec,
    want::{Asked, State, Want},
};

/// The most sheets that are asked for at once. Others wait their turn.
pub const FETCHES_MAX: usize = 64;

/// The most sheets that are asked for at once on the word of one peer, so that one which claims to have
/// what it has not delays nobody else's.
pub const FETCHES_PER_PEER_MAX: usize = 16;

/// How often one sheet is asked for before it is given up. It is wanted again when a peer next claims
/// to have it, at the latest in a sweep.
pub const FETCH_ATTEMPTS_MAX: u32 = 4;

/// How long a peer that was asked may take, and each of its parts after the one before. At most
/// [`PARTS_MAX`](super::PARTS_MAX) times as long in all.
pub const FETCH_TIMEOUT: Duration = Duration::from_secs(3);

/// The most bytes of sheets that have come in part. A part for which there is no room is refused, and its sheet asked for
/// again later.
pub const STAGED_BYTES_MAX: usize = 16 << 20;

/// How long a sheet rests after it was asked for in vain: half to three halves of it, and twice as long
/// each time.
const REST: Duration = Duration::from_millis(250);

/// Sheets that are wanted, at most one entry for each member.
#[derive(Debug, Default)]
pub(super) struct Fetches {
    wants: BTreeMap<AgentId, Want>,
    /// Who is to be asked for, by on whose word and in the order it was wanted.
    ready: BTreeMap<AgentId, BTreeSet<(u64, AgentId)>>,
    /// Counts what became ready, for that order.
    turns: u64,
    /// On whose word was asked last: peers take turns.
    last_word: Option<AgentId>,
    /// How many are asked for, by on whose word.
    asked: BTreeMap<AgentId, usize>,
    asked_count: usize,
    /// When a rest ends, or the patience with who was asked.
    due: BTreeSet<(Time, AgentId)>,
    staged_bytes: usize,
    /// Of whom nothing was found that is later than what is known, though somebody had said so. At most one entry
    /// for each member.
    unfounded: BTreeSet<AgentId>,
}

/// A sheet that came as its owner signed it.
pub(super) struct Fetched {
    pub(super) sheet: Sheet,
    pub(super) change: SheetChange,
    /// Whether it was heard of by a hint.
    pub(super) is_hinted: bool,
}

impl Fetches {
    /// A peer claims to have a later version of the sheet than is known.
    pub(super) fn claim(&mut self, owner: AgentId, claim: Claim, is_hinted: bool) {
        if let Some(want) = self.wants.get_mut(&owner) {
            want.claims.add(claim);
            want.is_hinted |= is_hinted;
            let (is_ready, word) = (matches!(want.state, State::Ready { .. }), want.word);
            // Whoever is slow holds up no more than what it was asked for.
            if is_ready && !self.has_room_on(word) && self.has_room_on(claim.by) {
                self.unschedule(owner);
                self.make_ready(owner, Some(claim.by));
            }
            return;
        }
        let want = Want {
            claims: Claims::new(owner, claim),
            word: claim.by,
            attempts: 0,
            is_whole: false,
            is_hinted,
            state: State::Ready { turn: 0 },
        };
        self.wants.insert(owner, want);
        self.make_ready(owner, None);
    }

    /// The next sheet to ask for, if one more may be asked for: of the peers on whose word it is, one
    /// after the other.
    pub(super) fn next_ready(&self) -> Option<AgentId> {
        if self.asked_count >= FETCHES_MAX {
            return None;
        }
        let after = self.last_word.map_or(Bound::Unbounded, Bound::Excluded);
        let later = self.ready.range((after, Bound::Unbounded));
        // No more than a handful are at their limit, for there are only so many fetches in all.
        let mut words = later.chain(&self.ready);
        let (_, queue) = words.find(|(word, _)| self.has_room_on(**word))?;
        queue.first().map(|(_, owner)| *owner)
    }

    /// Asks for the sheet `owner`, which is the next that is ready, of whom there is to ask. `have` is
    /// the version that is known. Without anybody to ask, it is given up.
    pub(super) fn ask(
        &mut self,
        now: Time,
        owner: AgentId,
        have: Option<Version>,
        peers: &Peers,
        rng: &mut impl Rng,
    ) -> Option<(AgentId, Fetch)> {
        let want = self.wants.get(&owner)?;
        let Some(of) = want.claims.whom(peers, rng) else {
            self.cancel(owner);
            return None;
        };
        self.unschedule(owner);
        let want = self.wants.get_mut(&owner)?;
        let have = have.filter(|_| !want.is_whole);
        let until = now.after(FETCH_TIMEOUT);
        want.state = State::Asked(Box::new(Asked {
            of,
            claimed: want.claims.version(),
            have,
            until,
            assembly: None,
        }));
        *self.asked.entry(want.word).or_default() += 1;
        self.asked_count += 1;
        self.last_word = Some(want.word);
        self.due.insert((until, owner));
        Some((of, Fetch { agent: owner, have }))
    }

    /// Takes a part of the sheet `owner`, of which `known` is known. Gives back the sheet when it was
    /// the last that was missing.
    pub(super) fn take<C: SheetCodec>(
        &mut self,
        now: Time,
        from: AgentId,
        part: SheetPart,
        known: Option<&Sheet>,
        verifier: &mut Verifier,
        codec: &C,
    ) -> Result<Option<Fetched>, Refused> {
        let owner = part.head.by();
        let want = self.wants.get_mut(&owner).ok_or(Refused::Unasked)?;
        let State::Asked(asked) = &mut want.state else {
            return Err(Refused::Unasked);
        };
        if asked.of != from {
            return Err(Refused::Unasked);
        }
        let assembly = asked.stage(&part, known, &mut self.staged_bytes, verifier, codec)?;
        let before_bytes = assembly.bytes();
        let room_bytes = STAGED_BYTES_MAX.saturating_sub(self.staged_bytes);
        let added = assembly.add(part, room_bytes, verifier, codec);
        self.staged_bytes += assembly.bytes() - before_bytes;
        added?;
        if !assembly.is_complete() {
            self.due.remove(&(asked.until, owner));
            asked.until = now.after(FETCH_TIMEOUT);
            self.due.insert((asked.until, owner));
            return Ok(None);
        }
        let complete = asked.drop_assembly(&mut self.staged_bytes);
        let complete = complete.expect("a part was just added to it");
        let (sheet, change) = complete.finish(known)?;
        Ok(Some(Fetched {
            sheet,
            change,
            is_hinted: want.is_hinted,
        }))
    }

    /// Whether this peer was asked for the sheet and has not sent it yet.
    pub(super) fn is_asked(&self, owner: AgentId, of: AgentId) -> bool {
        self.asked_whom(owner).is_some_and(|(asked, _)| asked == of)
    }

    /// The sheet was taken in this version. It is still wanted if somebody claims to have a later one.
    pub(super) fn settle(&mut self, owner: AgentId, version: Version) {
        let Some((of, claimed)) = self.asked_whom(owner) else {
            return;
        };
        self.unschedule(owner);
        let Some(want) = self.wants.get_mut(&owner) else {
            return;
        };
        if want.claims.settle(of, claimed, version) {
            want.is_whole = false;
            self.make_ready(owner, None);
        } else {
            self.wants.remove(&owner);
        }
    }

    /// Who was asked has no later version, or did not keep to what its owner signed. Then
    /// `is_whole`: the next one is asked for all of the sheet.
    pub(super) fn fail(&mut self, now: Time, owner: AgentId, is_whole: bool, rng: &mut impl Rng) {
        let Some((of, claimed)) = self.asked_whom(owner) else {
            return;
        };
        self.unschedule(owner);
        let Some(want) = self.wants.get_mut(&owner) else {
            return;
        };
        want.claims.disappoint(of, claimed);
        want.attempts += 1;
        want.is_whole |= is_whole;
        if want.attempts >= FETCH_ATTEMPTS_MAX {
            self.wants.remove(&owner);
            self.unfounded.insert(owner);
            return;
        }
        let rest = REST * (1 << want.attempts);
        let until = now.after(rest.mul_f64(rng.random_range(0.5..1.5)));
        want.state = State::Resting { until };
        self.due.insert((until, owner));
    }

    /// A peer is not there any more: what was asked of it, somebody else is asked for.
    pub(super) fn handle_down(&mut self, now: Time, peer: AgentId, rng: &mut impl Rng) {
        let wants = self.wants.keys().copied();
        let asked: Vec<_> = wants.filter(|owner| self.is_asked(*owner, peer)).collect();
        for owner in asked {
            self.fail(now, owner, false, rng);
        }
        self.pass_over(peer);
    }

    /// There is no later sheet, or nobody has it who was asked.
    pub(super) fn give_up(&mut self, owner: AgentId) {
        self.cancel(owner);
        self.unfounded.insert(owner);
    }

    /// An agent of whom nothing later was found.
    pub(super) fn take_unfounded(&mut self) -> Option<AgentId> {
        self.unfounded.pop_first()
    }

    /// The sheet is not wanted any more.
    pub(super) fn cancel(&mut self, owner: AgentId) {
        self.unschedule(owner);
        self.wants.remove(&owner);
    }

    /// When there is something to do next.
    pub(super) fn timeout(&self) -> Option<Time> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Looks at everything that is due.
    pub(super) fn handle_timeout(&mut self, now: Time, rng: &mut impl Rng) {
        while let Some((at, owner)) = self.due.first().copied() {
            if at > now {
                return;
            }
            match self.wants.get(&owner).map(|want| &want.state) {
                Some(State::Asked(asked)) => {
                    // Where nothing came, nothing is wrong with the sheet, but with who was asked.
                    let (of, is_silent) = (asked.of, asked.assembly.is_none());
                    self.fail(now, owner, !is_silent, rng);
                    if is_silent {
                        self.pass_over(of);
                    }
                }
                Some(State::Resting { .. }) => {
                    self.unschedule(owner);
                    self.make_ready(owner, None);
                }
                Some(State::Ready { .. }) | None => {
                    self.due.pop_first();
                }
            }
        }
    }

    #[cfg(test)]
    pub(super) const fn asked_count(&self) -> usize {
        self.asked_count
    }

    #[cfg(test)]
    pub(super) const fn staged_bytes(&self) -> usize {
        self.staged_bytes
    }

    /// What waits to be asked for on the word of this peer alone is wanted no longer, until the next
    /// sweep finds it again: else it would wait for the peer's silence, sheet by sheet.
    fn pass_over(&mut self, peer: AgentId) {
        let queue = self.ready.get(&peer).cloned().unwrap_or_default();
        for (_, owner) in queue {
            let Some(want) = self.wants.get_mut(&owner) else {
                continue;
            };
            want.claims.close(peer, want.claims.version());
            if want.claims.word().is_none() {
                self.cancel(owner);
            } else {
                self.unschedule(owner);
                self.make_ready(owner, None);
            }
        }
    }

    fn has_room_on(&self, word: AgentId) -> bool {
        let asked = self.asked.get(&word).copied().unwrap_or_default();
        asked < FETCHES_PER_PEER_MAX
    }

    /// Who was asked for the sheet, and what it claimed to have then.
    fn asked_whom(&self, owner: AgentId) -> Option<(AgentId, Option<Version>)> {
        match &self.wants.get(&owner)?.state {
            State::Asked(asked) => Some((asked.of, asked.claimed)),
            State::Ready { .. } | State::Resting { .. } => None,
        }
    }

    /// The caller has unscheduled it, or it is new. It is asked for on the word of `preferred`, if that
    /// has given it.
    fn make_ready(&mut self, owner: AgentId, preferred: Option<AgentId>) {
        let Some(want) = self.wants.get_mut(&owner) else {
            return;
        };
        if let Some(preferred) = preferred {
            want.claims.prefer(preferred);
        }
        self.turns += 1;
        let turn = self.turns;
        // Once nobody claims to have it, it stays on the account of who did last.
        want.word = want.claims.word().unwrap_or(want.word);
        want.state = State::Ready { turn };
        let queue = self.ready.entry(want.word).or_default();
        queue.insert((turn, owner));
    }

    /// Takes the sheet out of every queue, and frees what it holds. What becomes of it, the caller says.
    fn unschedule(&mut self, owner: AgentId) {
        let Some(want) = self.wants.get_mut(&owner) else {
            return;
        };
        match &mut want.state {
            State::Ready { turn } => {
                let Some(queue) = self.ready.get_mut(&want.word) else {
                    return;
                };
                queue.remove(&(*turn, owner));
                if queue.is_empty() {
                    self.ready.remove(&want.word);
                }
            }
            State::Resting { until } => {
                self.due.remove(&(*until, owner));
            }
            State::Asked(asked) => {
                self.due.remove(&(asked.until, owner));
                asked.drop_assembly(&mut self.staged_bytes);
                self.asked_count -= 1;
                let Some(count) = self.asked.get_mut(&want.word) else {
                    return;
                };
                *count -= 1;
                if *count == 0 {
                    self.asked.remove(&want.word);
                }
            }
        }
    }
}
