//! 24. Votes are remembered: nobody votes by a disk that does not know how it has voted, and what was deleted is forgotten
//!     only when all knew so.

use std::collections::{BTreeMap, BTreeSet};

use gary_agent::Fact;
use gary_promise::{
    AgentId, Answer, Asked, Ballot, CommitSequence, Configuration, ConfigurationEpoch,
    Consultation, Consults, Frame, Question, TenancyWord, Time, WorkloadId, WorkloadName,
};

use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// Whoever tries, tries in its own name and in its own start, and for one thing in one attempt. Keepers change one at a time.
/// An agent whose disk went back votes with nobody, and grants with nobody, who has seen it further and was there all the time
/// since it started. And what a keeper forgets of a deleted workload, every other knew, so that nothing runs by it any more.
#[derive(Debug, Default)]
pub(super) struct VotesAreRemembered {
    attempts: BTreeMap<(WorkloadName, ConfigurationEpoch, Ballot), Asked<Vec<u8>>>,
    configurations: BTreeMap<(WorkloadName, ConfigurationEpoch), BTreeSet<Configuration>>,
    /// How far agents have on their disks that others are.
    saw: BTreeMap<(AgentId, AgentId), CommitSequence>,
    /// Whose disk went back and has not started since, and how far it is.
    restored: BTreeMap<AgentId, CommitSequence>,
    /// Of those that have: how far it was, and who had seen it further then.
    went_back: BTreeMap<AgentId, (CommitSequence, BTreeMap<AgentId, CommitSequence>)>,
    /// Whom those could not reach all the time since.
    away: BTreeSet<(AgentId, AgentId)>,
    collected: BTreeSet<WorkloadId>,
    premises: u64,
}

impl Checker for VotesAreRemembered {
    fn property(&self) -> Property {
        Property {
            number: 24,
            name: "votes are remembered",
        }
    }

    fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        match *seen {
            Seen::Restores { agent, sequence } => {
                self.went_back.remove(&agent);
                self.restored.insert(agent, sequence);
            }
            Seen::Starts { agent, .. } => self.starts(at, agent, book),
            Seen::Ends { agent, .. } => self.misses(agent),
            Seen::Stalls { agent, .. } => self.misses(agent),
            Seen::Cuts { from, to } => {
                for (one, other) in from
                    .iter()
                    .flat_map(|one| to.iter().map(move |to| (one, to)))
                {
                    self.away.extend([(*one, *other), (*other, *one)]);
                }
            }
            Seen::Says {
                from,
                to,
                frame: Frame::Consults(consults),
            } => return self.said(from, to, consults, book),
            Seen::Says {
                from,
                frame: Frame::Tenancy(tenancy),
                ..
            } => {
                if let TenancyWord::Grants { keepers, .. } = &tenancy.word {
                    return self.votes(from, keepers.keepers(), book);
                }
            }
            Seen::Stores { agent, facts } => {
                for fact in facts {
                    self.stored(agent, fact, book)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn scan(&mut self, _at: Time, book: &Book) -> Verdict {
        let mut runs = book.runs.iter();
        let over = runs.find(|(_, its)| self.collected.contains(&its.binding.workload()));
        over.map_or(Ok(()), |(offer, _)| {
            let offer = book.names.of_promise(offer);
            Err(format!("{offer} runs, and its workload is forgotten"))
        })
    }

    fn premises(&self) -> u64 {
        self.premises
    }
}

impl VotesAreRemembered {
    fn starts(&mut self, at: Time, agent: AgentId, book: &Book) {
        self.misses(agent);
        // Once it has voted, its disk tells nobody any more where it was.
        self.went_back.remove(&agent);
        let Some(sequence) = self.restored.remove(&agent) else {
            return;
        };
        let saw = self.saw.iter().filter(|((_, of), _)| *of == agent);
        let saw = saw.filter(|(_, saw)| **saw > sequence);
        let further = saw.map(|((by, _), saw)| (*by, *saw)).collect();
        self.went_back.insert(agent, (sequence, further));
        self.away.retain(|(its, _)| *its != agent);
        for (other, its) in &book.agents {
            let cut = [(agent, *other), (*other, agent)];
            let is_still = its.stalled_until > at;
            if !its.is_up || is_still || cut.iter().any(|way| book.cuts.contains(way)) {
                self.away.insert((agent, *other));
            }
        }
    }

    /// An agent could not be reached, or could reach nobody.
    fn misses(&mut self, agent: AgentId) {
        for (its, (_, further)) in &self.went_back {
            match *its == agent {
                true => self.away.extend(further.keys().map(|other| (*its, *other))),
                false => self.away.extend([(*its, agent)]),
            }
        }
    }

    fn said(&mut self, from: AgentId, to: AgentId, consults: &Consults, book: &Book) -> Verdict {
        let name = &consults.name;
        match &consults.what {
            Consultation::Asked(asked) => {
                self.asked(from, name, asked, book)?;
                self.votes(from, asked.configuration.keepers(), book)
            }
            Consultation::Answered(answered)
                if matches!(answered.answer, Answer::Promised(_) | Answer::Accepted) =>
            {
                let attempt = (name.clone(), answered.epoch, answered.ballot);
                let keepers = self.attempts.get(&attempt);
                let keepers = keepers.map_or(vec![to], |its| its.configuration.keepers().to_vec());
                self.votes(from, &keepers, book)
            }
            _ => Ok(()),
        }
    }

    fn asked(
        &mut self,
        from: AgentId,
        name: &WorkloadName,
        asked: &Asked<gary_promise::Entry>,
        book: &Book,
    ) -> Verdict {
        let who = || book.names.of_agent(&from);
        let ballot = asked.ballot;
        let now = book.agents.get(&from).map(|its| its.epoch);
        if ballot.by != from || Some(ballot.epoch) != now {
            return Err(format!(
                "{} tries in an attempt of start {}",
                who(),
                ballot.epoch.0
            ));
        }
        let attempt = (name.clone(), asked.configuration.epoch(), ballot);
        let Ok(asked) = asked.clone().try_map(|entry| {
            let mut bytes = entry.intent.bytes().to_vec();
            bytes.extend(entry.intent.by().as_bytes());
            Ok::<_, std::convert::Infallible>(bytes)
        });
        let before = self.attempts.insert(attempt, asked.clone());
        let differs = before.is_some_and(|before| {
            let are_both = [&before, &asked].map(|its| matches!(its.question, Question::Accept(_)));
            before.configuration != asked.configuration
                || (are_both == [true, true] && before.question != asked.question)
        });
        match differs {
            true => Err(format!("{} tries twice in one attempt", who())),
            false => Ok(()),
        }
    }

    /// An agent votes with these keepers, or grants something.
    fn votes(&mut self, by: AgentId, keepers: &[AgentId], book: &Book) -> Verdict {
        let Some((sequence, further)) = self.went_back.get(&by) else {
            return Ok(());
        };
        let others = keepers.iter().filter(|its| **its != by);
        let mut there = others.filter(|its| !self.away.contains(&(by, **its)));
        let further = there.find_map(|its| Some((its, further.get(its)?)));
        further.map_or(Ok(()), |(its, saw)| {
            let (by, its) = (book.names.of_agent(&by), book.names.of_agent(its));
            Err(format!(
                "{by} votes or grants by a disk at commit {}, and {its} has seen {}",
                sequence.0, saw.0
            ))
        })
    }

    fn stored(&mut self, agent: AgentId, fact: &Fact, book: &Book) -> Verdict {
        match fact {
            Fact::Saw {
                agent: of,
                sequence,
            } => {
                self.saw.insert((agent, *of), *sequence);
            }
            Fact::SetBack(_) => self.premises += 1,
            Fact::Votes { name, votes } => {
                if let Some(chosen) = votes.chosen() {
                    return self.chose(name, &chosen.entrusted.configuration);
                }
            }
            Fact::Collected { workload, .. } => return self.collects(agent, workload, book),
            _ => {}
        }
        Ok(())
    }

    /// Those who kept a name before a change are all but one of those who keep it after, or the other way round.
    fn chose(&mut self, name: &WorkloadName, now: &Configuration) -> Verdict {
        let place = |epoch| (name.clone(), epoch);
        let here = self.configurations.entry(place(now.epoch())).or_default();
        if !here.insert(now.clone()) {
            return Ok(());
        }
        let before = now.epoch().get().checked_sub(1);
        // In an era of its own, a name begins with whoever is left.
        let before = before.and_then(ConfigurationEpoch::new);
        let before = before.map(|its| its.of(now.epoch().era()));
        let before = before.and_then(|its| self.configurations.get(&place(its)));
        match before {
            Some(before) if !before.iter().any(|its| now.follows(its)) => Err(format!(
                "keepers {} of {name} are not one more or one fewer than those before",
                now.epoch()
            )),
            _ => Ok(()),
        }
    }

    fn collects(&mut self, by: AgentId, workload: &WorkloadId, book: &Book) -> Verdict {
        self.premises += 1;
        let is_first = self.collected.insert(*workload);
        let keepers = book.registers.all().find(|(its, _)| *its == workload);
        let keepers = keepers.map_or(&[][..], |(_, keepers)| keepers);
        let deletes = |its: &&AgentId| {
            let known = book.registers.known(workload, its);
            let intent = known.and_then(|its| book.intent(&its));
            intent.is_some_and(|its| its.valency == gary_promise::Valency::NONE)
        };
        // Its name may have meant another since, after the deletion.
        let last = book.registers.latest(workload, |_| true);
        let stood = |its: &&AgentId| last.is_some_and(|last| book.registers.has_stood(last, its));
        let unknowing = keepers.iter().find(|its| !deletes(its) && !stood(its));
        unknowing.filter(|_| is_first).map_or(Ok(()), |its| {
            let (by, its) = (book.names.of_agent(&by), book.names.of_agent(its));
            let workload = book.names.of_workload(workload);
            Err(format!(
                "{by} forgets {workload}, and {its} does not know that it is deleted"
            ))
        })
    }
}
