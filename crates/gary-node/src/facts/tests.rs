use std::collections::BTreeMap;

use gary_agent::exclusive::Grant;
use gary_agent::register::Votes;
use gary_agent::{
    Afterwards, Assessed, COLLECTED_MAX, Drain, Ended, Fact, Failing, JOURNAL_MAX, SetBack,
    StoodBefore,
};
use gary_promise::{
    AgentId, AgentKey, Assessment, Ballot, Body, BootEpoch, BootNonce, BoundedSet, Broken,
    ClusterId, CommitSequence, Completion, Condition, Configuration, ConfigurationEpoch, Consider,
    Contrary, Earlier, Entrusted, Entry, Era, Failure, FencingEpoch, Generation, Holder, Judgement,
    Kept, Notice, Outcome, PromiseId, Promiser, RunKey, Runs, Sequence, SignedRecord, Slot,
    Submitters, Tick, Time, Unknown, Verdict, Version, Vote, WallTime, WorkloadId, WorkloadName,
};
use gary_wire::WireCodec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::{Row, Rows, Table, fact_of};

const WORKLOAD: WorkloadId = WorkloadId::from_bytes([0x11; 16]);

fn agent(byte: u8) -> AgentId {
    AgentId::from_bytes([byte; 32])
}

fn id(number: u64) -> PromiseId {
    PromiseId {
        promiser: agent(7),
        version: Version {
            epoch: BootEpoch(3),
            sequence: Sequence::new(number).expect("not zero"),
        },
    }
}

fn name() -> WorkloadName {
    "hello".parse().expect("it is a label")
}

/// Something that an agent has signed.
fn record(epoch: u64) -> (PromiseId, SignedRecord) {
    let key = AgentKey::from_seed(&[7; 32]);
    let mut promiser = Promiser::new(key, ClusterId::from_bytes([1; 32]), BootEpoch(epoch));
    let body = Body::Consider(Consider {
        submitters: Submitters::AnyClient,
    });
    let made = promiser.promise(body, Condition::default(), &WireCodec);
    let made = made.expect("it is short");
    (made.id(), SignedRecord::Promise(made.signed().clone()))
}

fn votes() -> Votes<Entry> {
    let first = [agent(1), agent(2), agent(3)];
    let first = Configuration::new(ConfigurationEpoch::FIRST, first).expect("three");
    let four = first.with(agent(4)).expect("there is room");
    let ballot = |counter| Ballot {
        counter,
        by: agent(2),
        epoch: BootEpoch(5),
    };
    let (_, SignedRecord::Promise(intent)) = record(9) else {
        panic!("it is a promise");
    };
    let vote = |ballot, configuration: &Configuration| Vote {
        ballot,
        entrusted: Entrusted {
            configuration: configuration.clone(),
            content: Entry {
                intent: intent.clone(),
                earlier: Earlier::new([id(1), id(2)]),
                runs: Runs::default(),
            },
        },
    };
    let chosen = vote(None, &four);
    let voted = vote(Some(ballot(8)), &four);
    Votes::stored(four, Some(ballot(9)), Some(voted), Some(chosen))
}

fn assessed(judgement: Judgement, slot: Option<Slot>) -> Fact {
    Fact::Assessed(Assessed {
        assessment: Assessment::remembered(agent(9), id(4), judgement, Time::from_us(77)),
        epoch: BootEpoch(2),
        workload: WORKLOAD,
        slot,
    })
}

/// One of each that stays as it is.
fn facts() -> Vec<Fact> {
    let at = Time::from_us(5);
    let failing = Failing {
        generation: Generation::FIRST,
        slot: Slot(2),
        host: agent(5),
        failure: Failure::Health,
        since: Time::from_us(9),
    };
    let era = ConfigurationEpoch::begins(Era::new(2, agent(4)).expect("not zero"));
    let judgements = [
        Judgement::Kept(Kept::Renewed { at }),
        Judgement::Kept(Kept::Used { at }),
        Judgement::Kept(Kept::OnNotice { at, back_by: at }),
        Judgement::Unknown(Unknown::Unheard),
        Judgement::Unknown(Unknown::Silent { since: at }),
        Judgement::Unknown(Unknown::Lost { at }),
        Judgement::Broken(Broken::Expired { at }),
        Judgement::Broken(Broken::Withdrawn { at }),
        Judgement::Broken(Broken::Contrary {
            at,
            contrary: Contrary::Denied,
        }),
        Judgement::Broken(Broken::Contrary {
            at,
            contrary: Contrary::Failed,
        }),
    ];
    let mut facts = vec![
        Fact::Record(record(1).1),
        Fact::Keeps {
            keep: id(1),
            intent: id(2),
        },
        Fact::Stood {
            keep: id(1),
            before: vec![StoodBefore {
                intent: id(2),
                failed: Some(failing),
                epoch: BootEpoch(4),
            }],
        },
        Fact::Votes {
            name: name(),
            votes: Box::new(votes()),
        },
        Fact::Collected {
            name: "gone".parse().expect("it is a label"),
            workload: WORKLOAD,
            floor: None,
        },
        Fact::Committed(CommitSequence(9)),
        Fact::Saw {
            agent: agent(3),
            sequence: CommitSequence(4),
        },
        Fact::SetBack(SetBack {
            stored: CommitSequence(1),
            seen: CommitSequence(2),
            by: agent(3),
        }),
        Fact::Acquainted(12),
        Fact::Pending {
            intent: id(3),
            since: (BootEpoch(1), at),
            refused: Some(Verdict::Conflict(Generation::FIRST)),
        },
        Fact::HostsFor {
            offer: id(5),
            keepers: BoundedSet::new([agent(1), agent(2)]).expect("two"),
            is_handed_over: true,
        },
        Fact::Granted {
            workload: WORKLOAD,
            grant: Grant {
                epoch: FencingEpoch::new(era, 3).expect("not zero"),
                holder: Holder {
                    offer: id(5),
                    start: BootNonce(u64::MAX),
                },
                granted_in: era,
            },
        },
        Fact::Ended {
            offer: id(5),
            ended: Some(Box::new(Ended {
                key: RunKey {
                    tick: Tick(4),
                    slot: Slot(1),
                },
                asked: Version::first(BootEpoch(2)),
                completion: Completion {
                    outcome: Outcome::Exited(3),
                    at: Some(WallTime(1_000)),
                    note: Some("it is so".parse().expect("it is short")),
                },
            })),
        },
        Fact::HandedOver {
            offer: id(6),
            is_so: true,
        },
        Fact::Drained(Some(Drain {
            within: Notice::from_ms(5_000).expect("it is short"),
            then: Afterwards::Leaves,
        })),
    ];
    facts.extend(judgements.map(|its| assessed(its, Some(Slot(3)))));
    facts
}

type Disk = BTreeMap<(Table, Vec<u8>), Vec<u8>>;

fn store(disk: &mut Disk, rows: Vec<Row>) {
    for row in rows {
        let place = (row.table, row.key);
        match row.value {
            Some(value) => _ = disk.insert(place, value),
            None => _ = disk.remove(&place),
        }
    }
}

fn stored(disk: &Disk) -> Vec<Fact> {
    let rows = disk.iter();
    let facts = rows.filter_map(|((table, key), value)| {
        fact_of(*table, key, value).expect("it was written so")
    });
    facts.collect()
}

#[test]
fn what_is_stored_is_what_was_to_be() {
    let (mut rows, mut disk) = (Rows::default(), Disk::new());
    let facts = facts();
    for fact in &facts {
        store(&mut disk, rows.of(fact));
    }
    let found = stored(&disk);
    assert_eq!(found.len(), facts.len());
    for fact in &facts {
        assert!(found.contains(fact), "{fact:?}");
    }
    // A journal is in the order in which it was written.
    let is_assessed = |its: &&Fact| matches!(its, Fact::Assessed(_));
    let [written, read] = [&facts, &found].map(|its| its.iter().filter(is_assessed));
    assert!(written.eq(read));
    // None of it in another table.
    let tables: Vec<Table> = disk.keys().map(|(table, _)| *table).collect();
    assert!(Table::ALL.iter().all(|table| tables.contains(table)));
}

#[test]
fn what_is_over_is_gone() {
    let (mut rows, mut disk) = (Rows::default(), Disk::new());
    let (promise, record) = record(1);
    let over = [
        (Fact::Record(record), Fact::Forgotten(promise)),
        (
            Fact::Keeps {
                keep: id(1),
                intent: id(2),
            },
            Fact::Forgotten(id(1)),
        ),
        (
            Fact::Votes {
                name: name(),
                votes: Box::new(votes()),
            },
            Fact::Collected {
                name: name(),
                workload: WORKLOAD,
                floor: None,
            },
        ),
        (
            Fact::Pending {
                intent: id(3),
                since: (BootEpoch(1), Time::from_us(0)),
                refused: None,
            },
            Fact::Settled(id(3)),
        ),
        (
            Fact::HandedOver {
                offer: id(6),
                is_so: true,
            },
            Fact::HandedOver {
                offer: id(6),
                is_so: false,
            },
        ),
        (
            Fact::Drained(Some(Drain {
                within: Notice::from_ms(5_000).expect("it is short"),
                then: Afterwards::Stays,
            })),
            Fact::Drained(None),
        ),
    ];
    for (fact, over) in over {
        store(&mut disk, rows.of(&fact));
        assert!(stored(&disk).contains(&fact), "{fact:?}");
        store(&mut disk, rows.of(&over));
        assert!(!stored(&disk).contains(&fact), "{fact:?}");
    }
}

#[test]
fn of_what_stands_in_order_the_first_goes_and_a_start_goes_on_after_the_last() {
    let (mut rows, mut disk) = (Rows::default(), Disk::new());
    let unheard = assessed(Judgement::Unknown(Unknown::Unheard), None);
    for _ in 0..JOURNAL_MAX {
        store(&mut disk, rows.of(&unheard));
    }
    let mut again = Rows::default();
    for (table, key) in disk.keys() {
        again.after(*table, key);
    }
    let last = assessed(
        Judgement::Kept(Kept::Used {
            at: Time::from_us(1),
        }),
        None,
    );
    store(&mut disk, again.of(&last));
    let found = stored(&disk);
    assert_eq!((found.len(), found.last()), (JOURNAL_MAX, Some(&last)));
    for number in 0..=COLLECTED_MAX {
        let workload = WorkloadId::from_bytes((number as u128).to_be_bytes());
        let name = name();
        let floor = None;
        let fact = Fact::Collected {
            name,
            workload,
            floor,
        };
        store(&mut disk, again.of(&fact));
    }
    let collected = disk.keys().filter(|(table, _)| *table == Table::Collected);
    assert_eq!(collected.count(), COLLECTED_MAX);
}

#[test]
fn a_damaged_row_is_no_fact() {
    for (table, key, value) in [
        (Table::Records, vec![], b"x".to_vec()),
        (Table::Keeps, vec![0; 47], vec![0; 48]),
        (Table::Votes, b"hello".to_vec(), vec![0xff]),
        (Table::Votes, b"Not a name".to_vec(), vec![]),
        (Table::Saw, vec![1; 32], vec![1; 7]),
        (Table::Journal, vec![0; 8], vec![]),
        (Table::Single, b"acquainted".to_vec(), vec![0xff; 8]),
    ] {
        let read = fact_of(table, &key, &value);
        let refused = read.expect_err("it cannot be read").to_string();
        assert!(refused.contains(table.name()), "{refused}");
    }
    // What a later release keeps besides is left as it is.
    assert!(matches!(fact_of(Table::Single, b"later", b""), Ok(None)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_048))]

    /// A disk that has gone bad stops a node by an error and not by a panic, and what it still takes for a fact it would
    /// write as it has read it.
    #[test]
    fn a_row_that_has_changed_is_refused_or_another_fact(
        (row, edits) in (any::<Index>(), prop::collection::vec((any::<Index>(), any::<u8>()), 1..4)),
        cut in prop::option::of(any::<Index>()),
    ) {
        let mut disk = Disk::new();
        let mut rows = Rows::default();
        for fact in facts() {
            store(&mut disk, rows.of(&fact));
        }
        let all = Vec::from_iter(disk);
        let ((table, key), value) = row.get(&all);
        let (key_bytes, mut bytes) = (key.len(), [key.as_slice(), value].concat());
        for (at, byte) in edits {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        let (key, mut value) = bytes.split_at(key_bytes);
        if let Some(cut) = cut {
            value = &value[..cut.index(value.len() + 1)];
        }
        let Ok(Some(fact)) = fact_of(*table, key, value) else {
            return Ok(());
        };
        let mut again = Disk::new();
        store(&mut again, Rows::default().of(&fact));
        for ((table, key), value) in &again {
            let read = fact_of(*table, key, value).expect("it was written so");
            prop_assert_eq!(read.as_ref(), Some(&fact));
        }
    }
}
