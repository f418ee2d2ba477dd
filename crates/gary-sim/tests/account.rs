//! What an agent can say of a workload that it keeps: what it waits for, what it counts, and what it held for what.

use std::time::Duration;

use gary_agent::{Assessed, Dealings, Fact, Keeps, REPLACES_AFTER, Setup, Shown};
use gary_promise::{
    AgentKey, Batch, Bid, Body, BootEpoch, BoundedSet, Broken, Condition, Consider, Frame,
    Generation, Host, Judgement, Kept, Lease, Own, Portion, Promise, Promiser, Requirement,
    SignedRecord, Slot, Submitters, Time, Unknown, WorkloadId,
};
use gary_sim::{CLUSTER, Frailty, capacity, intent};
use gary_wire::WireCodec;

const CORE: u64 = 1_000_000;
const MEBIBYTE: u64 = 1 << 20;

fn promiser(number: u8) -> Promiser {
    Promiser::new(AgentKey::from_seed(&[number; 32]), CLUSTER, BootEpoch(1))
}

fn portion() -> Portion {
    Portion::new(CORE / 10, MEBIBYTE).expect("something of both")
}

fn intended(owner: &mut Promiser, condition: Condition) -> Own<Promise> {
    let wanted = intent(1, portion(), Frailty::Sound);
    let made = owner.promise(Body::Use(Box::new(wanted)), condition, &WireCodec);
    made.expect("it is short")
}

fn keeper(epoch: u64, now: Time) -> Dealings<WireCodec> {
    let setup = Setup {
        key: AgentKey::from_seed(&[1; 32]),
        cluster: CLUSTER,
        epoch: BootEpoch(epoch),
        // Too little to host anything itself.
        capacity: capacity(1, 1),
        consider: consider(),
        declines: false,
        replaces_after: REPLACES_AFTER,
        seed: 1,
    };
    Dealings::new(setup, WireCodec, now)
}

fn consider() -> Option<Consider> {
    let submitters = Submitters::AnyClient;
    Some(Consider { submitters })
}

/// Stores everything, and gives what was stored and what is said.
fn drain(agent: &mut Dealings<WireCodec>) -> (Vec<Fact>, Vec<Frame>) {
    let mut facts = Vec::new();
    while let Some(write) = agent.poll_write() {
        facts.extend(write.facts);
        agent.handle_stored(write.id);
    }
    let said = std::iter::from_fn(|| agent.poll_transmit());
    (facts, said.map(|its| its.frame).collect())
}

fn invites(said: &[Frame]) -> bool {
    said.iter().any(|its| matches!(its, Frame::Invitation(_)))
}

#[test]
fn says_what_is_waited_for_counted_and_held_for_broken_and_why() {
    let at = |ms: u64| Time::from_us(ms * 1000);
    let [mut peer, mut owner] = [2, 3].map(promiser);
    let mut me = keeper(1, at(0));
    let shown = |came| Shown {
        capacity: Some(capacity(CORE, 1024 * MEBIBYTE).into()),
        consider: consider(),
        came,
        went: Vec::new(),
    };
    me.handle_sheet(at(0), peer.id(), shown(Vec::new()));
    me.handle_liveness(at(0), peer.id(), true);

    // It waits for another workload to be kept, and invites nobody.
    let needed = intended(&mut owner, Condition::default());
    let requirement = Requirement::Promised(needed.id());
    let requirements = BoundedSet::new([requirement.clone()]).expect("one");
    let wanted = intended(&mut owner, Condition { requirements });
    let workload = wanted.workload().expect("it founds one");
    me.deploy(at(1), wanted.signed().clone())
        .expect("considered");
    let (_, said) = drain(&mut me);
    assert!(!invites(&said), "{said:?}");
    let account = me.account(&workload, at(1)).expect("it is kept");
    assert_eq!(
        (account.unmet, account.open),
        (vec![requirement], vec![Slot(0)])
    );

    // It is awake meanwhile: what it sleeps through does not count.
    for ms in (200..=5_000).step_by(200) {
        me.handle_timeout(at(ms));
    }
    // It is kept, by what the peer's sheet says.
    let keep = peer.stamp();
    let keep = gary_promise::PromiseId {
        promiser: peer.id(),
        version: keep,
    };
    let keeps = Keeps {
        by: keep,
        workload: WorkloadId::founded_by(needed.id()),
        name: "needed".parse().expect("it is a label"),
    };
    me.handle_sheet(at(5_000), peer.id(), shown(vec![keeps]));
    let (_, said) = drain(&mut me);
    assert!(invites(&said), "{said:?}");
    assert_eq!(me.account(&workload, at(5_000)).expect("kept").unmet, []);

    // It is hosted, and then its host is not heard any more.
    let host = Body::Host(Host {
        promisee: me.id(),
        asked_in: BootEpoch(1),
        workload,
        generation: Generation::FIRST,
        slot: Slot(0),
        portion: portion(),
        bid: Bid(1),
        besides: 0,
        lease: Lease::from_ms(10_000).expect("ten seconds"),
    });
    let offer = peer.promise(host, Condition::default(), &WireCodec);
    let offer = offer.expect("it is short");
    let mut batch = Batch::default();
    assert!(batch.push(SignedRecord::Promise(offer.signed().clone())));
    me.handle_frame(at(5_100), peer.id(), Frame::Told(batch));
    drain(&mut me);
    let counted = me.account(&workload, at(5_200)).expect("kept").counted;
    let judged: Vec<Judgement> = counted
        .iter()
        .map(|its| its.assessment.judgement())
        .collect();
    assert_eq!(judged, [Judgement::Kept(Kept::Renewed { at: at(5_100) })]);

    let mut assessed: Vec<Assessed> = Vec::new();
    let mut now = at(5_200);
    while now < at(17_000) {
        now = now.after(Duration::from_millis(200));
        me.handle_timeout(now);
        let (facts, _) = drain(&mut me);
        assessed.extend(facts.iter().filter_map(|fact| match fact {
            Fact::Assessed(its) => Some(*its),
            _ => None,
        }));
    }
    let judged: Vec<Judgement> = assessed
        .iter()
        .map(|its| its.assessment.judgement())
        .collect();
    assert_eq!(
        judged,
        [
            Judgement::Unknown(Unknown::Silent { since: at(5_100) }),
            Judgement::Broken(Broken::Expired { at: at(15_100) }),
        ],
        "each once, and by what it goes"
    );
    let account = me.account(&workload, now).expect("it is kept");
    assert_eq!(
        (account.counted, account.history),
        (Vec::new(), assessed.clone())
    );
    assert!(
        assessed
            .iter()
            .all(|its| its.assessment.promise() == offer.id())
    );

    // That outlives a start.
    let mut again = keeper(2, at(20_000));
    let history = assessed.iter().copied().map(Fact::Assessed);
    again.resume(at(20_000), history);
    assert_eq!(again.journal().copied().collect::<Vec<_>>(), assessed);
}
