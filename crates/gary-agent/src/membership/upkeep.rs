//! What a membership does when something is due, and after foca has done something.

use gary_promise::{
    Codec, Hint, Incarnation, Liveness, Member, MemberId, PacketCodec, PacketHead, Probe, Saying,
    Time,
};

use super::{
    Membership, identity::Who, machine::Phase, packet::about, settings::ms, timers::Alarm,
};

impl<C: PacketCodec + Codec<Hint> + Clone> Membership<C> {
    pub(super) fn sound(&mut self, now: Time, alarm: Alarm) {
        match alarm {
            Alarm::Foca(timer) => self.sound_foca(now, timer),
            Alarm::Remind(member, incarnation) => self.remind(now, member, incarnation),
            Alarm::Join => self.seek(now),
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
            // foca 2.0 would tell a member that has refuted the suspicion that it is down, and the
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
    pub(super) fn settle(&mut self, now: Time) {
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
        if self.phase == Phase::Taking && !self.outside.timers.is_set(&Alarm::Join) {
            self.seek_later(now);
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
    pub(super) fn suspects(&self, id: &MemberId, incarnation: Incarnation) -> bool {
        self.foca.iter_members().any(|member| {
            member.id().0 == *id
                && member.incarnation() == incarnation.0
                && member.state() == foca::State::Suspect
        })
    }

    pub(super) fn send_about(&mut self, to: MemberId, saying: Saying, member: &Member) {
        let head = PacketHead {
            from: self.me,
            // foca keeps this to itself, and the lowest says nothing.
            incarnation: Incarnation(0),
            to,
            saying,
        };
        self.outside.send(to, about(&head, member, &self.codec));
    }
}
