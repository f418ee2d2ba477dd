//! What others go by of what an agent shows on its sheet.

use gary_agent::{Keeps, Shown};
use gary_promise::{
    AgentKey, Body, BootEpoch, BoundedSet, Condition, Keep, Promise, PromiseId, Promiser,
    Requirement, Routes, Verified, Verifier, WorkloadId,
};
use gary_sim::{CLUSTER, capacity};
use gary_wire::WireCodec;

const CORE: u64 = 1_000_000;

fn promiser(number: u8) -> Promiser {
    Promiser::new(AgentKey::from_seed(&[number; 32]), CLUSTER, BootEpoch(1))
}

#[test]
fn what_is_promised_under_a_condition_is_not_gone_by() {
    let mut peer = promiser(10);
    let requirements = BoundedSet::new([Requirement::Promised(PromiseId {
        promiser: promiser(11).id(),
        version: promiser(11).stamp(),
    })]);
    let condition = Condition {
        requirements: requirements.expect("one"),
    };
    let has = |memory| Body::Capacity(capacity(CORE, memory).into());
    let mut read = |body, condition| {
        let made = peer
            .promise(body, condition, &WireCodec)
            .expect("it is short");
        let verified = Verifier::new(CLUSTER, 0).verify(made.signed().clone(), &WireCodec);
        verified.expect("it is signed")
    };
    let firm = read(has(1), Condition::default());
    let pending = read(has(2), condition.clone());
    let keeps = Body::Keep(Keep {
        workload: WorkloadId::from_bytes([7; 16]),
        name: "web".parse().expect("it is a label"),
        routes: Routes::default(),
    });
    let kept = read(keeps.clone(), Condition::default());
    let kept_later = read(keeps, condition);
    let all = [&pending, &firm, &kept, &kept_later];
    let came = Keeps {
        by: kept.id(),
        workload: WorkloadId::from_bytes([7; 16]),
        name: "web".parse().expect("it is a label"),
    };
    let shown = Shown {
        capacity: Some(capacity(CORE, 1).into()),
        came: vec![came],
        ..Shown::default()
    };
    let of =
        |came: &[&Verified<Promise>]| Shown::of(all.into_iter(), came.iter().copied(), Vec::new());
    assert_eq!(of(&all), shown);
    // What was known before is not told again.
    let known = Shown {
        came: Vec::new(),
        ..shown
    };
    assert_eq!(of(&[&firm, &kept_later]), known);
}
