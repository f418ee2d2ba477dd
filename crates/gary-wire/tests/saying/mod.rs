//! Everything that can be said, at random and by example.

use gary_promise::{
    Accept, AgentId, Agents, Axis, Bid, Body, BootEpoch, Capacity, ComponentDigest, Condition,
    Consider, Generation, Have, Host, Interface, Interfaces, Keep, Labels, Lease, Lineage, Mode,
    Needs, PERIOD_MS_MAX, PERIOD_MS_MIN, Pace, Portion, Promise, PromiseId, RETRIES_MAX, Reason,
    Requirement, Resources, Retries, Route, Routes, Schedule, Sequence, Serve, SheetHead,
    SheetRoot, Slot, Spec, Spread, Submitters, Tick, Update, Use, Valency, Version, Withdrawal,
    WorkloadId,
};
use proptest::{collection::vec, option, prelude::*};

pub(crate) fn promises() -> impl Strategy<Value = Promise> {
    let requirements = vec(requirements(), 0..5);
    (versions(), bodies(), requirements, option::of(versions())).prop_filter_map(
        "it revises itself",
        |(version, body, requirements, revises)| {
            let requirements = gary_promise::BoundedSet::new(requirements).expect("few");
            Promise::new(version, body, Condition { requirements }, revises).ok()
        },
    )
}

pub(crate) fn withdrawals() -> impl Strategy<Value = Withdrawal> {
    let reasons = prop_oneof![
        Just(Reason::Unstated),
        Just(Reason::Surplus),
        Just(Reason::Outdated),
        Just(Reason::Failing),
        Just(Reason::Leaving),
        Just(Reason::Revised),
        Just(Reason::Completed),
    ];
    (versions(), versions(), reasons).prop_filter_map("it is of itself", |(version, of, reason)| {
        Withdrawal::new(version, of, reason).ok()
    })
}

pub(crate) fn sheet_heads() -> impl Strategy<Value = SheetHead> {
    let root = any::<[u8; 32]>().prop_map(SheetRoot::from_bytes);
    (versions(), any::<u32>(), root, versions()).prop_map(
        |(version, count, root, remembered_from)| SheetHead {
            version,
            count,
            root,
            remembered_from,
        },
    )
}

pub(crate) fn versions() -> impl Strategy<Value = Version> {
    (any::<u64>(), 1..=u64::MAX).prop_map(|(epoch, sequence)| Version {
        epoch: BootEpoch(epoch),
        sequence: Sequence::new(sequence).expect("not zero"),
    })
}

pub(crate) fn agents() -> impl Strategy<Value = AgentId> {
    any::<[u8; 32]>().prop_map(AgentId::from_bytes)
}

pub(crate) fn workloads() -> impl Strategy<Value = WorkloadId> {
    any::<[u8; 16]>().prop_map(WorkloadId::from_bytes)
}

fn components() -> impl Strategy<Value = ComponentDigest> {
    any::<[u8; 32]>().prop_map(ComponentDigest::from_bytes)
}

pub(crate) fn ids() -> impl Strategy<Value = PromiseId> {
    (agents(), versions()).prop_map(|(promiser, version)| PromiseId { promiser, version })
}

fn leases() -> impl Strategy<Value = Lease> {
    (1..=3_600_000_u32).prop_map(|ms| Lease::from_ms(ms).expect("legal"))
}

fn portions() -> impl Strategy<Value = Portion> {
    (1..=4_096_000_000_u64, 1..=1_u64 << 50)
        .prop_map(|(cpu, memory)| Portion::new(cpu, memory).expect("legal"))
}

pub(crate) fn generations() -> impl Strategy<Value = Generation> {
    (1..=u64::MAX).prop_map(|number| Generation::new(number).expect("not zero"))
}

pub(crate) fn interface() -> impl Strategy<Value = Interface> {
    "[a-z]{1,5}:[a-z]{1,5}/[a-z-]{1,9}(@[1-9]\\.[0-9]\\.[0-9])?"
        .prop_map(|text| text.parse().expect("legal"))
}

fn interfaces() -> impl Strategy<Value = Interfaces> {
    vec(interface(), 0..6).prop_map(|its| Interfaces::new(its).expect("few"))
}

fn routes() -> impl Strategy<Value = Routes> {
    let route = "[a-z]{1,9}(\\.[a-z]{1,9}){0,2}";
    let route = route.prop_map(|text| text.parse::<Route>().expect("legal"));
    vec(route, 0..5).prop_map(|its| Routes::new(its).expect("few"))
}

fn labels() -> impl Strategy<Value = Labels> {
    let labels = proptest::collection::btree_map("k[a-z/.]{0,9}", "[a-zäß =]{1,9}", 0..5);
    labels.prop_map(|labels| {
        let parsed = labels
            .iter()
            .map(|(key, value)| (key.parse().expect("a key"), value.parse().expect("a value")));
        Labels::new(parsed).expect("few")
    })
}

fn requirements() -> impl Strategy<Value = Requirement> {
    prop_oneof![
        ids().prop_map(Requirement::Promised),
        interface().prop_map(Requirement::Bound),
    ]
}

fn submitters() -> impl Strategy<Value = Submitters> {
    let some = vec(agents(), 0..5).prop_map(|its| Agents::new(its).expect("few"));
    prop_oneof![Just(Submitters::AnyClient), some.prop_map(Submitters::Only)]
}

fn needs() -> impl Strategy<Value = Needs> {
    let architecture = option::of("[a-z0-9_]{1,9}".prop_map(|text| text.parse().expect("legal")));
    (portions(), labels(), architecture, interfaces()).prop_map(
        |(portion, labels, architecture, interfaces)| Needs {
            portion,
            labels,
            architecture,
            interfaces,
        },
    )
}

fn intents() -> impl Strategy<Value = Use> {
    let lineage = option::of((workloads(), 2..=u64::MAX)).prop_map(|update| match update {
        None => Lineage::Founds,
        Some((workload, number)) => {
            let generation = Generation::new(number).expect("not zero");
            Lineage::Updates(Update::new(workload, generation).expect("not the first"))
        }
    });
    let spread = any::<bool>().prop_map(|by_node| {
        let zone = Axis::Label("zone".parse().expect("a key"));
        let axes = by_node.then_some(Axis::Node).into_iter().chain([zone]);
        Spread::new(axes).expect("two")
    });
    let spec = vec(any::<u8>(), 0..99).prop_map(|bytes| Spec::new(&bytes).expect("short"));
    let first = (
        lineage,
        "[a-z]{1,9}",
        components(),
        (0..=1_000_000_u32, any::<bool>(), any::<bool>()),
    );
    let how = (spec, paces(), modes());
    (first, needs(), spread, routes(), submitters(), how).prop_map(
        |(
            (lineage, name, component, number),
            needs,
            spread,
            routes,
            updaters,
            (spec, pace, mode),
        )| Use {
            lineage,
            name: name.parse().expect("a name"),
            component,
            valency: Valency::new(number.0).expect("few"),
            is_stopped: number.2,
            exclusive: number.1,
            mode,
            needs,
            spread,
            routes,
            updaters,
            spec,
            pace,
        },
    )
}

fn modes() -> impl Strategy<Value = Mode> {
    let retries = (0..=RETRIES_MAX).prop_map(|count| Retries::new(count).expect("few enough"));
    let span = PERIOD_MS_MIN..=PERIOD_MS_MAX;
    let schedule = (span, any::<u64>(), any::<u64>()).prop_map(|(period_ms, phase, first)| {
        Schedule::new(period_ms, phase % period_ms, Tick(first)).expect("legal")
    });
    prop_oneof![
        Just(Mode::Service),
        retries.clone().prop_map(Mode::Job),
        (schedule, retries).prop_map(|(schedule, retries)| Mode::Schedule(schedule, retries)),
    ]
}

fn paces() -> impl Strategy<Value = Pace> {
    (any::<u32>(), any::<u32>()).prop_filter_map("nothing could begin", |(more, fewer)| {
        Pace::new(more, fewer).ok()
    })
}

fn capacities() -> impl Strategy<Value = Capacity> {
    let resources = (0..=4_096_000_000_u64, 0..=1_u64 << 50)
        .prop_map(|(cpu, memory)| Resources::new(cpu, memory).expect("legal"));
    (resources, labels(), interfaces()).prop_map(|(resources, labels, interfaces)| Capacity {
        resources,
        labels,
        architecture: "riscv64".parse().expect("legal"),
        interfaces,
    })
}

fn offers() -> impl Strategy<Value = Host> {
    let asked = (agents(), any::<u64>().prop_map(BootEpoch));
    let place = (workloads(), generations(), any::<u32>());
    let wanted = (any::<u32>(), any::<u32>());
    (asked, place, portions(), wanted, leases()).prop_map(
        |((promisee, asked_in), (workload, generation, slot), portion, (bid, besides), lease)| {
            Host {
                promisee,
                asked_in,
                workload,
                generation,
                slot: Slot(slot),
                portion,
                bid: Bid(bid),
                besides,
                lease,
            }
        },
    )
}

fn bodies() -> impl Strategy<Value = Body> {
    let keep = (workloads(), "[a-z]{1,9}", routes()).prop_map(|(workload, name, routes)| Keep {
        workload,
        name: name.parse().expect("a name"),
        routes,
    });
    let accept = (workloads(), ids(), ids()).prop_map(|(workload, intent, offer)| Accept {
        workload,
        intent,
        offer,
    });
    let serve = (workloads(), any::<u32>(), interfaces(), leases()).prop_map(
        |(workload, slot, exports, lease)| Serve {
            workload,
            slot: Slot(slot),
            exports,
            lease,
        },
    );
    let have = components().prop_map(|component| Have { component });
    prop_oneof![
        capacities().prop_map(|its| Body::Capacity(its.into())),
        submitters().prop_map(|submitters| Body::Consider(Consider { submitters })),
        keep.prop_map(Body::Keep),
        intents().prop_map(|intent| Body::Use(Box::new(intent))),
        offers().prop_map(Body::Host),
        accept.prop_map(Body::Accept),
        serve.prop_map(Body::Serve),
        have.prop_map(Body::Have),
        Just(Body::Admit),
    ]
}
