//! What an agent sees of its cluster: who is there, and what they promise to everyone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use gary_promise::{AgentId, Hint, MemberId, Promise, Time, Verified};

use super::setup::Powers;
use crate::dealings::{Dealings, Shown};
use crate::membership::{Event, Membership};
use crate::sheet::{Sheet, SheetChange, Sheets};

/// How often what is known of who is there is compared with the membership, whose events are hints only.
pub const RECONCILES_EVERY: Duration = Duration::from_secs(1);

/// How often they are compared one by one, where their number is no other: with ten thousand members that is
/// work, and twice in ten seconds two events would have to be lost that make up for each other.
pub const COMPARES_EVERY: Duration = Duration::from_secs(10);

/// For how long an agent that is not there is remembered with what it has promised to everyone.
pub const FORGETS_AFTER: Duration = Duration::from_secs(60 * 60);

/// What an agent sees of its cluster.
pub(super) struct View<C: Powers> {
    pub(super) membership: Membership<C>,
    pub(super) sheets: Sheets,
    /// Those who are there, as far as has been told.
    up: BTreeSet<AgentId>,
    /// Since when agents that were there are not.
    gone_since: BTreeMap<AgentId, Time>,
    reconciles_at: Time,
    compares_at: Time,
}

impl<C: Powers> View<C> {
    pub(super) fn new(membership: Membership<C>, sheets: Sheets, now: Time) -> Self {
        Self {
            membership,
            sheets,
            up: BTreeSet::new(),
            gone_since: BTreeMap::new(),
            reconciles_at: now.after(RECONCILES_EVERY),
            compares_at: now.after(COMPARES_EVERY),
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Time) {
        self.membership.handle_timeout(now);
        if self.sheets.poll_timeout() <= now {
            self.sheets.handle_timeout(now);
        }
    }

    /// Those that were there and are not, and since when.
    pub(super) fn gone(&self) -> impl Iterator<Item = (AgentId, Time)> {
        self.gone_since
            .iter()
            .map(|(agent, since)| (*agent, *since))
    }

    pub(super) fn due_at(&self) -> Time {
        let membership = self.membership.poll_timeout();
        let others = [self.sheets.poll_timeout(), self.reconciles_at];
        others
            .into_iter()
            .chain(membership)
            .min()
            .expect("there are two at least")
    }

    /// Tells members of sheets that have changed.
    pub(super) fn pass_hints_on(&mut self, now: Time) {
        while let Some(hint) = self.sheets.poll_hint() {
            self.membership.hint(now, hint);
        }
    }

    /// Takes in what the membership and the sheets have to tell.
    pub(super) fn take_in(&mut self, now: Time, dealings: &mut Dealings<C>) {
        while let Some(event) = self.membership.poll_event() {
            match event {
                Event::Up(member) => self.up(now, &member, dealings),
                // It may have missed something, and forgotten more, whether or not it was taken for dead meanwhile.
                Event::Restarted { to: member, .. } => {
                    self.up.remove(&member.agent);
                    self.up(now, &member, dealings);
                }
                Event::Down(member) => self.down(now, member.agent, dealings),
                Event::Hinted(hint) => self.sheets.handle_hint(now, None, hint),
                // Who is there stays so under another address, and what an agent is told of itself its shell reads
                // from the membership.
                _ => {}
            }
        }
        if self.reconciles_at <= now {
            self.reconciles_at = now.after(RECONCILES_EVERY);
            self.reconcile(now, dealings);
        }
        while let Some(agent) = self.sheets.poll_unfounded() {
            let known = self.sheets.sheet(agent).map(Sheet::version);
            self.membership.disprove(now, agent, known);
        }
        while let Some(SheetChange {
            owner, came, went, ..
        }) = self.sheets.poll_change()
        {
            // It was forgotten meanwhile, and nothing that it showed is gone by.
            if self.sheets.sheet(owner).is_none() {
                continue;
            }
            let came = came.iter().map(|promise| &**promise);
            let shown = Shown::of(self.promises_of(owner), came, went);
            dealings.handle_sheet(now, owner, shown);
        }
    }

    /// Brings what is known of who is there in line with the membership.
    fn reconcile(&mut self, now: Time, dealings: &mut Dealings<C>) {
        if self.membership.members_count() != self.up.len() || self.compares_at <= now {
            self.compares_at = now.after(COMPARES_EVERY);
            self.compare(now, dealings);
        }
        self.forget_old(now, dealings);
    }

    fn compare(&mut self, now: Time, dealings: &mut Dealings<C>) {
        let members = self.membership.members();
        for member in members.values() {
            self.up(now, &member.id, dealings);
        }
        let went = self.up.iter().filter(|agent| !members.contains_key(agent));
        let went: Vec<AgentId> = went.copied().collect();
        for agent in went {
            self.down(now, agent, dealings);
        }
    }

    /// Forgets those who are gone for so long that they are not expected back.
    fn forget_old(&mut self, now: Time, dealings: &mut Dealings<C>) {
        let is_old = |since: &Time| now.since(*since) >= FORGETS_AFTER;
        let gone = self.gone_since.iter();
        let forgotten: Vec<AgentId> = gone
            .filter(|(_, since)| is_old(since))
            .map(|(agent, _)| *agent)
            .collect();
        for agent in forgotten {
            self.gone_since.remove(&agent);
            self.sheets.forget(now, agent);
            dealings.forget(&agent);
        }
    }

    /// Takes over who is there, and what they promise, from others of the same program.
    pub(super) fn take_over(
        &mut self,
        now: Time,
        members: impl IntoIterator<Item = MemberId>,
        sheets: impl IntoIterator<Item = Arc<Sheet>>,
        dealings: &mut Dealings<C>,
    ) {
        let sheets: BTreeMap<AgentId, Arc<Sheet>> =
            sheets.into_iter().map(|its| (its.owner(), its)).collect();
        let hints = sheets.iter().map(|(agent, sheet)| Hint {
            agent: *agent,
            version: sheet.version(),
        });
        self.membership.take_over(now, members, hints);
        self.compare(now, dealings);
        let owners: Vec<AgentId> = sheets.keys().copied().collect();
        self.sheets.take_over(now, sheets.into_values());
        for owner in owners {
            let (all, came) = (self.promises_of(owner), self.promises_of(owner));
            dealings.handle_sheet(now, owner, Shown::of(all, came, Vec::new()));
        }
        dealings.pack();
        self.up = std::mem::take(&mut self.up).into_iter().collect();
    }

    fn up(&mut self, now: Time, member: &MemberId, dealings: &mut Dealings<C>) {
        let agent = member.agent;
        self.gone_since.remove(&agent);
        self.sheets.handle_up(now, agent, member.epoch);
        if self.up.insert(agent) {
            dealings.handle_liveness(now, agent, true);
        }
    }

    fn down(&mut self, now: Time, agent: AgentId, dealings: &mut Dealings<C>) {
        self.sheets.handle_down(now, agent);
        if self.up.remove(&agent) {
            self.gone_since.insert(agent, now);
            dealings.handle_liveness(now, agent, false);
        }
    }

    /// What an agent promises to everyone.
    fn promises_of(&self, owner: AgentId) -> impl Iterator<Item = &Verified<Promise>> {
        let sheet = self.sheets.sheet(owner);
        sheet.into_iter().flat_map(Sheet::promises)
    }
}
