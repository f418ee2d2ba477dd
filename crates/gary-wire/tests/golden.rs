//! Records as they were packed once, in `testdata/records`.

mod blessed;

use blessed::golden;
use gary_promise::{
    Accept, AgentId, Agents, Axis, Bid, Body, BootEpoch, BoundedSet, Capacity, Codec,
    ComponentDigest, Condition, Consider, Generation, Have, Host, Interface, Interfaces, Keep,
    Labels, Lease, Lineage, Mode, Needs, Pace, Portion, Promise, PromiseId, Reason, Requirement,
    Resources, Retries, Routes, Schedule, Serve, SheetHead, SheetRoot, Slot, Spec, Spread,
    Submitters, Tick, Update, Use, Valency, Version, Withdrawal, WorkloadId,
};
use gary_wire::WireCodec;

const WORKLOAD: WorkloadId = WorkloadId::from_bytes([0x11; 16]);
const COMPONENT: ComponentDigest = ComponentDigest::from_bytes([0x22; 32]);
const AGENT: AgentId = AgentId::from_bytes([0x33; 32]);

fn version(epoch: u64) -> Version {
    Version::first(BootEpoch(epoch))
}

fn id(epoch: u64) -> PromiseId {
    PromiseId {
        promiser: AGENT,
        version: version(epoch),
    }
}

fn interface() -> Interface {
    "wasi:http/types@0.2.12".parse().expect("legal")
}

fn interfaces() -> Interfaces {
    Interfaces::new([interface()]).expect("one")
}

fn labels() -> Labels {
    let label = ("zone", "attic");
    Labels::new([(
        label.0.parse().expect("a key"),
        label.1.parse().expect("a value"),
    )])
    .expect("one")
}

fn routes() -> Routes {
    Routes::new(["hello.localhost".parse().expect("legal")]).expect("one")
}

fn portion() -> Portion {
    Portion::new(100_000, 64 << 20).expect("something of both")
}

fn lease() -> Lease {
    Lease::from_ms(10_000).expect("legal")
}

fn host(asked_in: BootEpoch, besides: u32) -> Body {
    Body::Host(Host {
        promisee: AGENT,
        asked_in,
        workload: WORKLOAD,
        generation: Generation::FIRST,
        slot: Slot(2),
        portion: portion(),
        bid: Bid(7),
        besides,
        lease: lease(),
    })
}

fn intent() -> Use {
    let second = Generation::new(2).expect("not zero");
    Use {
        lineage: Lineage::Updates(Update::new(WORKLOAD, second).expect("not the first")),
        name: "hello".parse().expect("legal"),
        component: COMPONENT,
        valency: Valency::new(3).expect("few"),
        is_stopped: false,
        exclusive: false,
        mode: Mode::Service,
        needs: Needs {
            portion: portion(),
            labels: labels(),
            architecture: Some("aarch64".parse().expect("legal")),
            interfaces: interfaces(),
        },
        spread: Spread::new([Axis::Label("zone".parse().expect("a key")), Axis::Node])
            .expect("two"),
        routes: routes(),
        updaters: Submitters::Only(Agents::new([AGENT]).expect("one")),
        spec: Spec::new(b"spec").expect("short"),
        pace: Pace::default(),
    }
}

/// An intent that says how it takes the place of the one before.
fn paced() -> Use {
    Use {
        pace: Pace::new(0, 2).expect("two may be away"),
        ..intent()
    }
}

fn job() -> Use {
    Use {
        mode: Mode::Job(Retries::new(2).expect("few enough")),
        ..intent()
    }
}

fn scheduled() -> Use {
    let schedule = Schedule::new(60_000, 5_000, Tick(28_400_000)).expect("legal");
    Use {
        valency: Valency::new(1).expect("few"),
        mode: Mode::Schedule(schedule, Retries::default()),
        ..intent()
    }
}

fn stopped() -> Use {
    Use {
        is_stopped: true,
        ..exclusive()
    }
}

fn exclusive() -> Use {
    Use {
        valency: Valency::new(1).expect("few"),
        exclusive: true,
        ..intent()
    }
}

fn bodies() -> Vec<(&'static str, Body)> {
    vec![
        (
            "capacity",
            Body::Capacity(std::sync::Arc::new(Capacity {
                resources: Resources::new(4_000_000, 1 << 30).expect("legal"),
                labels: labels(),
                architecture: "aarch64".parse().expect("legal"),
                interfaces: interfaces(),
            })),
        ),
        (
            "consider",
            Body::Consider(Consider {
                submitters: Submitters::AnyClient,
            }),
        ),
        (
            "keep",
            Body::Keep(Keep {
                workload: WORKLOAD,
                name: "hello".parse().expect("legal"),
                routes: routes(),
            }),
        ),
        ("use", Body::Use(Box::new(intent()))),
        ("use_exclusive", Body::Use(Box::new(exclusive()))),
        ("use_stopped", Body::Use(Box::new(stopped()))),
        ("use_paced", Body::Use(Box::new(paced()))),
        ("use_job", Body::Use(Box::new(job()))),
        ("use_scheduled", Body::Use(Box::new(scheduled()))),
        // As before it was told in which life it was asked.
        ("host", host(BootEpoch(0), 0)),
        ("host_asked", host(BootEpoch(3), 0)),
        ("host_besides", host(BootEpoch(3), 2)),
        (
            "accept",
            Body::Accept(Accept {
                workload: WORKLOAD,
                intent: id(1),
                offer: id(2),
            }),
        ),
        (
            "serve",
            Body::Serve(Serve {
                workload: WORKLOAD,
                slot: Slot(2),
                exports: interfaces(),
                lease: lease(),
            }),
        ),
        (
            "have",
            Body::Have(Have {
                component: COMPONENT,
            }),
        ),
        ("admit", Body::Admit),
    ]
}

#[test]
fn promises_are_packed_as_ever() {
    for (name, body) in bodies() {
        let required = [
            Requirement::Bound(interface()),
            Requirement::Promised(id(3)),
        ];
        let requirements = BoundedSet::new(required).expect("two");
        let condition = match body {
            Body::Serve(_) => Condition { requirements },
            _ => Condition::default(),
        };
        let revises = matches!(body, Body::Capacity(_)).then(|| version(4));
        let promise = Promise::new(version(5), body, condition, revises).expect("legal");
        let bytes = golden("records", name, &WireCodec.pack(&promise));
        let read: Promise = WireCodec.unpack(&bytes).expect(name);
        assert_eq!(read, promise);
    }
}

#[test]
fn withdrawals_are_packed_as_ever() {
    let withdrawal = Withdrawal::new(version(5), version(4), Reason::Leaving).expect("legal");
    let bytes = golden("records", "withdrawal", &WireCodec.pack(&withdrawal));
    let read: Withdrawal = WireCodec.unpack(&bytes).expect("ours");
    assert_eq!(read, withdrawal);
}

#[test]
fn heads_of_sheets_are_packed_as_ever() {
    let head = SheetHead {
        version: version(5),
        count: 3,
        root: SheetRoot::from_bytes([0x44; 32]),
        remembered_from: version(4),
    };
    let bytes = golden("records", "sheet_head", &WireCodec.pack(&head));
    let read: SheetHead = WireCodec.unpack(&bytes).expect("ours");
    assert_eq!(read, head);
}
