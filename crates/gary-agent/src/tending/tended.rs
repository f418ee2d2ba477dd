//! One workload that this agent keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gary_promise::{
    AgentId, Evidence, Generation, Host, Observer, Own, Promise, Reason, Requirement, Runs,
    SignedRecord, Slot, Time, Use, Value, Verified, Version, WorkloadId,
};
use rand::Rng;

use super::counted::{Acceptance, Counted, Standing};
use super::dismissed::{Dismissed, dismiss};
use super::failing::Failures;
use super::history::History;
use super::refusals::Refusals;
use super::round::{ROUND_WAITS, Round};
use super::running::Unseen;
use super::turn::Turn;
use crate::candidates::Candidates;
use crate::hosting::Order;
use crate::keepers::Keepers;
use crate::trust::Trust;
use crate::voice::{Speech, Voice};

/// How often a keeper looks at what it counts, besides when something happens.
pub(super) const LOOKS_EVERY: Duration = Duration::from_secs(1);

/// A promise that was kept for as long is one experience more for trust.
const KEPT_FOR: Duration = Duration::from_secs(60);

/// One workload that this agent keeps: the owner's intent, and the hostings counted against it.
#[derive(Debug)]
pub(super) struct Tended {
    pub(super) workload: WorkloadId,
    pub(super) intent: Verified<Promise>,
    pub(super) wanted: Use,
    pub(super) keep: Own<Promise>,
    /// Who keeps it, this agent among them, in the order in which it is their turn. Nobody where this agent alone does.
    pub(super) keepers: Vec<AgentId>,
    /// Whether it is this keeper's turn to fill holes.
    pub(super) fills: Turn,
    /// Until then it does not know yet what others have bound.
    pub(super) learns_until: Time,
    pub(super) slots: BTreeMap<Slot, Vec<Counted>>,
    pub(super) round: Option<Round>,
    pub(super) dismissed: Dismissed,
    /// Who hosted a slot last and broke that promise, until the slot is hosted again: whoever else offers comes
    /// first.
    pub(super) failed: BTreeMap<Slot, AgentId>,
    /// When the last round was opened, and how many in a row without much time between them.
    pub(super) opened_at: Time,
    pub(super) opened: u32,
    /// Rounds in a row that left slots open.
    pub(super) attempts: u32,
    /// Who had not answered when a round was over, and has not since: no slot waits for them alone. They are no more
    /// than there are members.
    pub(super) silent: BTreeSet<AgentId>,
    pub(super) next_round_at: Time,
    pub(super) refusals: Refusals,
    /// Slots in which an earlier generation was to make way for the intent's before that runs.
    pub(super) instead: BTreeSet<Slot>,
    /// The same for a later intent than this keeper knows of yet.
    pub(super) foreseen: BTreeSet<Slot>,
    /// Whether an earlier generation makes way since nobody has room for both, though none was to be without a hosting.
    pub(super) makes_do: bool,
    /// Hostings of the intent's generation that fail.
    pub(super) failing: Failures,
    /// Which intents stood before.
    pub(super) history: History,
    /// What has been run to completion, by what was chosen.
    pub(super) runs: Runs,
    /// Since when runs are had by hostings that it knows nothing of.
    pub(super) unseen: Unseen,
}

/// What a keeper works with.
pub(super) struct Keeper<'a, C, R> {
    pub(super) now: Time,
    pub(super) voice: &'a mut Voice<C, Order>,
    pub(super) candidates: &'a Candidates,
    pub(super) keepers: &'a Keepers,
    pub(super) trust: &'a mut Trust,
    pub(super) random: &'a mut R,
}

impl<C: Speech, R> Keeper<'_, C, R> {
    pub(super) fn observer(&self) -> Observer {
        Observer::new(self.voice.promiser(), super::counted::PATIENCE)
    }
}

impl Tended {
    pub(super) fn new(
        workload: WorkloadId,
        intent: Verified<Promise>,
        wanted: Use,
        keep: Own<Promise>,
        now: Time,
    ) -> Self {
        Self {
            workload,
            intent,
            wanted,
            keep,
            keepers: Vec::new(),
            fills: Turn::default(),
            learns_until: now,
            slots: BTreeMap::new(),
            round: None,
            dismissed: Dismissed::default(),
            failed: BTreeMap::new(),
            opened_at: now,
            opened: 0,
            attempts: 0,
            silent: BTreeSet::new(),
            next_round_at: now,
            refusals: Refusals::default(),
            instead: BTreeSet::new(),
            foreseen: BTreeSet::new(),
            makes_do: false,
            failing: Failures::default(),
            history: History::default(),
            runs: Runs::default(),
            unseen: Unseen::default(),
        }
    }

    /// A later generation takes the place of the intent. What is hosted stays until the later one is. Who would not
    /// host the earlier may host it. What was offered for the earlier and waits to be accepted is not any more: says
    /// which offers these are.
    pub(super) fn update(
        &mut self,
        intent: Verified<Promise>,
        wanted: Use,
        now: Time,
    ) -> Vec<(AgentId, Version)> {
        let offered = self.end_round();
        self.intent = intent;
        self.wanted = wanted;
        self.attempts = 0;
        self.silent.clear();
        self.refusals = Refusals::default();
        self.next_round_at = now;
        self.instead = std::mem::take(&mut self.foreseen);
        self.makes_do = false;
        self.failing = Failures::default();
        let valency = self.wanted.used();
        self.failed.retain(|slot, _| valency.has(*slot));
        offered
    }

    /// What was offered and waits to be accepted is not any more: says which offers these are.
    pub(super) fn end_round(&mut self) -> Vec<(AgentId, Version)> {
        let mut round = self.round.take();
        let offers = round.as_mut().map(Round::take_offers).unwrap_or_default();
        offers
            .into_values()
            .flatten()
            .map(|its| (its.offer.by(), its.offer.version()))
            .collect()
    }

    /// What the intent is made under the condition of, and is not so. While there is any, the intent is pending:
    /// nobody is invited, and nobody to blame.
    pub(super) fn unmet(&self, keepers: &Keepers) -> Vec<&Requirement> {
        self.intent
            .condition()
            .unmet(|required| keepers.meet(required))
    }

    /// The hostings that are counted.
    pub(super) fn counted(&self) -> impl Iterator<Item = &Counted> {
        self.slots.values().flatten()
    }

    /// Whether the owner uses nothing any more, and nothing is counted.
    pub(super) fn is_over(&self) -> bool {
        self.wanted.valency.get() == 0 && self.slots.is_empty()
    }

    /// Counts a hosting: its offer was accepted, now or before a start, by this keeper or another.
    pub(super) fn count(
        &mut self,
        offer: Verified<Promise>,
        host: Host,
        acceptance: Acceptance,
        slot: Slot,
        now: Time,
    ) {
        self.slots.entry(slot).or_default().push(Counted {
            evidence: Evidence::heard(gary_promise::Word::Renewal, offer.version(), now),
            offer,
            host,
            acceptance,
            is_withdrawn: false,
            hosted_at: None,
            is_idle: false,
            ends_by: None,
            kept_since: now,
            noted: Value::Kept,
        });
    }

    /// When something is to be done.
    pub(super) fn due_at(&self, now: Time) -> Time {
        let look = now.after(LOOKS_EVERY);
        match &self.round {
            Some(round) => round.ends_at.min(look),
            None if self.next_round_at > now => self.next_round_at.min(look),
            None => look,
        }
    }

    /// Whether a round has heard from everybody it asked, and waits to be closed.
    pub(super) fn is_answered(&self) -> bool {
        self.round.as_ref().is_some_and(Round::is_complete)
    }

    /// Looks at what is counted, and does what follows from it: lets go what is broken or surplus, and
    /// invites where there are holes.
    pub(super) fn look<C: Speech, R: Rng>(
        &mut self,
        keeper: &mut Keeper<'_, C, R>,
    ) -> Vec<(AgentId, Version)> {
        let mut gone = self.let_go(keeper);
        gone.extend(self.settle_surplus(keeper));
        gone.extend(self.relieve(keeper));
        if self
            .round
            .as_ref()
            .is_some_and(|round| round.is_complete() || round.ends_at <= keeper.now)
        {
            gone.extend(self.close_round(keeper));
        }
        let is_due = self.round.is_none() && self.next_round_at <= keeper.now;
        if is_due && self.fills_holes(keeper) && self.unmet(keeper.keepers).is_empty() {
            self.open_round(keeper);
        }
        gone
    }

    /// Takes back the acceptance of what is broken, of what is beyond the valency, and of an earlier
    /// generation whose slot is hosted at a later one. Says which offers are not counted any more.
    fn let_go<C: Speech, R: Rng>(
        &mut self,
        keeper: &mut Keeper<'_, C, R>,
    ) -> Vec<(AgentId, Version)> {
        let (now, observer) = (keeper.now, keeper.observer());
        let (valency, generation) = (self.wanted.used(), self.wanted.lineage.generation());
        let is_exclusive = self.wanted.exclusive;
        let completes = self.wanted.mode.completes();
        let over = self.over();
        let is_first = self.place(keeper) == 0;
        let mut gone = Vec::new();
        for (slot, counted) in &mut self.slots {
            // Bound is not hosted yet: nothing goes for what may never run. What is exclusive runs only once the earlier has
            // gone.
            let hosted = counted.iter().filter(|its| {
                let waits = is_exclusive && its.standing(&observer, now) == Standing::Good;
                waits || its.is_hosted(&observer, now)
            });
            let latest = hosted.map(Counted::generation).max();
            // Of several that were superseded one is enough. Only one keeper at a time says which, so that no two stop for
            // each other: what one holds for idle, another may have just heard to run.
            let latest_of_all = latest.filter(|its| is_first || *its >= generation);
            let is_idle = |its: &Counted| {
                is_first
                    && its.is_idle
                    && its.generation() < generation
                    && latest.is_some_and(|latest| its.generation() > latest)
            };
            counted.retain_mut(|its| {
                let standing = its.standing(&observer, now);
                if let Some(news) = its.news(&observer, now) {
                    keeper.voice.note(news, self.workload, Some(*slot));
                }
                // What the intent of a later generation has in mind, this keeper has yet to learn.
                let is_unused = !valency.has(*slot) && its.generation() <= generation;
                let is_replaced = Some(its.generation()) < latest_of_all;
                let is_outdated = is_unused || is_replaced || is_idle(its);
                // What is run anew need not wait for it.
                let is_outdated = is_outdated || (completes && its.generation() < generation);
                // Of what others have bound, its host hears that it is done once it tells or claims it.
                let is_done = over.contains(slot) && !its.is_others();
                let reason = match standing {
                    Standing::Bad => Reason::Unstated,
                    _ if is_done && !is_outdated => Reason::Completed,
                    _ if is_outdated => Reason::Outdated,
                    Standing::Doubtful => return true,
                    Standing::Good => {
                        if now.since(its.kept_since) >= KEPT_FOR {
                            its.kept_since = now;
                            keeper.trust.kept(its.offer.by());
                        }
                        return true;
                    }
                };
                if standing == Standing::Bad && !its.is_withdrawn() {
                    keeper.trust.broken(its.offer.by());
                    self.failed.insert(*slot, its.offer.by());
                }
                if reason == Reason::Outdated {
                    self.refusals.has_room(&its.offer.by());
                    // Each goes once: that is no slot which opens again and again.
                    self.opened = 0;
                }
                gone.push(uncount(its, reason, keeper.voice, &mut self.dismissed));
                false
            });
        }
        self.slots.retain(|_, counted| !counted.is_empty());
        if !gone.is_empty() {
            self.reopen(keeper.now, keeper.random);
            self.attempts = 0;
        }
        gone
    }

    /// Whoever is gone answers no more, and what it hosts is in doubt: these offers of its.
    pub(super) fn handle_lost(
        &mut self,
        agent: &AgentId,
        offers: impl IntoIterator<Item = (Slot, Version)>,
        now: Time,
        random: &mut impl Rng,
    ) {
        if let Some(round) = &mut self.round {
            round.lost(agent);
        }
        for (slot, offer) in offers {
            self.learn(slot, agent, offer, Evidence::lost(now));
        }
        self.reopen(now, random);
        self.attempts = 0;
    }

    /// An agent's machine has another capacity than before. Says whether slots are open that it may be asked for.
    pub(super) fn handle_capacity(
        &mut self,
        agent: &AgentId,
        now: Time,
        random: &mut impl Rng,
    ) -> bool {
        self.refusals.handle_capacity(agent);
        let is_open = self.attempts > 0;
        if is_open {
            self.reopen(now, random);
            self.attempts = 0;
        }
        is_open
    }

    /// Learns something of one hosting, counted or offered. Says whether it is news.
    pub(super) fn learn(
        &mut self,
        slot: Slot,
        host: &AgentId,
        offer: Version,
        evidence: Evidence,
    ) -> bool {
        let round = self.round.as_mut();
        let is_news = round.is_some_and(|its| its.learn(slot, host, offer, evidence));
        let counted = self.counted_by(slot, host, offer);
        counted.is_some_and(|its| its.learn(evidence)) || is_news
    }

    /// A host says that it hosts something. Says whether an update can go on by that.
    pub(super) fn hosted(&mut self, slot: Slot, host: &AgentId, offer: Version, now: Time) -> bool {
        let Some(its) = self.counted_by(slot, host, offer) else {
            return false;
        };
        its.is_idle = false;
        let is_new = its.hosted_at.replace(now).is_none();
        let generation = its.generation();
        let is_later = generation > Generation::FIRST;
        if generation == self.wanted.lineage.generation() {
            self.instead.remove(&slot);
            self.foreseen.remove(&slot);
            self.failing.runs(slot);
            // The next can follow soon: no slot opens again and again by that.
            if is_new && is_later {
                self.opened = 0;
                let soon = self.opened_at.after(ROUND_WAITS.least()).max(now);
                self.next_round_at = self.next_round_at.min(soon);
            }
        }
        if is_new && is_later {
            self.fills.rest();
        }
        is_new && (is_later || self.is_left(slot))
    }

    /// A host says that something which it has bound does not run.
    pub(super) fn idle(&mut self, slot: Slot, host: &AgentId, offer: Version) {
        if let Some(its) = self.counted_by(slot, host, offer) {
            its.is_idle = true;
            its.hosted_at = None;
        }
    }

    /// A host says by when it takes back what it hosts, or that it hosts on. Says whether that is news.
    pub(super) fn ends(
        &mut self,
        slot: Slot,
        host: &AgentId,
        offer: Version,
        by: Option<Time>,
    ) -> bool {
        let Some(its) = self.counted_by(slot, host, offer) else {
            return false;
        };
        let before = std::mem::replace(&mut its.ends_by, by);
        before.is_some() != by.is_some()
    }

    /// A host took its offer back, or does not stand by it. Says whether it is counted, until it is let go.
    pub(super) fn handle_withdrawn(
        &mut self,
        slot: Slot,
        host: &AgentId,
        offer: Version,
        now: Time,
    ) -> bool {
        if let Some(round) = &mut self.round {
            round.withdrawn(slot, host, offer);
        }
        let counted = self.counted_by(slot, host, offer);
        counted.map(|its| its.withdrawn(now)).is_some()
    }

    /// This keeper's acceptance of an offer, where it is counted.
    pub(super) fn acceptance(
        &mut self,
        slot: Slot,
        host: &AgentId,
        offer: Version,
    ) -> Option<SignedRecord> {
        match &self.counted_by(slot, host, offer)?.acceptance {
            Acceptance::Own(its) => Some(SignedRecord::Promise(its.signed().clone())),
            Acceptance::Others => None,
        }
    }

    /// What is counted by an offer.
    pub(super) fn counted_by(
        &mut self,
        slot: Slot,
        host: &AgentId,
        offer: Version,
    ) -> Option<&mut Counted> {
        let mut counted = self.slots.get_mut(&slot)?.iter_mut();
        counted.find(|its| its.offer.by() == *host && its.offer.version() == offer)
    }
}

/// Takes the acceptance of what was counted back. Where that is another keeper's, its host is told that it is not needed;
/// of what is broken, each keeper makes what it has seen itself, and says nothing.
pub(super) fn uncount<C: Speech>(
    its: &Counted,
    reason: Reason,
    voice: &mut Voice<C, Order>,
    dismissed: &mut Dismissed,
) -> (AgentId, Version) {
    let (host, offer) = (its.offer.by(), its.offer.version());
    match &its.acceptance {
        Acceptance::Own(acceptance) => {
            let withdrawal = voice.withdraw(acceptance, reason);
            voice.forget(its.offer.id());
            voice.tell(
                host,
                [SignedRecord::Withdrawal(withdrawal.signed().clone())],
            );
        }
        Acceptance::Others if reason == Reason::Unstated => {}
        Acceptance::Others => {
            dismissed.add(host, offer);
            dismiss(voice, host, [offer]);
        }
    }
    (host, offer)
}
