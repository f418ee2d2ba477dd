//! What an agent sees of its cluster: who is there, and what they promise to everyone.

use std::collections::BTreeMap;
use std::time::Duration;

use gary_promise::{AgentId, Body, Time};

use super::agent::Agent;
use super::setup::Powers;
use crate::candidates::Candidates;
use crate::membership::{Event, Membership};
use crate::sheet::{SheetChange, Sheets};

/// How often what is known of who is there is compared with the membership, whose events are hints only.
pub const RECONCILES_EVERY: Duration = Duration::from_secs(1);

/// For how long an agent that is not there is remembered with what it has promised to everyone.
pub const FORGETS_AFTER: Duration = Duration::from_secs(60 * 60);

/// What an agent sees of its cluster.
pub(super) struct View<C: Powers> {
    pub(super) membership: Membership<C>,
    pub(super) sheets: Sheets,
    pub(super) candidates: Candidates,
    /// Since when agents that were there are not.
    gone_since: BTreeMap<AgentId, Time>,
    reconciles_at: Time,
}

impl<C: Powers> View<C> {
    pub(super) fn new(membership: Membership<C>, sheets: Sheets, now: Time) -> Self {
        Self {
            membership,
            sheets,
            candidates: Candidates::default(),
            gone_since: BTreeMap::new(),
            reconciles_at: now.after(RECONCILES_EVERY),
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Time) {
        self.membership.handle_timeout(now);
        if self.sheets.poll_timeout() <= now {
            self.sheets.handle_timeout(now);
        }
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

    /// Takes in what the membership and the sheets have to tell, and says who is there no more.
    fn take_in(&mut self, now: Time) -> Vec<AgentId> {
        let mut lost = Vec::new();
        while let Some(event) = self.membership.poll_event() {
            match event {
                Event::Up(member) => self.up(now, member.agent),
                Event::Down(member) => lost.extend(self.down(now, member.agent)),
                Event::Hinted(hint) => self.sheets.handle_hint(now, None, hint),
                // Who is there stays so under another address or after another start, and what an agent
                // is told of itself its shell reads from the membership.
                _ => {}
            }
        }
        if self.reconciles_at <= now {
            self.reconciles_at = now.after(RECONCILES_EVERY);
            lost.extend(self.reconcile(now));
        }
        while let Some(change) = self.sheets.poll_change() {
            self.read(&change);
        }
        lost
    }

    /// Brings what is known of who is there in line with the membership.
    fn reconcile(&mut self, now: Time) -> Vec<AgentId> {
        let members = self.membership.members();
        let me = self.membership.me().agent;
        let missed: Vec<AgentId> = members
            .keys()
            .filter(|agent| !self.candidates.is_up(agent))
            .copied()
            .collect();
        for agent in missed {
            self.up(now, agent);
        }
        let gone: Vec<AgentId> = self
            .candidates
            .up()
            .filter(|agent| **agent != me && !members.contains_key(agent))
            .copied()
            .collect();
        let lost = gone
            .into_iter()
            .filter_map(|agent| self.down(now, agent))
            .collect();
        let forgotten: Vec<AgentId> = self
            .gone_since
            .iter()
            .filter(|(_, since)| now.since(**since) >= FORGETS_AFTER)
            .map(|(agent, _)| *agent)
            .collect();
        for agent in forgotten {
            self.gone_since.remove(&agent);
            self.sheets.forget(now, agent);
            self.candidates.forget(&agent);
        }
        lost
    }

    fn up(&mut self, now: Time, agent: AgentId) {
        self.gone_since.remove(&agent);
        self.candidates.set_up(agent, true);
        self.sheets.handle_up(now, agent);
    }

    /// Gives the agent back if it was there until now.
    fn down(&mut self, now: Time, agent: AgentId) -> Option<AgentId> {
        let was_up = self.candidates.is_up(&agent);
        self.candidates.set_up(agent, false);
        self.sheets.handle_down(now, agent);
        self.gone_since.entry(agent).or_insert(now);
        was_up.then_some(agent)
    }

    /// Reads from a sheet what its agent's machine has, and whom it looks at.
    fn read(&mut self, change: &SheetChange) {
        let (mut capacity, mut considers) = (None, None);
        let sheet = self.sheets.sheet(change.owner);
        for promise in sheet.into_iter().flat_map(|sheet| sheet.promises()) {
            match promise.body() {
                Body::Capacity(its) => capacity = Some(its.clone()),
                Body::Consider(its) => considers = Some(its.clone()),
                _ => {}
            }
        }
        self.candidates.set_capacity(change.owner, capacity);
        self.candidates.set_considers(change.owner, considers);
    }
}

impl<C: Powers> Agent<C> {
    /// Takes in who is there and what they promise. Whoever is gone is asked nothing more, and what it
    /// hosts is in doubt.
    pub(super) fn look_around(&mut self, now: Time) {
        for agent in self.view.take_in(now) {
            self.tending.handle_lost(now, &agent);
        }
    }
}
