//! How an agent becomes a member, becomes one again, and ceases to be one.

use std::{collections::BTreeMap, net::SocketAddr};

use gary_promise::{
    AgentId, BootEpoch, BootNonce, Codec, Hint, MemberId, PacketCodec, Probe, Renewals, Saying,
    Time,
};

use super::{
    Event, HeldOff, Membership,
    adapter::foca_member,
    identity::{Who, cloned, is_cloned},
    machine::Phase,
    settings::ms,
    timers::Alarm,
    vetting::{alive, down},
};

impl<C: PacketCodec + Codec<Hint> + Clone> Membership<C> {
    /// Announces this agent to some of those that may know the cluster, and does so again later.
    pub(super) fn seek(&mut self, now: Time) {
        if self.phase != Phase::Taking {
            return;
        }
        let sought = self.sought();
        for _ in 0..sought.len().min(self.settings.join_fanout.into()) {
            self.turn = self.turn.wrapping_add(1);
            let chosen = sought[self.turn % sought.len()];
            let said = self.foca.announce(Who(chosen), &mut self.outside);
            self.check(said);
        }
        self.seek_later(now);
    }

    /// Sets the time to announce this agent again, if there is anybody to announce it to.
    pub(super) fn seek_later(&mut self, now: Time) {
        let wait_ms = match self.outside.joined {
            true => self.settings.call_down_period_ms,
            false => self.settings.join_retry_ms,
        };
        if !self.sought().is_empty() {
            self.outside.timers.set(now.after(ms(wait_ms)), Alarm::Join);
        }
    }

    /// To whom this agent announces itself: all that may know the cluster, and once it is a member the seeds that it
    /// knows nothing of. They may be of another half of the cluster, which began on its own.
    fn sought(&self) -> Vec<MemberId> {
        match self.outside.joined {
            true => self.strangers().collect(),
            false => self.acquaintances(),
        }
    }

    fn strangers(&self) -> impl Iterator<Item = MemberId> {
        let unknown = |agent: &AgentId| self.outside.roster.get(agent).is_none();
        let seeds = self.seeds.iter().filter(move |(agent, _)| unknown(agent));
        seeds.map(|(agent, address)| seed(*agent, *address))
    }

    /// All that may know the cluster: the seeds, and everybody ever known, down or not.
    pub(super) fn acquaintances(&self) -> Vec<MemberId> {
        let seeds = self.seeds.iter();
        let seeds = seeds.map(|(agent, address)| seed(*agent, *address));
        let mut acquaintances: BTreeMap<_, _> = seeds.map(|id| (id.agent, id)).collect();
        for member in self.foca.iter_membership_state() {
            if !is_cloned(&member.id().0) {
                acquaintances.insert(member.id().0.agent, member.id().0);
            }
        }
        acquaintances.into_values().collect()
    }

    /// Becomes a member again under a later identity.
    pub(super) fn renew(&mut self, now: Time, address: SocketAddr) {
        let Some(renewals) = self.me.renewals.0.checked_add(1).map(Renewals) else {
            self.hold_off(HeldOff::WornOut);
            return;
        };
        self.me = MemberId {
            renewals,
            address,
            ..self.me
        };
        // Whatever it was going to come back from is behind it.
        self.outside.timers.cancel(&Alarm::Rejoin);
        let changed = self.foca.change_identity(Who(self.me), &mut self.outside);
        self.check(changed);
        // foca goes on once it hears from a member, and is not heard of before it is.
        self.outside.joined = false;
        self.outside.tell(Event::Renewed(self.me));
        self.seek(now);
    }

    /// Lets everybody know that two copies claim an epoch.
    pub(super) fn declare_cloned(&mut self, id: &MemberId) {
        let member = foca_member(&down(cloned(id)));
        let applied = self
            .foca
            .apply_many(std::iter::once(member), true, &mut self.outside);
        self.check(applied);
    }

    /// Lets go of what others said of an agent, which has just said otherwise itself. foca takes it in anew with
    /// what it says, and does not take back a later identity for an earlier one.
    pub(super) fn let_go(&mut self, now: Time, hearsay: &MemberId) {
        let gone = foca_member(&down(*hearsay));
        self.outside.is_quiet = true;
        let applied = self
            .foca
            .apply_many(std::iter::once(gone), false, &mut self.outside);
        self.check(applied);
        self.outside.is_quiet = false;
        let removal = foca::Timer::RemoveDown(Who(*hearsay));
        let removed = self.foca.handle_timer(removal, &mut self.outside);
        self.check(removed);
        self.outside.roster.forget(&hearsay.agent);
        self.outside.roster.contradict(now, hearsay.agent);
    }

    /// Asks an agent who it is, if it has not said so itself: where others say it is, and where it was before.
    pub fn ask_after(&mut self, now: Time, agent: AgentId) {
        self.outside.now = now;
        let roster = &self.outside.roster;
        if self.phase != Phase::Taking || roster.is_vouched(&agent) {
            return;
        }
        if let Some(id) = roster.get(&agent).copied() {
            self.send_about(id, Saying::Ping(Probe(0)), &alive(self.me));
        }
    }

    /// Asks an identity, where it is said to be, whether it is there: a few at a time.
    pub(super) fn ask(&mut self, now: Time, id: &MemberId) {
        if self.inquiries.begin(now, id) {
            self.send_about(*id, Saying::Ping(Probe(0)), &alive(self.me));
        }
    }

    pub(super) fn hold_off(&mut self, why: HeldOff) {
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
}

/// An agent of which only is known where it may be.
const fn seed(agent: AgentId, address: SocketAddr) -> MemberId {
    MemberId {
        agent,
        epoch: BootEpoch(0),
        nonce: BootNonce(0),
        renewals: Renewals(0),
        address,
    }
}
