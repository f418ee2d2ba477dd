//! The register of one name, and when something is to be done about it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gary_promise::{AgentId, Asked, Configuration, Consultation, Learned, Time, Verdict};
use rand::Rng;

use super::chosen::learned;
use super::kept::Kept;
use super::succeeding::Fellows;
use super::wanted::Wanted;
use crate::backoff::Waits;
use crate::exclusive::Seat;
use crate::register::{Done, Register, Votes};

/// How long keepers have to answer before those who have not are asked again.
pub const ASKS_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// How long an agent waits that was outbid before it tries again: long enough for the other to be done, and longer
/// each time.
pub const OUTBID_WAITS: Waits = Waits {
    first_ms: 50,
    longest_ms: 1_000,
};

/// How long a keeper waits that has voted and does not hear what was chosen, before it finds out itself.
pub const READS_WAITS: Waits = Waits {
    first_ms: 2_000,
    longest_ms: 60_000,
};

/// How long whoever tells a keeper what was chosen waits before it does so again.
pub const TELLS_WAITS: Waits = Waits {
    first_ms: 1_000,
    longest_ms: 4_000,
};

/// What follows from a step of a register.
pub(super) type Step = Done<Kept, Wanted>;

/// The register of one name.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) register: Register<Kept, Wanted>,
    /// Who would keep it if nobody does.
    pub(super) proposed: Configuration,
    /// It was outbid, and does not try again before.
    pub(super) rests_until: Option<Time>,
    /// How often in a row it was.
    outbid: u32,
    /// When those who have not answered are asked again.
    pub(super) asks_at: Option<Time>,
    /// When it finds out what has become of its last vote, and how often it has tried to.
    pub(super) reads_at: Option<Time>,
    reads: u32,
    /// It was outbid when it tried to, and tries once more before it waits as long again.
    reads_once_more: bool,
    /// Who was told what is chosen and has not said that it knows, when they are told again, and how often they were.
    pub(super) untold: BTreeSet<AgentId>,
    pub(super) tells_at: Option<Time>,
    tells: u32,
    /// Who keeps it with this agent.
    pub(super) fellows: Fellows,
    /// Since when it is kept with whom, for what is exclusive.
    pub(super) seat: Option<Seat>,
    /// What others have asked, each last, while it was not sure that it may vote.
    pub(super) unanswered: BTreeMap<AgentId, Asked<Kept>>,
    /// Who else knows what is chosen, by its own word in this start.
    pub(super) knowing: BTreeSet<AgentId>,
    /// When it is looked whether what is deleted can be forgotten, how often it was, and whether another has forgotten it.
    pub(super) collects_at: Option<Time>,
    pub(super) collects: u32,
    pub(super) is_collected: bool,
    /// When it stands in the queue.
    pub(super) queued_at: Option<Time>,
}

impl Named {
    pub(super) fn new(register: Register<Kept, Wanted>, proposed: Configuration) -> Self {
        Self {
            register,
            proposed,
            rests_until: None,
            outbid: 0,
            asks_at: None,
            reads_at: None,
            reads: 0,
            reads_once_more: false,
            untold: BTreeSet::new(),
            tells_at: None,
            tells: 0,
            fellows: Fellows::default(),
            seat: None,
            unanswered: BTreeMap::new(),
            knowing: BTreeSet::new(),
            collects_at: None,
            collects: 0,
            is_collected: false,
            queued_at: None,
        }
    }

    /// Who votes on it, if it has begun.
    pub(super) fn keepers(&self) -> Option<&Configuration> {
        self.register.votes().map(Votes::configuration)
    }

    /// Tries what is to be tried. Who may not try yet looks again in a while.
    pub(super) fn go_on(
        &mut self,
        now: Time,
        may_try: bool,
        done: &mut Step,
        random: &mut impl Rng,
    ) {
        if let Some(keepers) = done.elsewhere.take() {
            self.is_kept_by(&keepers, done);
        }
        if done.is_outbid {
            self.outbid = self.outbid.saturating_add(1);
            self.rests_until = Some(now.after(OUTBID_WAITS.after(self.outbid, random)));
        }
        if !self.register.is_trying() && self.rests_until.is_none() {
            self.asks_at = None;
            match may_try {
                true => self.begin(done),
                false => self.rests_until = Some(now.after(ASKS_AGAIN_AFTER)),
            }
        }
        if !done.settled.is_empty() {
            self.outbid = 0;
        }
        let is_trying = self.register.is_trying();
        if is_trying && self.asks_at.is_none() {
            self.asks_at = Some(now.after(ASKS_AGAIN_AFTER));
        }
        let is_open = self
            .register
            .votes()
            .is_some_and(|its| its.voted().is_some());
        if !is_open {
            self.reads = 0;
        }
        if is_trying || !is_open {
            self.reads_at = None;
        } else if done.is_outbid && self.register.changes().is_empty() && !self.reads_once_more {
            // Whoever was promised a later attempt may have given it up long ago.
            self.reads_once_more = true;
            self.reads_at = self.rests_until;
        } else if self.reads_at.is_none() {
            self.reads_once_more = false;
            self.reads = self.reads.saturating_add(1);
            self.reads_at = Some(now.after(READS_WAITS.after(self.reads, random)));
        }
    }

    /// When something is to be done, as long as something is wanted, or it is not known what became of a vote.
    pub(super) fn due_at(&self) -> Option<Time> {
        let is_wanted = !self.register.changes().is_empty();
        let tries_at = match is_wanted {
            true => self.rests_until.or(self.asks_at),
            false => self.asks_at.filter(|_| self.register.is_trying()),
        };
        let others = [
            self.reads_at,
            self.tells_at,
            self.collects_at,
            self.fellows.due_at,
        ];
        tries_at
            .into_iter()
            .chain(others.into_iter().flatten())
            .min()
    }

    /// Who was told what is chosen is told again, as long as it does not say that it knows.
    pub(super) fn note_told(&mut self, now: Time, done: &Step, random: &mut impl Rng) {
        if !done.chosen.is_empty() {
            // Who keeps it no more may not have heard even that, and is told what stands now.
            let keepers = self.register.votes().map(Votes::configuration);
            self.untold
                .retain(|its| keepers.is_some_and(|keepers| !keepers.has(its)));
            self.tells = 0;
            self.knowing.clear();
        }
        let told = done.said.iter();
        let told = told.filter(|(_, what)| matches!(what, Consultation::Chosen(_)));
        self.untold.extend(told.map(|(to, _)| *to));
        if self.untold.is_empty() {
            self.tells_at = None;
        } else if self.tells_at.is_none() {
            self.tells = self.tells.saturating_add(1);
            self.tells_at = Some(now.after(TELLS_WAITS.after(self.tells, random)));
        }
    }

    /// A keeper knows by now what was chosen.
    pub(super) fn handle_learned(&mut self, from: AgentId, said: &Learned) {
        let chosen = self.register.votes().and_then(Votes::chosen);
        if chosen.is_some_and(|its| *said >= learned(its)) {
            self.untold.remove(&from);
        }
    }

    /// Begins with the first change, and where that is settled at once with the next.
    fn begin(&mut self, done: &mut Step) {
        while !self.register.is_trying() && !self.register.changes().is_empty() {
            let settled = done.settled.len();
            self.register.begin(&self.proposed, done);
            if !self.register.is_trying() && done.settled.len() == settled {
                let keepers = self.keepers().unwrap_or(&self.proposed).clone();
                self.is_kept_by(&keepers, done);
            }
        }
    }

    /// It is thought by now that these would keep the name, if nobody does.
    pub(super) fn move_to(&mut self, keepers: &Configuration) {
        self.proposed = keepers.clone();
        self.register.move_to(keepers);
    }

    /// Others keep the name: whoever wants something of it is to ask them.
    pub(super) fn is_kept_by(&mut self, keepers: &Configuration, done: &mut Step) {
        let wanted = self.register.drop_changes(|_| true);
        let verdict = Verdict::Elsewhere(keepers.clone());
        done.settled
            .extend(wanted.into_iter().map(|its| (its, verdict.clone())));
    }
}
