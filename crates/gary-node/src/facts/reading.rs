//! From rows to facts.

use gary_agent::exclusive::Grant;
use gary_agent::register::Votes;
use gary_agent::{Afterwards, Assessed, Drain, Ended, Fact, SetBack, StoodBefore};
use gary_promise::{
    Assessment, BootEpoch, BootNonce, BoundedSet, CommitSequence, Entry, FencingEpoch, Holder,
    Notice, PromiseId, RunKey, Sequence, Settlement, Slot, Tick, Time, Version, Vote, WorkloadId,
    WorkloadName,
};
use prost::Message;

use super::message::{self, Flaw, agent, packed};
use super::row::Table;

/// A row of the store cannot be read: the disk is damaged, or a later release has written to it.
#[derive(Debug, thiserror::Error)]
#[error("a row of the table {table} cannot be read")]
pub(crate) struct UnreadableRow {
    /// Of which table.
    pub(crate) table: &'static str,
    #[source]
    flaw: Flaw,
}

/// The fact that a row holds; `None` for what a later release keeps.
pub(crate) fn fact_of(
    table: Table,
    key: &[u8],
    value: &[u8],
) -> Result<Option<Fact>, UnreadableRow> {
    read(table, key, value).map_err(|flaw| UnreadableRow {
        table: table.name(),
        flaw,
    })
}

fn read(table: Table, key: &[u8], value: &[u8]) -> Result<Option<Fact>, Flaw> {
    let fact = match table {
        Table::Records => Fact::Record(packed(value)?),
        Table::Keeps => Fact::Keeps {
            keep: promise(key)?,
            intent: promise(value)?,
        },
        Table::Stood => Fact::Stood {
            keep: promise(key)?,
            before: stood(value)?,
        },
        Table::HostsFor => {
            let its = message::HostsFor::decode(value)?;
            let keepers = its
                .keepers
                .iter()
                .map(|its| agent("hosts_for.keepers", its));
            let keepers: Vec<_> = keepers.collect::<Result<_, _>>()?;
            Fact::HostsFor {
                offer: promise(key)?,
                keepers: BoundedSet::new(keepers)
                    .map_err(|_| Flaw::Illegal("hosts_for.keepers"))?,
                is_handed_over: its.is_handed_over,
            }
        }
        Table::HandedOver => Fact::HandedOver {
            offer: promise(key)?,
            is_so: true,
        },
        Table::Ended => Fact::Ended {
            offer: promise(key)?,
            ended: Some(Box::new(ended(value)?)),
        },
        Table::Pending => pending(promise(key)?, value)?,
        Table::Votes => Fact::Votes {
            name: name(key)?,
            votes: Box::new(votes(value)?),
        },
        Table::Granted => Fact::Granted {
            workload: workload(key)?,
            grant: grant(value)?,
        },
        Table::Saw => Fact::Saw {
            agent: agent("saw.agent", key)?,
            sequence: CommitSequence(number(value)?),
        },
        Table::Collected => {
            let its = message::Collected::decode(value)?;
            Fact::Collected {
                name: name(its.name.as_bytes())?,
                workload: workload(&its.workload)?,
                floor: its.floor.map(|its| packed(&its)).transpose()?,
            }
        }
        Table::Journal => Fact::Assessed(assessed(value)?),
        Table::Single => return single(key, value),
    };
    Ok(Some(fact))
}

fn single(key: &[u8], value: &[u8]) -> Result<Option<Fact>, Flaw> {
    let fact = match key {
        b"committed" => Fact::Committed(CommitSequence(number(value)?)),
        b"acquainted" => {
            let count = u32::try_from(number(value)?);
            Fact::Acquainted(count.map_err(|_| Flaw::Illegal("acquainted"))?)
        }
        b"set-back" => {
            let its = message::SetBack::decode(value)?;
            Fact::SetBack(SetBack {
                stored: CommitSequence(its.stored),
                seen: CommitSequence(its.seen),
                by: agent("set_back.by", &its.by)?,
            })
        }
        b"drained" => {
            let its = message::Drained::decode(value)?;
            let within = Notice::from_ms(its.within_ms);
            Fact::Drained(Some(Drain {
                within: within.map_err(|_| Flaw::Illegal("drained.within_ms"))?,
                then: match its.leaves {
                    true => Afterwards::Leaves,
                    false => Afterwards::Stays,
                },
            }))
        }
        _ => return Ok(None),
    };
    Ok(Some(fact))
}

fn stood(value: &[u8]) -> Result<Vec<StoodBefore>, Flaw> {
    let before = message::Stood::decode(value)?.before.into_iter();
    let before = before.map(|its| {
        Ok(StoodBefore {
            intent: promise(&its.intent)?,
            failed: its.failed.map(TryInto::try_into).transpose()?,
            epoch: BootEpoch(its.epoch),
        })
    });
    before.collect()
}

fn ended(value: &[u8]) -> Result<Ended, Flaw> {
    let its = message::Ended::decode(value)?;
    let sequence = Sequence::new(its.asked_sequence);
    Ok(Ended {
        key: RunKey {
            tick: Tick(its.tick),
            slot: Slot(its.slot),
        },
        asked: Version {
            epoch: BootEpoch(its.asked_epoch),
            sequence: sequence.ok_or(Flaw::Illegal("ended.asked_sequence"))?,
        },
        completion: packed(&its.completion)?,
    })
}

fn pending(intent: PromiseId, value: &[u8]) -> Result<Fact, Flaw> {
    let its = message::Pending::decode(value)?;
    let refused = its.refused.map(|bytes| packed::<Settlement>(&bytes));
    Ok(Fact::Pending {
        intent,
        since: (BootEpoch(its.epoch), Time::from_us(its.since_us)),
        refused: refused.transpose()?.map(|its| its.verdict),
    })
}

fn votes(value: &[u8]) -> Result<Votes<Entry>, Flaw> {
    let its = message::Votes::decode(value)?;
    let vote = |bytes: Option<Vec<u8>>| {
        let vote = bytes.map(|bytes| packed::<Vote<Entry>>(&bytes));
        vote.transpose()
    };
    Ok(Votes::stored(
        packed(&its.configuration)?,
        its.promised.map(|its| packed(&its)).transpose()?,
        vote(its.voted)?,
        vote(its.chosen)?,
    ))
}

fn grant(value: &[u8]) -> Result<Grant, Flaw> {
    let its = message::Granted::decode(value)?;
    let epoch = its.epoch.ok_or(Flaw::Illegal("granted.epoch"))?;
    let granted_in = its.granted_in.ok_or(Flaw::Illegal("granted.granted_in"))?;
    let epoch = FencingEpoch::new(epoch.try_into()?, its.number);
    Ok(Grant {
        epoch: epoch.ok_or(Flaw::Illegal("granted.number"))?,
        holder: Holder {
            offer: promise(&its.offer)?,
            start: BootNonce(its.start),
        },
        granted_in: granted_in.try_into()?,
    })
}

fn assessed(value: &[u8]) -> Result<Assessed, Flaw> {
    let its = message::Assessed::decode(value)?;
    let judgement = its.judgement.ok_or(Flaw::Illegal("assessed.judgement"))?;
    let observer = agent("assessed.observer", &its.observer)?;
    let (of, at) = (promise(&its.promise)?, Time::from_us(its.at_us));
    Ok(Assessed {
        assessment: Assessment::remembered(observer, of, judgement.into(), at),
        epoch: BootEpoch(its.epoch),
        workload: workload(&its.workload)?,
        slot: its.slot.map(Slot),
    })
}

fn promise(bytes: &[u8]) -> Result<PromiseId, Flaw> {
    const FLAW: Flaw = Flaw::Illegal("the id of a promise");
    let (promiser, version) = bytes.split_first_chunk().ok_or(FLAW)?;
    let (epoch, sequence) = version.split_first_chunk().ok_or(FLAW)?;
    let sequence = Sequence::new(number(sequence)?).ok_or(FLAW)?;
    Ok(PromiseId {
        promiser: agent("the id of a promise", promiser as &[u8; 32])?,
        version: Version {
            epoch: BootEpoch(u64::from_be_bytes(*epoch)),
            sequence,
        },
    })
}

fn workload(bytes: &[u8]) -> Result<WorkloadId, Flaw> {
    let bytes = bytes.try_into();
    let bytes = bytes.map_err(|_| Flaw::Illegal("the id of a workload"))?;
    Ok(WorkloadId::from_bytes(bytes))
}

fn name(bytes: &[u8]) -> Result<WorkloadName, Flaw> {
    let name = std::str::from_utf8(bytes).ok();
    let name = name.and_then(|name| name.parse().ok());
    name.ok_or(Flaw::Illegal("the name of a workload"))
}

fn number(bytes: &[u8]) -> Result<u64, Flaw> {
    let bytes = bytes.try_into().map_err(|_| Flaw::Illegal("a number"))?;
    Ok(u64::from_be_bytes(bytes))
}
