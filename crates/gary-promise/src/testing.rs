//! What the tests of this crate are made of.

use std::{cell::RefCell, collections::BTreeMap, fmt::Debug};

use proptest::prelude::*;

use crate::{
    Accept, AgentId, AgentKey, Bid, Body, BootEpoch, CPU_CORES_MICRO_MAX, ClusterId, Codec,
    ComponentDigest, Condition, Generation, Have, Head, Host, Interfaces, Labels, Later, Lease,
    Lineage, MEMORY_BYTES_MAX, Mode, Needs, Own, Pace, Portion, Promise, PromiseId, Promiser,
    Reason, Record, Resources, Routes, Slot, Spec, Spread, Submitters, Use, Valency, Verified,
    Verifier, Withdrawal, WorkloadId,
};

/// The cluster that everybody in the tests is in.
pub(crate) const CLUSTER: ClusterId = ClusterId::from_bytes([0xc1; 32]);

/// A codec that knows what it packed: the bytes are a value's debug form.
pub(crate) struct Book<T>(RefCell<BTreeMap<Vec<u8>, T>>);

/// Bytes that a [`Book`] did not pack.
#[derive(Debug, thiserror::Error)]
#[error("this is not in the book")]
pub(crate) struct NotInTheBook;

impl<T> Book<T> {
    pub(crate) fn new() -> Self {
        Self(RefCell::new(BTreeMap::new()))
    }
}

impl<T: Clone + Debug> Codec<T> for Book<T> {
    type Error = NotInTheBook;

    fn pack(&self, value: &T) -> Vec<u8> {
        let bytes = format!("{value:?}").into_bytes();
        self.0.borrow_mut().insert(bytes.clone(), value.clone());
        bytes
    }

    fn unpack(&self, bytes: &[u8]) -> Result<T, NotInTheBook> {
        self.0.borrow().get(bytes).cloned().ok_or(NotInTheBook)
    }
}

/// An agent: its promiser, and a way to say things that cannot fail.
pub(crate) struct Agent {
    pub(crate) promiser: Promiser,
    promises: Book<Promise>,
    withdrawals: Book<Withdrawal>,
}

impl Agent {
    /// The agent of this number, started for the first time. Made twice, the two are clones.
    pub(crate) fn new(number: u8) -> Self {
        let key = AgentKey::from_seed(&[number; 32]);
        Self {
            promiser: Promiser::new(key, CLUSTER, BootEpoch(1)),
            promises: Book::new(),
            withdrawals: Book::new(),
        }
    }

    pub(crate) fn id(&self) -> AgentId {
        self.promiser.id()
    }

    pub(crate) fn promise(&mut self, body: Body) -> Own<Promise> {
        self.promise_if(body, Condition::default())
    }

    pub(crate) fn promise_if(&mut self, body: Body, condition: Condition) -> Own<Promise> {
        let promise = self.promiser.promise(body, condition, &self.promises);
        promise.expect("it is short")
    }

    pub(crate) fn revise(&mut self, earlier: &Own<Promise>, body: Body) -> Own<Promise> {
        let condition = Condition::default();
        let promise = self
            .promiser
            .revise(earlier, body, condition, &self.promises);
        promise.expect("it is short and of this agent")
    }

    pub(crate) fn withdraw(&mut self, promise: &Own<Promise>) -> Own<Withdrawal> {
        let withdrawal = self
            .promiser
            .withdraw(promise, Reason::Unstated, &self.withdrawals);
        withdrawal.expect("it is short and of this agent")
    }
}

/// A verifier of everybody in the tests, which remembers nothing.
pub(crate) fn verifier() -> Verifier {
    Verifier::new(CLUSTER, 0)
}

/// Amounts of all magnitudes, none included.
pub(crate) fn resources() -> impl Strategy<Value = Resources> {
    (amounts(CPU_CORES_MICRO_MAX), amounts(MEMORY_BYTES_MAX))
        .prop_map(|(cpu, memory)| Resources::new(cpu, memory).expect("not absurd"))
}

/// Portions of all magnitudes.
pub(crate) fn portions() -> impl Strategy<Value = Portion> {
    (amounts(CPU_CORES_MICRO_MAX), amounts(MEMORY_BYTES_MAX)).prop_map(|(cpu, memory)| {
        Portion::new(cpu.max(1), memory.max(1)).expect("something of both")
    })
}

fn amounts(max: u64) -> impl Strategy<Value = u64> {
    prop_oneof![0..8_u64, 0..=1_000_000_u64, 0..=max]
}

/// A lease of ten seconds.
pub(crate) fn lease() -> Lease {
    Lease::from_ms(10_000).expect("legal")
}

/// An offer to `promisee` to host slot 0 of the first generation of `workload`.
pub(crate) fn offer(promisee: AgentId, workload: WorkloadId, portion: Portion) -> Host {
    Host {
        promisee,
        asked_in: BootEpoch(1),
        workload,
        generation: Generation::FIRST,
        slot: Slot(0),
        portion,
        bid: Bid(1),
        besides: 0,
        lease: lease(),
    }
}

/// An intent that founds a workload of `valency` hostings of `portion` each.
pub(crate) fn intent(valency: u32, portion: Portion) -> Use {
    Use {
        lineage: Lineage::Founds,
        name: "hello".parse().expect("legal"),
        component: ComponentDigest::from_bytes([7; 32]),
        valency: Valency::new(valency).expect("few"),
        is_stopped: false,
        exclusive: false,
        mode: Mode::Service,
        needs: Needs {
            portion,
            labels: Labels::default(),
            architecture: None,
            interfaces: Interfaces::default(),
        },
        spread: Spread::default(),
        routes: Routes::default(),
        updaters: Submitters::AnyClient,
        spec: Spec::new(b"").expect("short"),
        pace: Pace::default(),
    }
}

/// An acceptance of `offer` against `intent`.
pub(crate) fn acceptance(intent: &Verified<Promise>, offer: PromiseId) -> Accept {
    Accept {
        workload: intent.workload().expect("an intent has one"),
        intent: intent.id(),
        offer,
    }
}

/// Something to promise that differs from number to number.
pub(crate) fn body(number: u8) -> Body {
    Body::Have(Have {
        component: ComponentDigest::from_bytes([number; 32]),
    })
}

/// The record as it is to a release that cannot read it.
pub(crate) fn unread(record: &Record) -> Record {
    let takes_back = record.withdraws().map(|promise| promise.version);
    let head = Head::new(2, record.version(), takes_back).expect("a record has one");
    Record::Later(Later::new(head, record.signed()))
}

/// What one agent said, of which it may have two clones that do not know of each other. Of some records
/// no more can be read than their heads, and a few stand there both ways.
pub(crate) fn histories() -> impl Strategy<Value = Vec<Record>> {
    let acts = || prop::collection::vec((0..3_u8, any::<prop::sample::Index>(), 0..4_u8), 1..8);
    let is_read = prop::collection::vec(0..4_u8, 16);
    (acts(), prop::option::of(acts()), is_read).prop_map(|(acts, clone_acts, is_read)| {
        let mut records = history(&acts);
        records.extend(clone_acts.iter().flat_map(|acts| history(acts)));
        let read = records.iter().zip(is_read.into_iter().cycle());
        read.flat_map(|(record, is_read)| match is_read {
            0 => vec![unread(record)],
            1 => vec![unread(record), record.clone()],
            _ => vec![record.clone()],
        })
        .collect()
    })
}

fn history(acts: &[(u8, prop::sample::Index, u8)]) -> Vec<Record> {
    let mut agent = Agent::new(1);
    let mut made = vec![agent.promise(Body::Admit)];
    let mut records = vec![Record::Promise((*made[0]).clone())];
    for (act, which, number) in acts {
        let earlier = made[which.index(made.len())].clone();
        let promise = match act {
            0 => agent.promise(body(*number)),
            1 => agent.revise(&earlier, body(*number)),
            _ => {
                let withdrawal = agent.withdraw(&earlier).into_verified();
                records.push(Record::Withdrawal(withdrawal));
                continue;
            }
        };
        records.push(Record::Promise((*promise).clone()));
        made.push(promise);
    }
    records
}
