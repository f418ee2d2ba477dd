//! What others go by of what an agent shows on its sheet.

use gary_agent::Shown;
use gary_promise::{
    AgentKey, Body, BootEpoch, BoundedSet, Condition, PromiseId, Promiser, Requirement, Verifier,
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
    let pending = read(has(2), condition);
    let shown = Shown {
        capacity: Some(capacity(CORE, 1).into()),
        ..Shown::default()
    };
    assert_eq!(Shown::of([&firm, &pending]), shown);
    assert_eq!(Shown::of([&pending]), Shown::default());
}
