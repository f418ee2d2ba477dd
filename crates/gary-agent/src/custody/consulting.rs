//! What other keepers of a name say of its register.

use gary_promise::{
    AgentId, Answer, Answered, Asked, ConfigurationEpoch, Consultation, Consults, Entry, Frame,
    WorkloadName,
};
use rand::Rng;

use super::chosen::{is_later, learned, say_chosen};
use super::kept::Kept;
use super::machine::{Custody, Parts, shown};
use super::named::Named;
use crate::hosting::Order;
use crate::refused::Fault;
use crate::register::{Register, Votes};
use crate::voice::{Speech, Voice};

impl Custody {
    /// Another keeper of a name says something about its register.
    pub(crate) fn handle_consults<C: Speech>(
        &mut self,
        from: AgentId,
        consults: Consults,
        parts: &mut Parts<'_, C, impl Rng>,
    ) -> Result<(), Fault> {
        self.acquaint(parts.voice);
        let Consults { name, what } = consults;
        let what = what.try_map(|entry| Kept::read(entry, &name, parts.voice))?;
        let known = self.names.get(&name).and_then(Named::keepers);
        let concerns = match &what {
            // Nobody tries in another's name.
            Consultation::Asked(asked) if asked.ballot.by != from => return Err(Fault::NotTheirs),
            Consultation::Asked(asked) => asked.configuration.clone(),
            Consultation::Chosen(chosen) => chosen.entrusted.configuration.clone(),
            Consultation::Answered(_) | Consultation::Learned(_) => {
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
        if known.is_none() && (!concerns.has(&self.me) || !self.has_room(&name, parts)) {
            return Err(Fault::NotForMe);
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
        // Who asks by other first keepers is told what was chosen by these.
        if let Consultation::Asked(asked) = &what
            && let Some(known) = self.names.get(&name)
            && let Some(known) = known.register.votes().and_then(Votes::chosen)
            && known.entrusted.configuration.epoch() == asked.configuration.epoch()
            && known.entrusted.configuration != asked.configuration
        {
            say_chosen(&name, from, known, parts.voice);
        }
        if let Consultation::Asked(asked) = &what
            && !self.may_vote(&name, from, asked, parts)
        {
            return Ok(());
        }
        let (me, epoch) = (self.me, self.epoch);
        let named = || Named::new(Register::new(me, epoch, None), concerns);
        self.names.entry(name.clone()).or_insert_with(named);
        let is_told = matches!(what, Consultation::Chosen(_));
        self.step(&name, parts, |register, done| {
            register.hear(from, what, done);
            let chosen = register.votes().and_then(Votes::chosen);
            if let Some(chosen) = chosen.filter(|_| is_told) {
                let learned = Consultation::Learned(learned(chosen));
                done.said.push((from, learned));
            }
        });
        Ok(())
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
            say_answer(name, from, asked, Answer::Behind, parts.voice);
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
            say_answer(name, from, asked, Answer::Elsewhere(keepers), parts.voice);
        }
        may_vote
    }
}

/// Answers what does not come to the register.
fn say_answer<C: Speech>(
    name: &WorkloadName,
    to: AgentId,
    asked: &Asked<Kept>,
    answer: Answer<Entry>,
    voice: &mut Voice<C, Order>,
) {
    let what = Consultation::Answered(Answered {
        epoch: asked.configuration.epoch(),
        ballot: asked.ballot,
        answer,
    });
    let name = name.clone();
    voice.say(to, Frame::Consults(Box::new(Consults { name, what })));
}
