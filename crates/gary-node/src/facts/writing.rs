//! From facts to rows.

use gary_agent::register::Votes;
use gary_agent::{Afterwards, Assessed, COLLECTED_MAX, Fact, JOURNAL_MAX};
use gary_promise::{Codec, Entry, HeadCodec, PromiseId, Settlement, SignedRecord};
use gary_wire::WireCodec;
use prost::Message;

use super::message;
use super::row::{Row, Table, of_agent, of_name, of_number, of_promise, of_workload};

/// Makes rows of facts, and counts what stands in the order in which it came.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    journal: u64,
    collected: u64,
}

impl Rows {
    /// Goes on after what is stored: `key` is one that is there.
    pub(crate) fn after(&mut self, table: Table, key: &[u8]) {
        let Ok(number) = key.try_into().map(u64::from_be_bytes) else {
            return;
        };
        match table {
            Table::Journal => self.journal = self.journal.max(number),
            Table::Collected => self.collected = self.collected.max(number),
            _ => {}
        }
    }

    /// What a fact changes.
    pub(crate) fn of(&mut self, fact: &Fact) -> Vec<Row> {
        match fact {
            Fact::Record(record) => record_row(record).into_iter().collect(),
            Fact::Keeps { keep, intent } => {
                vec![Row::put(Table::Keeps, of_promise(keep), of_promise(intent))]
            }
            Fact::Stood { keep, before } => {
                let before = before.iter().map(|its| message::StoodBefore {
                    intent: of_promise(&its.intent),
                    failed: its.failed.map(Into::into),
                    epoch: its.epoch.0,
                });
                let before = before.collect();
                let value = message::Stood { before }.encode_to_vec();
                vec![Row::put(Table::Stood, of_promise(keep), value)]
            }
            Fact::Votes { name, votes } => {
                vec![Row::put(Table::Votes, of_name(name), votes_value(votes))]
            }
            Fact::Collected {
                name,
                workload,
                floor,
            } => {
                let value = message::Collected {
                    name: name.to_string(),
                    workload: of_workload(workload),
                    floor: floor.map(|its| WireCodec.pack(&its)),
                };
                let value = value.encode_to_vec();
                let mut rows = vec![Row::delete(Table::Votes, of_name(name))];
                let max = COLLECTED_MAX as u64;
                rows.extend(append(Table::Collected, &mut self.collected, value, max));
                rows
            }
            Fact::Committed(sequence) => vec![single("committed", of_number(sequence.0))],
            Fact::Saw { agent, sequence } => {
                vec![Row::put(Table::Saw, of_agent(agent), of_number(sequence.0))]
            }
            Fact::SetBack(set_back) => {
                let value = message::SetBack {
                    stored: set_back.stored.0,
                    seen: set_back.seen.0,
                    by: of_agent(&set_back.by),
                };
                vec![single("set-back", value.encode_to_vec())]
            }
            Fact::Acquainted(count) => vec![single("acquainted", of_number(u64::from(*count)))],
            Fact::Pending {
                intent,
                since: (epoch, since),
                refused,
            } => {
                let refused = refused.clone().map(|verdict| {
                    let intent = *intent;
                    WireCodec.pack(&Settlement { intent, verdict })
                });
                let value = message::Pending {
                    epoch: epoch.0,
                    since_us: since.as_us(),
                    refused,
                };
                let value = value.encode_to_vec();
                vec![Row::put(Table::Pending, of_promise(intent), value)]
            }
            Fact::Settled(intent) => vec![Row::delete(Table::Pending, of_promise(intent))],
            Fact::HostsFor {
                offer,
                keepers,
                is_handed_over,
            } => {
                let value = message::HostsFor {
                    keepers: keepers.iter().map(of_agent).collect(),
                    is_handed_over: *is_handed_over,
                };
                let value = value.encode_to_vec();
                vec![Row::put(Table::HostsFor, of_promise(offer), value)]
            }
            Fact::Granted { workload, grant } => {
                let value = message::Granted {
                    epoch: Some(grant.epoch.configuration().into()),
                    number: grant.epoch.number(),
                    offer: of_promise(&grant.holder.offer),
                    start: grant.holder.start.0,
                    granted_in: Some(grant.granted_in.into()),
                };
                let value = value.encode_to_vec();
                vec![Row::put(Table::Granted, of_workload(workload), value)]
            }
            Fact::Ungranted(workload) => {
                vec![Row::delete(Table::Granted, of_workload(workload))]
            }
            Fact::Ended { offer, ended } => vec![match ended {
                Some(ended) => {
                    let value = message::Ended {
                        tick: ended.key.tick.0,
                        slot: ended.key.slot.0,
                        asked_epoch: ended.asked.epoch.0,
                        asked_sequence: ended.asked.sequence.get(),
                        completion: WireCodec.pack(&ended.completion),
                    };
                    Row::put(Table::Ended, of_promise(offer), value.encode_to_vec())
                }
                None => Row::delete(Table::Ended, of_promise(offer)),
            }],
            Fact::HandedOver { offer, is_so } => vec![match is_so {
                true => Row::put(Table::HandedOver, of_promise(offer), Vec::new()),
                false => Row::delete(Table::HandedOver, of_promise(offer)),
            }],
            Fact::Drained(drain) => vec![match drain {
                Some(drain) => {
                    let value = message::Drained {
                        within_ms: drain.within.as_ms(),
                        leaves: drain.then == Afterwards::Leaves,
                    };
                    single("drained", value.encode_to_vec())
                }
                None => Row::delete(Table::Single, b"drained".to_vec()),
            }],
            Fact::Forgotten(promise) => forgotten(promise),
            Fact::Assessed(assessed) => {
                let (value, max) = (assessed_value(assessed), JOURNAL_MAX as u64);
                append(Table::Journal, &mut self.journal, value, max)
            }
        }
    }
}

/// What is kept of a promise goes with it.
fn forgotten(promise: &PromiseId) -> Vec<Row> {
    let tables = [
        Table::Records,
        Table::Keeps,
        Table::Stood,
        Table::HostsFor,
        Table::Ended,
    ];
    let rows = tables.map(|table| Row::delete(table, of_promise(promise)));
    rows.to_vec()
}

fn single(key: &str, value: Vec<u8>) -> Row {
    Row::put(Table::Single, key.as_bytes().to_vec(), value)
}

/// One more of what stands in order; the one goes that is so many before it.
fn append(table: Table, last: &mut u64, value: Vec<u8>, max: u64) -> Vec<Row> {
    *last += 1;
    let mut rows = vec![Row::put(table, of_number(*last), value)];
    if let Some(oldest) = last.checked_sub(max) {
        rows.push(Row::delete(table, of_number(oldest)));
    }
    rows
}

/// A promise, by its id. An agent remembers no other record, and nothing that it could not read itself.
fn record_row(record: &SignedRecord) -> Option<Row> {
    let SignedRecord::Promise(signed) = record else {
        return None;
    };
    let id = PromiseId {
        promiser: signed.by(),
        version: WireCodec.head(signed.bytes()).ok()?.version(),
    };
    Some(Row::put(
        Table::Records,
        of_promise(&id),
        WireCodec.pack(record),
    ))
}

fn votes_value(votes: &Votes<Entry>) -> Vec<u8> {
    let pack = |vote: Option<_>| vote.map(|vote| WireCodec.pack(vote));
    let value = message::Votes {
        configuration: WireCodec.pack(votes.configuration()),
        promised: votes.promised().map(|its| WireCodec.pack(&its)),
        voted: pack(votes.voted()),
        chosen: pack(votes.chosen()),
    };
    value.encode_to_vec()
}

fn assessed_value(assessed: &Assessed) -> Vec<u8> {
    let assessment = &assessed.assessment;
    let value = message::Assessed {
        observer: of_agent(&assessment.observer()),
        promise: of_promise(&assessment.promise()),
        at_us: assessment.at().as_us(),
        epoch: assessed.epoch.0,
        workload: of_workload(&assessed.workload),
        slot: assessed.slot.map(|slot| slot.0),
        judgement: Some(assessment.judgement().into()),
    };
    value.encode_to_vec()
}
