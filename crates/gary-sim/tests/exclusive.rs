//! What is exclusive runs while a majority of its keepers can be reached, and changes hands when it has to.

use std::time::Duration;

use gary_promise::{
    AgentKey, Body, BootEpoch, Condition, Generation, Lineage, Portion, Promise, Promiser, Signed,
    Update, Valency, Verdict, WorkloadId,
};
use gary_sim::{
    Act, CLUSTER, Frailty, NetworkSpec, NodeNo, NodeSpec, Submission, Watch, World, WorldSpec,
    capacity, intent,
};
use gary_wire::WireCodec;

const CORE: u64 = 1_000_000;
const MEBIBYTE: u64 = 1 << 20;

/// Four nodes, of which three keep what is exclusive, and where it runs: the world of this seed runs it on the one that
/// keeps nothing.
struct Scene {
    world: World,
    holder: NodeNo,
}

impl Scene {
    fn new() -> Self {
        let node = |_| NodeSpec::new(capacity(2 * CORE, 1024 * MEBIBYTE));
        let spec = WorldSpec {
            seed: 1,
            nodes: (0..4).map(node).collect(),
            owners: 1,
            network: NetworkSpec::LAN,
        };
        let mut world = World::new(spec, Watch::new(None));
        for number in 0..4 {
            world.plan(Duration::ZERO, Act::Start(NodeNo(number)));
        }
        world.run_for(Duration::from_secs(1));
        let portion = Portion::new(CORE / 2, 64 * MEBIBYTE).expect("it is something of both");
        let mut wanted = intent(1, portion, Frailty::Sound);
        wanted.exclusive = true;
        let what = Submission::Founds(Box::new(wanted));
        let (owner, to) = (0, NodeNo(0));
        world.plan(Duration::ZERO, Act::Submit { owner, to, what });
        world.run_for(Duration::from_secs(3));
        let holder = running(&world);
        let holder = holder.first().copied().expect("somebody runs it");
        let keeps = |number| {
            let agent = world.agent(NodeNo(number)).expect("it is up");
            agent.dealings().kept().count()
        };
        assert_eq!((0..4).map(keeps).sum::<usize>(), 3, "three keep it");
        assert_eq!(keeps(holder.0), 0, "and another runs it");
        Self { world, holder }
    }

    fn keepers(&self) -> Vec<NodeNo> {
        let all = (0..4).map(NodeNo);
        all.filter(|its| *its != self.holder).collect()
    }

    fn act(&mut self, act: Act) {
        self.world.plan(Duration::ZERO, act);
    }

    fn run_for(&mut self, ms: u64) {
        self.world.run_for(Duration::from_millis(ms));
        if let Some(violation) = self.world.watch().violation() {
            panic!("{violation}");
        }
    }
}

/// On which nodes something runs, or is about to.
fn running(world: &World) -> Vec<NodeNo> {
    let all = (0..4).map(NodeNo);
    all.filter(|its| world.components(*its) > 0).collect()
}

#[test]
fn keepers_that_start_again_one_after_the_other_do_not_stop_it() {
    let mut its = Scene::new();
    for node in its.keepers() {
        let for_good = false;
        its.act(Act::Crash { node, for_good });
        its.run_for(1_500);
        its.act(Act::Start(node));
        // Less than a tenure after the one before.
        for _ in 0..5 {
            its.run_for(1_000);
            assert_eq!(running(&its.world), [its.holder]);
        }
    }
}

#[test]
fn without_a_majority_of_keepers_it_stops_and_with_one_it_goes_on() {
    let mut its = Scene::new();
    let keepers = its.keepers();
    let for_good = false;
    for node in &keepers[..2] {
        let node = *node;
        its.act(Act::Crash { node, for_good });
    }
    its.run_for(5_000);
    assert_eq!(running(&its.world), [its.holder], "it has time left");
    its.run_for(5_500);
    assert_eq!(running(&its.world), [], "none is left");
    its.act(Act::Start(keepers[0]));
    its.run_for(14_000);
    assert_eq!(running(&its.world).len(), 1);
}

#[test]
fn who_takes_it_back_hands_it_over_at_once() {
    let mut its = Scene::new();
    let holder = its.holder;
    its.act(Act::TakeBack(holder));
    its.run_for(1_500);
    let running = running(&its.world);
    assert!(running.len() == 1 && running[0] != holder, "{running:?}");
}

#[test]
fn who_dies_is_waited_for() {
    let mut its = Scene::new();
    let (node, for_good) = (its.holder, true);
    its.act(Act::Crash { node, for_good });
    its.run_for(7_000);
    assert_eq!(running(&its.world), [], "nobody runs it meanwhile");
    its.run_for(6_000);
    assert_eq!(running(&its.world).len(), 1);
}

#[test]
fn a_keeper_whose_disk_goes_back_to_before_its_last_grant_takes_no_part_in_anything_more() {
    let mut its = Scene::new();
    let keeper = its.keepers()[0];
    its.act(Act::BackUp(keeper));
    its.run_for(1);
    // Somebody else holds it by a later epoch, and nobody has voted for anything since.
    its.act(Act::TakeBack(its.holder));
    its.run_for(4_000);
    let (node, for_good) = (keeper, false);
    its.act(Act::Crash { node, for_good });
    its.run_for(1);
    its.act(Act::Restore(keeper));
    its.act(Act::Start(keeper));
    its.run_for(6_000);
    assert!(its.world.agent(keeper).is_none(), "it has left");
}

/// What a person signs who founds something, or updates it.
fn signed(
    person: &mut Promiser,
    founded: Option<WorkloadId>,
    (is_exclusive, valency): (bool, u32),
) -> (Signed<Promise>, WorkloadId) {
    let portion = Portion::new(CORE / 2, 64 * MEBIBYTE).expect("it is something of both");
    let mut wanted = intent(1, portion, Frailty::Sound);
    wanted.exclusive = is_exclusive;
    wanted.valency = Valency::new(valency).expect("few");
    if let Some(workload) = founded {
        let second = Generation::FIRST.next().expect("there are more");
        let update = Update::new(workload, second).expect("it is not the first");
        wanted.lineage = Lineage::Updates(update);
    }
    let body = Body::Use(Box::new(wanted));
    let made = person.promise(body, Condition::default(), &WireCodec);
    let made = made.expect("it is short");
    let workload = made.workload().expect("it is of one");
    (made.signed().clone(), workload)
}

#[test]
fn what_is_exclusive_stays_so_until_it_is_deleted() {
    for was_exclusive in [true, false] {
        let mut its = Scene::new();
        let key = AgentKey::from_seed(&[7; 32]);
        let mut person = Promiser::new(key, CLUSTER, BootEpoch(1));
        let mut told = |founded, wanted| {
            let (intent, workload) = signed(&mut person, founded, wanted);
            let to = NodeNo(0);
            its.act(Act::Entrust { to, intent });
            its.run_for(1_000);
            let settled = its.world.take_settled();
            let verdict = settled.last().map(|(_, _, its)| its.verdict.clone());
            (verdict.expect("it is settled"), workload)
        };
        let (founded, workload) = told(None, (was_exclusive, 1));
        assert!(matches!(founded, Verdict::Committed(_)));
        let (changed, _) = told(Some(workload), (!was_exclusive, 1));
        assert_eq!(changed, Verdict::Exclusivity);
        let (deleted, _) = told(Some(workload), (!was_exclusive, 0));
        assert!(matches!(deleted, Verdict::Committed(_)), "{deleted:?}");
    }
}
