//! The membership of one agent.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use foca::Foca;
use gary_promise::{
    AgentId, Codec, Hint, Member, MemberId, PacketCodec, PacketHead, Saying, Time, Version,
};
use rand::{SeedableRng as _, rngs::ChaCha8Rng};

use super::{
    Counters, Event, HeldOff, Settings, Unusable,
    adapter::{Adapter, our_member},
    hints::{Hints, Relay},
    identity::{Who, is_cloned, of_a_start},
    inquiries::Inquiries,
    lag::Lag,
    outside::Outside,
    packet::Packet,
    rejoin::Rejoin,
    settings::ms,
    timers::Alarm,
    vetting::{Verdict, Vetting, alive},
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
pub struct Membership<C: PacketCodec + Codec<Hint>> {
    pub(super) me: MemberId,
    pub(super) settings: Settings,
    pub(super) config: foca::Config,
    pub(super) codec: C,
    pub(super) foca: Foca<Who, Adapter<C>, ChaCha8Rng, Relay<C>>,
    pub(super) outside: Outside,
    pub(super) lag: Lag,
    pub(super) hints: Hints,
    pub(super) rejoin: Rejoin,
    pub(super) seeds: BTreeMap<AgentId, SocketAddr>,
    /// Where in the order of those that may know the cluster to go on asking.
    pub(super) turn: usize,
    pub(super) inquiries: Inquiries,
    pub(super) phase: Phase,
    /// Whether what is due was put off already, so that an agent that is always late still gets there.
    pub(super) put_off: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Taking,
    HeldOff(HeldOff),
    Left,
}

impl<C: PacketCodec + Codec<Hint> + Clone> Membership<C> {
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
            inquiries: Inquiries::default(),
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
            if from == self.me.agent {
                self.answer_double(bytes);
            }
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

    /// Looks for a cluster by way of `seeds`, and goes on until some member is known; and then, less often, until
    /// something is known of each of them.
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

    /// Takes over who is there from another agent of the same program, and up to which version it has heard of
    /// sheets; no event tells of it. So a simulation begins with a cluster that has stood for a while; nothing
    /// that a peer says comes this way.
    pub fn take_over(
        &mut self,
        now: Time,
        members: impl IntoIterator<Item = MemberId>,
        hints: impl IntoIterator<Item = Hint>,
    ) {
        self.outside.now = now;
        let me = self.me.agent;
        for hint in hints.into_iter().filter(|its| its.agent != me) {
            self.hints.hear(now, &hint);
        }
        self.hints.pack();
        let others = members.into_iter().filter(move |id| id.agent != me);
        let alive = others.map(|id| foca::Member::alive(Who(id)));
        let applied = self.foca.apply_many(alive, false, &mut self.outside);
        self.check(applied);
        self.outside.roster.pack();
        self.outside.drop_events();
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
        if self.phase != Phase::Taking || !known || !self.hints.hear(now, &hint) {
            return;
        }
        let added = self.foca.add_broadcast(&self.codec.pack(&hint)).map(|_| ());
        self.check(added);
        let said = self.foca.broadcast(&mut self.outside);
        self.check(said);
    }

    /// An agent was asked for a sheet that a hint told of, and there is none newer than `known`: it goes on as if
    /// that hint had not come.
    pub fn disprove(&mut self, now: Time, agent: AgentId, known: Option<Version>) {
        self.hints.disprove(now, agent, known);
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

    /// Where an agent can be reached, be it there or not; `None` for one that is not known.
    pub fn address_of(&self, agent: &AgentId) -> Option<SocketAddr> {
        self.outside.roster.get(agent).map(|id| id.address)
    }

    /// Every agent that is known, there or not, and where it can be reached: whom to look for after a start.
    pub fn known(&self) -> impl Iterator<Item = Seed> {
        self.outside.roster.all().map(|id| Seed {
            agent: id.agent,
            address: id.address,
        })
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
            now,
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
        let waits = self.outside.timers.is_set(&Alarm::Rejoin);
        if packet.head.saying == Saying::TurnUndead && waits {
            // It knows, and waits. foca would say the same in return, and so would the other.
            self.outside.counters.count(Unusable::Known);
            return;
        }
        for hint in &packet.hints {
            if self.hints.hear(now, &hint.value) {
                self.outside.tell(Event::Hinted(hint.value));
            }
        }
        if let Some(hearsay) = &verdict.contradicted {
            // The sender says in one packet who it is and that it is somebody later.
            if self.outside.roster.get(&hearsay.agent) != Some(hearsay) {
                self.outside.counters.count(Unusable::Stale);
                return;
            }
            self.let_go(now, hearsay);
        }
        match self.foca.handle_data(&packet.bytes(), &mut self.outside) {
            Ok(()) => self.outside.counters.packets_taken += 1,
            Err(_) => self.outside.counters.count(Unusable::Foca),
        }
        self.outside.roster.vouch(&packet.head.from);
        self.settle(now);
    }

    fn obey(&mut self, now: Time, head: &PacketHead, verdict: &Verdict) {
        if let Some(member) = &verdict.explain {
            self.send_about(head.from, Saying::Gossip, member);
        }
        if verdict.misheard {
            self.send_about(head.from, Saying::Gossip, &alive(self.me));
        }
        for id in &verdict.asks {
            self.ask(now, id);
        }
        if verdict.asks_again {
            for id in self.inquiries.of(&self.me.agent) {
                self.ask(now, &id);
            }
        }
        for id in &verdict.cloned {
            self.declare_cloned(id);
            if id.agent == head.from.agent {
                self.outside.roster.vouch(id);
            }
        }
        if let Some(why) = verdict.held_off {
            self.hold_off(why);
            return;
        }
        self.settle(now);
    }

    /// A copy of this agent asks for it, which has heard from the copy already and keeps out. The copy has to
    /// hear it too: the answer that told it may be lost.
    fn answer_double(&mut self, bytes: &[u8]) {
        let Ok(packet) = Packet::read(bytes, &self.codec) else {
            return;
        };
        let from = packet.head.from;
        let asks = matches!(packet.head.saying, Saying::Ping(_));
        if asks && from.agent == self.me.agent && from != self.me && !is_cloned(&from) {
            self.send_about(from, Saying::Gossip, &alive(self.me));
        }
    }

    /// Counts what should not have failed.
    pub(super) fn check(&mut self, done: Result<(), foca::Error>) {
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
        let all = self.outside.roster.all();
        held == all.map(|id| (id.agent, *id)).collect()
    }

    #[cfg(test)]
    pub(super) fn timers_count(&self) -> usize {
        self.outside.timers.len()
    }
}
