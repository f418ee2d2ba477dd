//! What other keepers of a name say of its register.

use gary_promise::{
    AgentId, Answer, Answered, Asked, ConfigurationEpoch, Consultation, Consults, Vote,
    WorkloadName,
};
use rand::Rng;

use super::chosen::{is_later, learned};
use super::collecting::shows_knowing;
use super::kept::Kept;
use super::machine::{Custody, Parts, entry, shown};
use super::named::Named;
use super::namesakes::goes_before;
use crate::refused::Fault;
use crate::register::{Register, Votes};
use crate::voice::Speech;

impl Custody {
    /// Another keeper of a name says something about its register.
    pub(crate) fn handle_consults<C: Speech>(
        &mut self,
        from: AgentId,
        consults: Consults,
        parts: &mut Parts<'_, C, impl Rng>,
    ) -> Result<(), Fault> {
        self.acquaint(parts.voice);
        // Sooner or later it votes with whoever says something of a register, if it does not know any more that it did.
        self.ask_to_vouch(from, parts);
        let Consults {
            name,
            sequence,
            what,
        } = consults;
        let what = what.try_map(|entry| Kept::read(entry, &name, parts.voice))?;
        let known = self.names.get(&name).and_then(Named::keepers);
        let concerns = match &what {
            // Nobody tries in another's name.
            Consultation::Asked(asked) if asked.ballot.by != from => return Err(Fault::NotTheirs),
            Consultation::Asked(asked) => asked.configuration.clone(),
            Consultation::Chosen(chosen) => chosen.entrusted.configuration.clone(),
            Consultation::Namesake(keepers) => keepers.clone(),
            Consultation::Answered(_) | Consultation::Learned(_) | Consultation::Collected(_) => {
                known.ok_or(Fault::Unasked)?.clone()
            }
        };
        // One that keeps it no more is told so, and says that it knows.
        let named = self.names.get(&name);
        let was_told = matches!(what, Consultation::Learned(_))
            && named.is_some_and(|its| its.untold.contains(&from));
        if !concerns.has(&from) && !known.is_some_and(|its| its.has(&from)) && !was_told {
            return Err(Fault::NotForMe);
        }
        // What it tends it keeps by its own promise, though its register is lost.
        let tends = match &what {
            Consultation::Chosen(chosen) => {
                let intent = chosen.entrusted.content.intent();
                parts.tending.tends(&intent.workload())
            }
            _ => false,
        };
        let is_mine = concerns.has(&self.me) || tends;
        if known.is_none() && !(is_mine && self.has_room(&name, parts)) {
            return Err(Fault::NotForMe);
        }
        self.recollection.saw(from, sequence);
        if let Consultation::Collected(workload) = &what {
            self.handle_collected(&name, workload, parts);
            return Ok(());
        }
        if self.answer_of_collected(&name, from, &what, parts)? {
            return Ok(());
        }
        let given_up = self.go_over_to(&name, &what);
        if self.meets_namesake(&name, from, &what, parts) {
            return Ok(());
        }
        if let Some(named) = self.names.get_mut(&name)
            && shows_knowing(named.register.votes(), &what)
        {
            named.knowing.insert(from);
        }
        if let Consultation::Chosen(told) = &what
            && let Some(known) = self.names.get(&name)
            && let Some(known) = known.register.votes().and_then(Votes::chosen)
            && is_later(known, told)
        {
            self.tell(&name, from, parts);
            return Ok(());
        }
        if let Consultation::Learned(learned) = &what {
            if let Some(named) = self.names.get_mut(&name) {
                named.handle_learned(from, learned);
            }
            self.step(&name, parts, |_, _| {});
            return Ok(());
        }
        if let Consultation::Asked(asked) = what {
            self.handle_asked(&name, from, asked, parts);
            return Ok(());
        }
        let blank = self.blank_register();
        let named = self.names.entry(name.clone());
        named.or_insert_with(|| Named::new(blank, concerns));
        let is_told = matches!(what, Consultation::Chosen(_));
        self.step(&name, parts, |register, done| {
            register.hear(from, what, done);
            let chosen = register.votes().and_then(Votes::chosen);
            if let Some(chosen) = chosen.filter(|_| is_told) {
                let learned = Consultation::Learned(learned(chosen));
                done.said.push((from, learned));
            }
        });
        if let Some(given_up) = given_up {
            self.note_superseded(&name, given_up, parts);
        }
        Ok(())
    }

    /// What this agent has heard of a name was between others, who may have forgotten it since. Whoever is told that it keeps
    /// what began anew goes by that. And where one workload was founded twice, since its intent was submitted to two that
    /// knew of other members each, everybody comes to the register whose founders are the first in order. Gives what this
    /// agent knew to be kept by the other.
    fn go_over_to(&mut self, name: &WorkloadName, what: &Consultation<Kept>) -> Option<Vote<Kept>> {
        let Consultation::Chosen(told) = what else {
            return None;
        };
        let to = &told.entrusted.configuration;
        let known = self.names.get(name)?;
        let keepers = known.keepers().filter(|its| !its.shares_founders(to))?;
        let chosen = known.register.votes().and_then(Votes::chosen).cloned();
        let is_first = chosen
            .as_ref()
            .is_some_and(|chosen| goes_before(told, chosen));
        let is_elsewhere = !keepers.has(&self.me) && to.has(&self.me);
        if is_first || is_elsewhere {
            let latest = known.register.latest();
            self.forget_name(name);
            let blank = self.blank_register_after(latest);
            self.names
                .insert(name.clone(), Named::new(blank, to.clone()));
        }
        chosen.filter(|_| is_first)
    }

    /// Another asks for a vote. Nobody votes before it is sure that its disk remembers how it has voted.
    fn handle_asked<C: Speech>(
        &mut self,
        name: &WorkloadName,
        from: AgentId,
        asked: Asked<Kept>,
        parts: &mut Parts<'_, C, impl Rng>,
    ) {
        // Who asks by other first keepers is told what was chosen by these.
        let concerns = &asked.configuration;
        let known = self.names.get(name).map(|its| &its.register);
        let known = known.and_then(Register::votes).and_then(Votes::chosen);
        if let Some(known) = known
            && known.entrusted.configuration.epoch() == concerns.epoch()
            && known.entrusted.configuration != *concerns
        {
            let Ok(chosen) = known.clone().try_map(entry);
            self.say(name, from, Consultation::Chosen(chosen), parts.voice);
        }
        if !self.may_vote(name, from, &asked, parts) {
            return;
        }
        let is_sure = !concerns.has(&self.me) || self.is_sure(concerns, parts);
        let blank = self.blank_register();
        let named = self.names.entry(name.clone());
        let named = named.or_insert_with(|| Named::new(blank, asked.configuration.clone()));
        if is_sure {
            let asked = Consultation::Asked(asked);
            self.step(name, parts, |register, done| {
                register.hear(from, asked, done)
            });
        } else {
            named.unanswered.insert(from, asked);
            self.unsure.insert(name.clone());
        }
    }

    /// Somebody vouches for what this agent remembers: it may be sure by now that it may vote on a name.
    pub(super) fn try_again<C: Speech>(
        &mut self,
        name: &WorkloadName,
        parts: &mut Parts<'_, C, impl Rng>,
    ) {
        let Some(named) = self.names.get_mut(name) else {
            return;
        };
        named.rests_until = None;
        for (from, asked) in std::mem::take(&mut named.unanswered) {
            self.handle_asked(name, from, asked, parts);
        }
        self.step(name, parts, |_, _| {});
    }

    /// Whether it comes to the register what another asks. Where it does not, and there is something to say, that is said.
    fn may_vote<C: Speech>(
        &mut self,
        name: &WorkloadName,
        from: AgentId,
        asked: &Asked<Kept>,
        parts: &mut Parts<'_, C, impl Rng>,
    ) -> bool {
        // A disk that is behind is as good as gone.
        if parts.voice.is_behind() || self.illegible.contains(name) {
            return false;
        }
        if !self.is_blank(name) {
            return true;
        }
        let concerns = &asked.configuration;
        if concerns.epoch() != ConfigurationEpoch::FIRST {
            self.say_answer(name, from, asked, Answer::Behind, parts);
            return false;
        }
        // It begins nothing that it would not begin with the same itself: so where some think of other keepers than
        // everybody else, it takes a majority of them. What others keep already by their sheets, it goes on with them.
        let (keepers, may_vote) = match shown(name, parts.keepers) {
            Some(shown) if shown.keepers().iter().all(|its| concerns.has(its)) => {
                (concerns.clone(), true)
            }
            Some(shown) => (shown, false),
            None => match self.proposed(name, parts) {
                Some(proposed) => (proposed.clone(), proposed == *concerns),
                None => return false,
            },
        };
        if let Some(named) = self.names.get_mut(name).filter(|_| keepers.has(&self.me)) {
            named.move_to(&keepers);
        }
        if !may_vote {
            self.say_answer(name, from, asked, Answer::Elsewhere(keepers), parts);
        }
        may_vote
    }

    /// Answers what does not come to the register.
    fn say_answer<C: Speech>(
        &self,
        name: &WorkloadName,
        to: AgentId,
        asked: &Asked<Kept>,
        answer: Answer<Kept>,
        parts: &mut Parts<'_, C, impl Rng>,
    ) {
        let answered = Consultation::Answered(Answered {
            epoch: asked.configuration.epoch(),
            ballot: asked.ballot,
            answer,
        });
        let Ok(what) = answered.try_map(entry);
        self.say(name, to, what, parts.voice);
    }
}
