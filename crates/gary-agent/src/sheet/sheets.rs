//! What this agent knows of everybody's sheets.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use gary_promise::{AgentId, BootEpoch, Digest, Fetch, Frame, Hint, Time, Version};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

use crate::dense::dense;

use super::{
    OwnSheet, Refusals, Refused, Sheet, SheetChange, cut,
    fetches::Fetches,
    marks::Marks,
    outbox::Outbox,
    peers::Peers,
    sweep::{self, Asked},
};

/// The most agents whose sheets are known. More members than that are not looked at.
pub const OWNERS_MAX: usize = 16_384;

/// The most bytes of all sheets that are known. A change that needs more is not taken, until something
/// else is forgotten.
pub const SHEETS_BYTES_MAX: usize = 256 << 20;

/// What this agent knows of everybody's sheets: it fetches what has changed, gives on what it has, and
/// finds out what it has missed.
///
/// It knows of an agent what that agent has signed and nothing else. What a peer says of another one, a
/// hint or a listing, is a reason to ask. Sheets are those of members: the caller says who
/// [is there](Self::handle_up), who [is not](Self::handle_down), and whom to [forget](Self::forget).
///
/// After every `handle_*`, the caller takes what there is with `poll_*` until there is no more. It sends
/// frames to their agent, and hints to a few members; who gets one, tells whose word it is with
/// [`handle_hint`](Self::handle_hint) and leaves it to that to pass it on.
///
/// Whatever is lost on the way, repeated or reordered, is made up for: by asking again, and by
/// [sweeps](super::SWEEP_INTERVAL).
#[derive(Debug)]
pub struct Sheets {
    pub(super) id: AgentId,
    /// This agent's own, as it was last published.
    pub(super) own: Option<Arc<Sheet>>,
    /// Every other member, with what is known of its sheet.
    pub(super) members: BTreeMap<AgentId, Option<Arc<Sheet>>>,
    /// Members that what is known is compared with before others. Those of whose present life no sheet is known stay when
    /// they were asked often enough: that they are there is no news.
    pub(super) to_ask: BTreeMap<AgentId, Asked>,
    pub(super) peers: Peers,
    /// Of all sheets that are known, this agent's own included.
    pub(super) marks: Marks,
    pub(super) fetches: Fetches,
    pub(super) sweep_at: Time,
    pub(super) outbox: Outbox,
    pub(super) refusals: Refusals,
    pub(super) bytes: usize,
    pub(super) rng: ChaCha8Rng,
}

impl Sheets {
    /// Knows nothing yet. The seed decides whom it asks and when; the caller has drawn it at random, or
    /// wants the same run again.
    pub fn new(id: AgentId, seed: u64, now: Time) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        Self {
            id,
            own: None,
            members: BTreeMap::new(),
            to_ask: BTreeMap::new(),
            peers: Peers::default(),
            marks: Marks::default(),
            fetches: Fetches::default(),
            sweep_at: now.after(jittered(sweep::SWEEP_INTERVAL, &mut rng)),
            outbox: Outbox::default(),
            refusals: Refusals::default(),
            bytes: 0,
            rng,
        }
    }

    /// Tells of this agent's own sheet as it was last signed. Nothing happens if it already has.
    ///
    /// # Panics
    ///
    /// When it is another agent's.
    pub fn publish(&mut self, own: &OwnSheet) {
        let Some(sheet) = own.sheet() else {
            return;
        };
        assert_eq!(sheet.owner(), self.id, "an agent publishes its own sheet");
        let version = sheet.version();
        if self.version_of(self.id) >= Some(version) {
            return;
        }
        self.own = Some(Arc::new(sheet.clone()));
        self.marks.set(self.id, version);
        self.outbox.hint(self.id, version);
    }

    /// The agent is a member and is there, in the life of this start: its sheet is worth knowing, and it may be asked for
    /// others.
    pub fn handle_up(&mut self, now: Time, agent: AgentId, epoch: BootEpoch) {
        if agent == self.id {
            return;
        }
        if !self.members.contains_key(&agent) && self.members.len() >= OWNERS_MAX {
            self.refusals.count(Refused::Full);
            return;
        }
        let sheet = self.members.entry(agent).or_default().as_ref();
        let is_known = sheet.is_some_and(|its| its.version().epoch >= epoch);
        let has_come = !self.peers.has(agent);
        let is_news = self.to_ask.get(&agent).is_none_or(|its| its.epoch != epoch);
        let is_unknown = !is_known && (is_news || has_come);
        // Of what has changed while it was not there, neither has told the other.
        let is_back = is_known && has_come;
        if is_unknown {
            self.to_ask.insert(agent, Asked::unknown(epoch));
        } else if is_back {
            self.to_ask.insert(agent, Asked::back(epoch));
        }
        let is_first = self.peers.is_empty();
        self.peers.insert(agent);
        // Who has just come does not wait for its turn, and nobody waits for the turn of who has. A hint of its sheet
        // comes first, as a rule.
        let soon = match (is_first, is_unknown || is_back) {
            (true, _) => sweep::SWEEP_HURRIED,
            (false, true) => self.sweeps_soon(),
            (false, false) => return,
        };
        let soon = now.after(jittered(soon, &mut self.rng));
        self.sweep_at = self.sweep_at.min(soon);
    }

    /// The agent is not there now. What it has promised still stands, and is given on; nothing is asked
    /// of it.
    pub fn handle_down(&mut self, now: Time, agent: AgentId) {
        self.peers.remove(agent);
        self.fetches.handle_down(now, agent, &mut self.rng);
    }

    /// Asks an agent for its own sheet, whether there is news or not: any answer says that it is there.
    pub fn ask(&mut self, agent: AgentId) {
        let have = self.version_of(agent);
        self.outbox.send(agent, Frame::Fetch(Fetch { agent, have }));
    }

    /// The agent has left or is down for so long that it is not expected back: its sheet is dropped,
    /// without an event, and not taken again from those who still have it before the agent is
    /// [up](Self::handle_up).
    pub fn forget(&mut self, now: Time, agent: AgentId) {
        self.handle_down(now, agent);
        self.fetches.cancel(agent);
        self.outbox.drop_hint(agent);
        self.to_ask.remove(&agent);
        let Some(sheet) = self.members.remove(&agent).flatten() else {
            return;
        };
        self.marks.unset(agent);
        self.bytes -= sheet.bytes();
    }

    /// A peer asks for a sheet. It gets what it lacks, or is told what is known here if that is not
    /// later than what it has.
    pub fn handle_fetch(&mut self, from: AgentId, fetch: Fetch) {
        let Some(sheet) = self.sheet(fetch.agent) else {
            return;
        };
        let version = sheet.version();
        if fetch.have >= Some(version) {
            let agent = fetch.agent;
            self.outbox.send(from, Frame::Hint(Hint { agent, version }));
            return;
        }
        for part in cut::cut(sheet, fetch.have) {
            self.outbox.send(from, Frame::Sheet(part));
        }
    }

    /// Does what is due: asks again, and sweeps.
    pub fn handle_timeout(&mut self, now: Time) {
        self.fetches.handle_timeout(now, &mut self.rng);
        self.start_fetches(now);
        if now >= self.sweep_at {
            self.sweep(now);
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next, at the latest.
    pub fn poll_timeout(&self) -> Time {
        let fetch = self.fetches.timeout();
        fetch.map_or(self.sweep_at, |at| at.min(self.sweep_at))
    }

    /// A frame to send, and to whom.
    pub fn poll_frame(&mut self) -> Option<(AgentId, Frame)> {
        self.outbox.take_frame()
    }

    /// A hint for a few members, whichever the caller likes.
    pub fn poll_hint(&mut self) -> Option<Hint> {
        self.outbox.take_hint()
    }

    /// An agent that was said to have a later sheet than is known, and has none that could be had.
    pub fn poll_unfounded(&mut self) -> Option<AgentId> {
        self.fetches.take_unfounded()
    }

    /// What has changed on another agent's sheet.
    pub fn poll_change(&mut self) -> Option<SheetChange> {
        self.outbox.take_change()
    }

    /// What is known of an agent's sheet, be it another's or this agent's own.
    pub fn sheet(&self, owner: AgentId) -> Option<&Sheet> {
        if owner == self.id {
            return self.own.as_deref();
        }
        self.members.get(&owner)?.as_deref()
    }

    /// This agent's own sheet as it was last published, to be handed to others of the same program.
    pub fn published(&self) -> Option<Arc<Sheet>> {
        self.own.clone()
    }

    /// Takes over what others of the same program have checked, of members that are there. So a simulation
    /// begins with a cluster that has stood for a while; nothing that a peer says comes this way.
    pub fn take_over(&mut self, now: Time, sheets: impl IntoIterator<Item = Arc<Sheet>>) {
        // In order, so that each goes behind the others.
        let sheets: BTreeMap<_, _> = sheets.into_iter().map(|its| (its.owner(), its)).collect();
        for (owner, sheet) in sheets {
            let is_later = self.version_of(owner) < Some(sheet.version());
            if owner == self.id || !is_later || self.bytes + sheet.bytes() > SHEETS_BYTES_MAX {
                continue;
            }
            self.handle_up(now, owner, sheet.version().epoch);
            self.to_ask.remove(&owner);
            let Some(known) = self.members.get_mut(&owner) else {
                continue;
            };
            self.bytes += sheet.bytes();
            self.marks.set(owner, sheet.version());
            let before = known.replace(sheet);
            self.bytes -= before.map_or(0, |before| before.bytes());
        }
        dense(&mut self.members);
        self.marks.pack();
    }

    /// The sheets of all other agents of which one is known, in the order of their ids.
    pub fn sheets(&self) -> impl Iterator<Item = &Sheet> {
        self.members.values().flatten().map(|sheet| &**sheet)
    }

    /// What was refused, and why.
    pub const fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// Asks for as much as may be asked for.
    pub(super) fn start_fetches(&mut self, now: Time) {
        while let Some(owner) = self.fetches.next_ready() {
            let have = self.version_of(owner);
            let asked = self
                .fetches
                .ask(now, owner, have, &self.peers, &mut self.rng);
            if let Some((of, fetch)) = asked {
                self.outbox.send(of, Frame::Fetch(fetch));
            }
        }
    }

    pub(super) fn version_of(&self, owner: AgentId) -> Option<Version> {
        self.sheet(owner).map(Sheet::version)
    }

    /// What is known of a branch, as others are told.
    pub(super) fn digest(&self, branch: gary_promise::Branch) -> Digest {
        let hashes = self.marks.tally(branch).hashes;
        Digest { branch, hashes }
    }
}

/// Between three and five quarters of `span`, so that what began together does not go on together.
pub(super) fn jittered(span: Duration, rng: &mut ChaCha8Rng) -> Duration {
    span.mul_f64(rng.random_range(0.75..1.25))
}
