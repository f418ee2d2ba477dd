//! What a disk holds of registers: all that goes back where they are restored from a backup.

use std::collections::{BTreeMap, VecDeque};

use gary_agent::exclusive::Grant;
use gary_agent::register::Votes;
use gary_agent::{COLLECTED_MAX, Fact, SetBack};
use gary_promise::{AgentId, CommitSequence, Entry, WorkloadId, WorkloadName};

/// What a disk holds of registers.
#[derive(Debug, Clone, Default)]
pub(super) struct VoteStore {
    /// How its agent has voted on which register.
    votes: BTreeMap<WorkloadName, Votes<Entry>>,
    /// What its agent has granted of exclusive workloads.
    grants: BTreeMap<WorkloadId, Grant>,
    /// How far it is.
    sequence: CommitSequence,
    /// How far its agent has seen the stores of others.
    saw: BTreeMap<AgentId, CommitSequence>,
    set_back: Option<SetBack>,
    /// What its agent has forgotten.
    collected: VecDeque<Fact>,
}

impl VoteStore {
    /// Takes a fact, if it is of registers. Says whether it is.
    pub(super) fn apply(&mut self, fact: &Fact) -> bool {
        match fact {
            Fact::Votes { name, votes } => {
                self.votes.insert(name.clone(), Votes::clone(votes));
            }
            Fact::Granted { workload, grant } => {
                self.grants.insert(*workload, *grant);
            }
            Fact::Ungranted(workload) => {
                self.grants.remove(workload);
            }
            Fact::Committed(sequence) => self.sequence = *sequence,
            Fact::Saw { agent, sequence } => {
                self.saw.insert(*agent, *sequence);
            }
            Fact::Collected { name, .. } => {
                self.votes.remove(name);
                if self.collected.len() >= COLLECTED_MAX {
                    self.collected.pop_front();
                }
                self.collected.push_back(fact.clone());
            }
            Fact::SetBack(set_back) => self.set_back = Some(*set_back),
            _ => return false,
        }
        true
    }

    /// What is stored.
    pub(super) fn facts(&self) -> impl Iterator<Item = Fact> {
        let votes = self.votes.iter().map(|(name, votes)| Fact::Votes {
            name: name.clone(),
            votes: Box::new(votes.clone()),
        });
        let grants = self.grants.iter();
        let grants = grants.map(|(workload, grant)| Fact::Granted {
            workload: *workload,
            grant: *grant,
        });
        let saw = self.saw.iter().map(|(agent, sequence)| Fact::Saw {
            agent: *agent,
            sequence: *sequence,
        });
        votes
            .chain(grants)
            .chain([Fact::Committed(self.sequence)])
            .chain(saw)
            .chain(self.set_back.map(Fact::SetBack))
            .chain(self.collected.iter().cloned())
    }

    /// How far it is.
    pub(super) const fn sequence(&self) -> CommitSequence {
        self.sequence
    }
}
