//! A register is begun again by a person and by nobody else, whoever kept it before has no vote in it, and what is lost by
//! it is shown.

use std::collections::{BTreeMap, BTreeSet};

use gary_agent::Fact;
use gary_promise::{
    AgentId, Answer, Ballot, ConfigurationEpoch, Consultation, Consults, Frame, PromiseId, Time,
    Valency, WorkloadName,
};

use super::{Book, Verdict};
use crate::seen::Seen;

/// Which attempt to write which register, and by whose votes.
type Attempt = (WorkloadName, ConfigurationEpoch, Ballot);

/// What is seen of registers that were begun again.
#[derive(Debug, Default)]
pub(super) struct Eras {
    /// Where a person has had a register begun again.
    recovered: BTreeSet<AgentId>,
    /// With which configuration each agent votes on which name, by its disk.
    votes_with: BTreeMap<(AgentId, WorkloadName), ConfigurationEpoch>,
    /// What each agent was asked for the first time, and whether it knew of a later configuration by then.
    asked: BTreeMap<(AgentId, Attempt), bool>,
}

impl Eras {
    /// Notes what was just seen.
    ///
    /// # Errors
    ///
    /// A vote that counts for nothing any more, or what was begun again or lost without anybody's knowledge.
    pub(super) fn check(&mut self, _at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        match *seen {
            Seen::Recovers {
                agent,
                answer: Ok(_),
                ..
            } => {
                self.recovered.insert(agent);
                Ok(())
            }
            Seen::Stores { agent, facts } => {
                for fact in facts {
                    if let Fact::Votes { name, votes } = fact {
                        let epoch = votes.configuration().epoch();
                        self.check_begun(epoch, book)?;
                        self.votes_with.insert((agent, name.clone()), epoch);
                    }
                }
                check_shown(book)
            }
            Seen::Hears {
                to,
                frame: Frame::Consults(consults),
                ..
            } => {
                self.note_asked(to, consults);
                Ok(())
            }
            Seen::Says {
                from,
                frame: Frame::Consults(consults),
                ..
            } => self.check_answer(from, consults, book),
            _ => Ok(()),
        }
    }

    fn check_begun(&self, epoch: ConfigurationEpoch, book: &Book) -> Verdict {
        match epoch.era() {
            Some(era) if !self.recovered.contains(&era.by()) => {
                let by = book.names.of_agent(&era.by());
                Err(format!(
                    "a register is begun again by {by}, and nobody had that done"
                ))
            }
            _ => Ok(()),
        }
    }

    fn note_asked(&mut self, agent: AgentId, consults: &Consults) {
        if let Consultation::Asked(asked) = &consults.what {
            let epoch = asked.configuration.epoch();
            let known = self.votes_with.get(&(agent, consults.name.clone()));
            let is_late = known.is_some_and(|known| *known > epoch);
            let attempt = (consults.name.clone(), epoch, asked.ballot);
            self.asked.entry((agent, attempt)).or_insert(is_late);
        }
    }

    /// Who knows that others vote by now, votes with those before no more.
    fn check_answer(&self, agent: AgentId, consults: &Consults, book: &Book) -> Verdict {
        let Consultation::Answered(answered) = &consults.what else {
            return Ok(());
        };
        let votes = matches!(answered.answer, Answer::Promised(_) | Answer::Accepted);
        let attempt = (consults.name.clone(), answered.epoch, answered.ballot);
        let is_late = self.asked.get(&(agent, attempt)).copied();
        if votes && is_late == Some(true) {
            let (agent, name) = (book.names.of_agent(&agent), &consults.name);
            let epoch = answered.epoch;
            return Err(format!(
                "{agent} votes on {name} with configuration {epoch}, and knows of a later one"
            ));
        }
        Ok(())
    }
}

/// What an agent knew to be kept, and is not what the register was begun again with, it shows as lost.
fn check_shown(book: &Book) -> Verdict {
    for (agent, intent) in book.registers.superseded() {
        let wanted = book.intent(intent);
        let is_over = wanted.is_none_or(|its| its.valency == Valency::NONE);
        let seen = book.agents.get(agent);
        let is_shown = seen.and_then(|its| its.pending.get(intent)).is_some();
        if !is_over && !is_shown {
            let (agent, what): (String, _) =
                (book.names.of_agent(agent), book.names.of_promise(intent));
            return Err(format!("{agent} lets {what} be overwritten in silence"));
        }
    }
    Ok(())
}

/// An intent that somebody knew to be kept, and which is not what its register was begun again with.
pub(super) type Superseded = (AgentId, PromiseId);
