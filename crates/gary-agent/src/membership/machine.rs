//! The membership of one agent.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use foca::Foca;
use gary_promise::{
    AgentId, BootEpoch, BootNonce, Hint, Incarnation, Liveness, Member, MemberId, PacketCodec,
    PacketHead, Probe, Renewals, Saying, Time,
};
use rand::{SeedableRng, rngs::ChaCha8Rng};

use super::{
    Counters, Event, HeldOff, Settings, Unusable,
    adapter::{Adapter, foca_member, our_member},
    hints::{Hints, Relay},
    identity::{Who, cloned, is_cloned, of_a_start},
    lag::Lag,
    outside::Outside,
    packet::{Packet, about},
    rejoin::Rejoin,
    settings::ms,
    timers::Alarm,
    vetting::{Verdict, Vetting, down},
};

/// The most seeds that are kept. Those given past it are not used.
const SEEDS_MAX: usize = 64;

/// Who may know the cluster: an agent, and where it was last known to be.
///
/// Where only an address is known, connecting to it says which agent is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed {
    /// The agent.
    pub agent: AgentId,
    /// Where it can be reached.
    pub address: SocketAddr,
}

/// Who is a member, as one agent sees it.
///
/// It is driven from outside. After any call that takes the time, take what [`poll_packet`] and
/// [`poll_event`] have until they have no more, and call [`handle_timeout`] when [`poll_timeout`] says.
/// Hand in packets that have already come before timeouts that are already due, where there is a choice;
/// nothing breaks where there is none.
///
/// [`poll_packet`]: Self::poll_packet
/// [`poll_event`]: Self::poll_event
/// [`handle_timeout`]: Self::handle_timeout
/// [`poll_timeout`]: Self::poll_timeout
pub struct Membership<C: PacketCodec> {
    me: MemberId,
    settings: Settings,
    config: foca::Config,
    codec: C,
    foca: Foca<Who, Adapter<C>, ChaCha8Rng, Relay<C>>,
    outside: Outside,
    lag: Lag,
    hints: Hints,
    rejoin: Rejoin,
    seeds: BTreeMap<AgentId, SocketAddr>,
    /// Where in the order of those that may know the cluster to go on asking.
    turn: usize,
    /// The most renewals of this start that anybody has claimed.
    renewals_claimed: Renewals,
    phase: Phase,
    /// Whether what is due was put off already, so that an agent that is always late still gets there.
    put_off: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Taking,
    HeldOff(HeldOff),
    Left,
}

impl<C: PacketCodec + Clone> Membership<C> {
    /// The membership of `me`, which knows nobody yet.
    ///
    /// `me` is a start: its epoch is on disk already, and its nonce was drawn for it. Runs with the same
    /// `seed` that are handed the same make the same choices.
    pub fn new(me: MemberId, settings: Settings, seed: u64, codec: C, now: Time) -> Self {
        let me = of_a_start(me);
        let config = settings.config();
        let foca = Foca::with_custom_broadcast(
            Who(me),
            config.clone(),
            ChaCha8Rng::seed_from_u64(seed),
            Adapter::new(codec.clone()),
            Relay::new(codec.clone()),
        );
        // More lag than makes a difference to suspicion need not be remembered.
        let lag_max = ms(settings.suspicion_ms_max);
        Self {
            me,
            lag: Lag::new(now, lag_max, settings.lag_fade_percent),
            settings,
            config,
            codec,
            foca,
            outside: Outside::new(now),
            hints: Hints::default(),
            rejoin: Rejoin::default(),
            seeds: BTreeMap::new(),
            // Agents that start together do not all ask the same first.
            turn: usize::try_from(seed % 0xffff).unwrap_or_default(),
            renewals_claimed: me.renewals,
            phase: Phase::Taking,
            put_off: false,
        }
    }

    /// Takes a packet that came over the connection with `from`.
    ///
    /// Bytes that are no packet, and packets that may not take effect, change nothing and are counted.
    pub fn handle_packet(&mut self, now: Time, from: AgentId, bytes: &[u8]) {
        self.outside.now = now;
        if self.phase != Phase::Taking {
            self.outside.counters.count(Unusable::Absent);
            return;
        }
        match Packet::read(bytes, &self.codec) {
            Ok(packet) => self.take(now, &from, packet),
            Err(why) => self.outside.counters.count(why),
        }
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Time) {
        self.outside.now = now;
        let Some(due) = self.outside.timers.next().filter(|due| *due <= now) else {
            return;
        };
        self.lag.observe(now, due);
        let late = now.since(due);
        if late >= ms(self.settings.late_ms_min) && !self.put_off {
            // This agent was away. The answers that it waits for may have come meanwhile, so nobody is
            // judged before they have been read: for its timers the time away has not passed.
            self.put_off = true;
            self.outside.counters.late += 1;
            let catch_up = ms(self.settings.catch_up_ms);
            self.outside.timers.put_off(late.saturating_add(catch_up));
            return;
        }
        self.put_off = false;
        // What is due was set before; what it sets is for later, up to the end of time.
        for _ in 0..self.outside.timers.len() {
            let Some(alarm) = self.outside.timers.take_due(now) else {
                break;
            };
            self.sound(now, alarm);
        }
    }

    /// Looks for a cluster by way of `seeds`, and goes on until some member is known.
    ///
    /// Without a seed, it waits to be found.
    pub fn join(&mut self, now: Time, seeds: impl IntoIterator<Item = Seed>) {
        self.outside.now = now;
        for seed in seeds {
            let known = self.seeds.contains_key(&seed.agent);
            if seed.agent != self.me.agent && (known || self.seeds.len() < SEEDS_MAX) {
                self.seeds.insert(seed.agent, seed.address);
            }
        }
        self.seek(now);
    }

    /// Leaves: tells some members, and takes no part any more.
    pub fn leave(&mut self, now: Time) {
        self.outside.now = now;
        if self.phase != Phase::Taking {
            return;
        }
        let left = self.foca.leave_cluster(&mut self.outside);
        self.check(left);
        for _ in 1..self.settings.leave_rounds {
            let said = self.foca.gossip(&mut self.outside);
            self.check(said);
        }
        self.phase = Phase::Left;
        self.outside.timers.clear();
    }

    /// Goes on at another address.
    pub fn relocate(&mut self, now: Time, address: SocketAddr) {
        self.outside.now = now;
        if self.phase == Phase::Taking && address != self.me.address {
            self.renew(now, address);
        }
    }

    /// Tells everybody that an agent's sheet has changed: this agent's own, or a known one's.
    ///
    /// A hint that is not newer than the last of its agent is not passed on.
    pub fn hint(&mut self, now: Time, hint: Hint) {
        self.outside.now = now;
        let known = hint.agent == self.me.agent || self.outside.roster.get(&hint.agent).is_some();
        if self.phase != Phase::Taking || !known || !self.hints.hear(&hint) {
            return;
        }
        let mut bytes = Vec::new();
        self.codec.pack_hint(&hint, &mut bytes);
        let added = self.foca.add_broadcast(&bytes).map(|_| ());
        self.check(added);
        let said = self.foca.broadcast(&mut self.outside);
        self.check(said);
    }

    /// The next packet to send, and to whom.
    pub fn poll_packet(&mut self) -> Option<(MemberId, Vec<u8>)> {
        self.outside.next_packet()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    pub fn poll_timeout(&self) -> Option<Time> {
        self.outside.timers.next()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.outside.next_event()
    }

    /// The members that are there, suspects among them and this agent not, in the order of their agents.
    pub fn members(&self) -> BTreeMap<AgentId, Member> {
        self.foca
            .iter_members()
            .map(our_member)
            .map(|member| (member.id.agent, member))
            .collect()
    }

    /// How many members are there, without this agent.
    pub fn members_count(&self) -> usize {
        self.foca.num_members()
    }

    /// Who this agent is, now.
    pub const fn me(&self) -> &MemberId {
        &self.me
    }

    /// Whether some other member is known.
    pub const fn is_joined(&self) -> bool {
        matches!(self.phase, Phase::Taking) && self.outside.joined
    }

    /// Why this agent keeps out of the cluster, if it does.
    pub const fn held_off(&self) -> Option<HeldOff> {
        match self.phase {
            Phase::HeldOff(why) => Some(why),
            Phase::Taking | Phase::Left => None,
        }
    }

    /// How long a member that this agent suspects now has to say otherwise.
    pub fn suspicion(&self, now: Time) -> Duration {
        self.settings.suspicion(self.lag.recent(now))
    }

    /// What was counted so far.
    pub const fn counters(&self) -> &Counters {
        &self.outside.counters
    }

    fn take(&mut self, now: Time, from: &AgentId, mut packet: Packet<'_>) {
        let verdict = Vetting {
            me: &self.me,
            from,
            roster: &self.outside.roster,
            hints: &self.hints,
            members_max: usize::try_from(self.settings.members_max).unwrap_or(usize::MAX),
        }
        .judge(&mut packet, &mut self.outside.counters);
        self.obey(now, &packet.head, &verdict);
        if let Some(why) = verdict.unusable {
            self.outside.counters.count(why);
            return;
        }
        if self.phase != Phase::Taking {
            return;
        }
        for hint in &packet.hints {
            if self.hints.hear(&hint.value) {
                self.outside.tell(Event::Hinted(hint.value));
            }
        }
        match self.foca.handle_data(&packet.bytes(), &mut self.outside) {
            Ok(()) => self.outside.counters.packets_taken += 1,
            Err(_) => self.outside.counters.count(Unusable::Foca),
        }
        self.settle(now);
    }

    fn obey(&mut self, now: Time, head: &PacketHead, verdict: &Verdict) {
        if let Some(member) = &verdict.explain {
            self.send_about(head.from, Saying::Gossip, member);
        }
        for id in &verdict.cloned {
            self.declare_cloned(id);
        }
        if let Some(why) = verdict.held_off {
            self.hold_off(why);
            return;
        }
        if let Some(renewals) = verdict.renewed {
            self.renewals_claimed = self.renewals_claimed.max(renewals);
            self.outside.taken_for_dead = true;
        }
        self.settle(now);
    }

    fn sound(&mut self, now: Time, alarm: Alarm) {
        match alarm {
            Alarm::Foca(timer) => self.sound_foca(now, timer),
            Alarm::Remind(member, incarnation) => self.remind(now, member, incarnation),
            Alarm::Join => {
                if !self.outside.joined {
                    self.seek(now);
                }
            }
            Alarm::Rejoin => self.renew(now, self.me.address),
        }
        self.settle(now);
    }

    fn sound_foca(&mut self, now: Time, timer: foca::Timer<Who>) {
        let mut removed = None;
        match &timer {
            // The end of one probe is where somebody may become a suspect.
            foca::Timer::ProbeRandomMember(_) => self.tune(now),
            foca::Timer::RemoveDown(who) => removed = Some(who.0.agent),
            // foca 1.0 would tell a member that has refuted the suspicion that it is down, and the
            // member would believe it.
            foca::Timer::ChangeSuspectToDown {
                member_id,
                incarnation,
                ..
            } if !self.suspects(&member_id.0, Incarnation(*incarnation)) => return,
            _ => {}
        }
        let handled = self.foca.handle_timer(timer, &mut self.outside);
        self.check(handled);
        if let Some(agent) = removed
            && !self
                .foca
                .iter_membership_state()
                .any(|member| member.id().0.agent == agent)
        {
            self.outside.roster.forget(&agent);
            self.hints.forget(&agent);
        }
    }

    /// Does what foca has left to do.
    fn settle(&mut self, now: Time) {
        for (member, incarnation) in std::mem::take(&mut self.outside.suspects) {
            self.remind(now, member, incarnation);
        }
        if std::mem::take(&mut self.outside.taken_for_dead)
            && !self.outside.timers.is_set(&Alarm::Rejoin)
        {
            let at = self.rejoin.allowed(now, &self.settings);
            if at <= now {
                self.renew(now, self.me.address);
            } else {
                self.outside.timers.set(at, Alarm::Rejoin);
            }
        }
        if self.phase == Phase::Taking
            && !self.outside.joined
            && !self.outside.timers.is_set(&Alarm::Join)
            && !self.acquaintances().is_empty()
        {
            let at = now.after(ms(self.settings.join_retry_ms));
            self.outside.timers.set(at, Alarm::Join);
        }
    }

    /// Gives suspects as long as this agent's lag asks for.
    fn tune(&mut self, now: Time) {
        let suspicion = self.suspicion(now);
        if self.config.suspect_to_down_after != suspicion {
            self.config.suspect_to_down_after = suspicion;
            let set = self.foca.set_config(self.config.clone());
            self.check(set);
        }
    }

    /// Tells a suspect that it is one, until it answers or its time is over.
    ///
    /// It is asked at the same time, and the answer carries its refutation straight to who suspects it.
    /// In plain SWIM both go by way of others. (Lifeguard's "buddy system" tells it with the next probe.)
    fn remind(&mut self, now: Time, id: MemberId, incarnation: Incarnation) {
        if !self.outside.timers.is_suspicion_set(&id.agent) || !self.suspects(&id, incarnation) {
            return;
        }
        let suspect = Member {
            id,
            incarnation,
            liveness: Liveness::Suspect,
        };
        self.send_about(id, Saying::Ping(Probe(0)), &suspect);
        let at = now.after(ms(self.settings.remind_period_ms));
        self.outside.timers.set(at, Alarm::Remind(id, incarnation));
    }

    /// Whether a member is suspected in this incarnation.
    fn suspects(&self, id: &MemberId, incarnation: Incarnation) -> bool {
        self.foca.iter_members().any(|member| {
            member.id().0 == *id
                && member.incarnation() == incarnation.0
                && member.state() == foca::State::Suspect
        })
    }

    fn send_about(&mut self, to: MemberId, saying: Saying, member: &Member) {
        let head = PacketHead {
            from: self.me,
            // foca keeps this to itself, and the lowest says nothing.
            incarnation: Incarnation(0),
            to,
            saying,
        };
        self.outside.send(to, about(&head, member, &self.codec));
    }

    /// Announces this agent to some of those that may know the cluster, and does so again later.
    fn seek(&mut self, now: Time) {
        if self.phase != Phase::Taking {
            return;
        }
        let acquaintances = self.acquaintances();
        for _ in 0..acquaintances.len().min(self.settings.join_fanout.into()) {
            self.turn = self.turn.wrapping_add(1);
            let chosen = acquaintances[self.turn % acquaintances.len()];
            let said = self.foca.announce(Who(chosen), &mut self.outside);
            self.check(said);
        }
        if !acquaintances.is_empty() {
            let at = now.after(ms(self.settings.join_retry_ms));
            self.outside.timers.set(at, Alarm::Join);
        }
    }

    /// All that may know the cluster: the seeds, and everybody ever known, down or not.
    fn acquaintances(&self) -> Vec<MemberId> {
        let seeds = self.seeds.iter().map(|(agent, address)| MemberId {
            agent: *agent,
            epoch: BootEpoch(0),
            nonce: BootNonce(0),
            renewals: Renewals(0),
            address: *address,
        });
        let mut acquaintances: BTreeMap<_, _> = seeds.map(|id| (id.agent, id)).collect();
        for member in self.foca.iter_membership_state() {
            if !is_cloned(&member.id().0) {
                acquaintances.insert(member.id().0.agent, member.id().0);
            }
        }
        acquaintances.into_values().collect()
    }

    /// Becomes a member again under a later identity.
    fn renew(&mut self, now: Time, address: SocketAddr) {
        let renewals = self.me.renewals.max(self.renewals_claimed);
        let Some(renewals) = renewals.0.checked_add(1).map(Renewals) else {
            self.hold_off(HeldOff::WornOut);
            return;
        };
        self.me = MemberId {
            renewals,
            address,
            ..self.me
        };
        let changed = self.foca.change_identity(Who(self.me), &mut self.outside);
        self.check(changed);
        // foca goes on once it hears from a member, and is not heard of before it is.
        self.outside.joined = false;
        self.outside.tell(Event::Renewed(self.me));
        self.seek(now);
    }

    /// Lets everybody know that two copies claim an epoch.
    fn declare_cloned(&mut self, id: &MemberId) {
        let member = foca_member(&down(cloned(id)));
        let applied = self
            .foca
            .apply_many(std::iter::once(member), true, &mut self.outside);
        self.check(applied);
    }

    fn hold_off(&mut self, why: HeldOff) {
        if why == HeldOff::Cloned {
            self.declare_cloned(&cloned(&self.me));
            let said = self.foca.gossip(&mut self.outside);
            self.check(said);
        }
        self.phase = Phase::HeldOff(why);
        self.outside.joined = false;
        self.outside.timers.clear();
        self.outside.tell(Event::HeldOff(why));
    }

    /// Counts what should not have failed.
    fn check(&mut self, done: Result<(), foca::Error>) {
        if done.is_err() {
            self.outside.counters.faults += 1;
        }
    }

    /// Whether the index of identities is what foca holds.
    #[cfg(test)]
    pub(super) fn roster_is_true(&self) -> bool {
        let held: BTreeMap<_, _> = self
            .foca
            .iter_membership_state()
            .map(|member| (member.id().0.agent, member.id().0))
            .collect();
        held == *self.outside.roster.all()
    }

    #[cfg(test)]
    pub(super) fn timers_count(&self) -> usize {
        self.outside.timers.len()
    }
}
