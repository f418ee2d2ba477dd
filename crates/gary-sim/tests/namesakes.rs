//! Two workloads of one name, founded by agents that did not know of each other: neither is ever overwritten by the other,
//! both are shown, and one of them has the name in everybody's eyes.

use std::time::Duration;

use gary_promise::{
    AgentKey, Body, BootEpoch, Condition, Lineage, Own, Portion, Promise, Promiser, Update,
    Valency, Verdict, WorkloadId,
};
use gary_sim::{
    Act, CLUSTER, Frailty, NetworkSpec, NodeNo, NodeSpec, Watch, World, WorldSpec, capacity, intent,
};
use gary_wire::WireCodec;

/// Where each of two sides is that have never heard of each other.
const SIDES: [[usize; 4]; 2] = [[0, 1, 2, 3], [4, 5, 6, 7]];

struct Scene {
    world: World,
    persons: [Promiser; 2],
}

impl Scene {
    /// Two sides, each with a workload of the name.
    fn new() -> (Self, [Own<Promise>; 2]) {
        let mut scene = Self::apart();
        let founded = [0, 1].map(|side| {
            let founded = scene.signs(side, None, 2);
            scene.commits(SIDES[side][0], &founded);
            founded
        });
        (scene, founded)
    }

    /// Two sides that have nothing yet.
    fn apart() -> Self {
        let node = |_| NodeSpec {
            replaces_after: Duration::from_secs(2),
            ..NodeSpec::new(capacity(4_000_000, 1 << 30))
        };
        let spec = WorldSpec {
            seed: 1,
            nodes: (0..8).map(node).collect(),
            owners: 0,
            network: NetworkSpec::LAN,
        };
        let mut world = World::new(spec, Watch::new(None));
        for (from, to) in [(0, 1), (1, 0)] {
            let nodes = |side: usize| SIDES[side].map(NodeNo).to_vec();
            let (from, to) = (nodes(from), nodes(to));
            world.plan(Duration::ZERO, Act::Cut { from, to });
        }
        for node in SIDES.as_flattened() {
            world.plan(Duration::from_millis(1), Act::Start(NodeNo(*node)));
        }
        let persons = [2, 3].map(|number| {
            let key = AgentKey::from_seed(&[number; 32]);
            Promiser::new(key, CLUSTER, BootEpoch(1))
        });
        let mut scene = Self { world, persons };
        scene.run_for(3_000);
        scene
    }

    /// Both sides come to know of each other.
    fn meet(&mut self) {
        self.act(Act::Heal);
        let (node, for_good) = (NodeNo(7), false);
        self.act(Act::Crash { node, for_good });
        self.run_for(100);
        self.act(Act::Start(node));
        self.run_for(8_000);
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

    /// What a person signs to found a workload, or to use another number of what was founded.
    fn signs(&mut self, side: usize, follows: Option<&Own<Promise>>, valency: u32) -> Own<Promise> {
        let portion = Portion::new(500_000, 64 << 20).expect("it is something of both");
        let mut wanted = intent(valency.max(1), portion, Frailty::Sound);
        wanted.valency = Valency::new(valency).expect("there are few");
        if let Some(before) = follows {
            let workload = before.workload().expect("it is of one");
            let Body::Use(its) = before.body() else {
                panic!("it is an intent");
            };
            let next = its.lineage.generation().next().expect("there are more");
            let update = Update::new(workload, next).expect("it is not the first");
            wanted.lineage = Lineage::Updates(update);
        }
        let body = Body::Use(Box::new(wanted));
        let made = self.persons[side].promise(body, Condition::default(), &WireCodec);
        made.expect("it is short")
    }

    fn told(&mut self, to: usize, intent: &Own<Promise>) -> Verdict {
        self.act(Act::Entrust {
            to: NodeNo(to),
            intent: intent.signed().clone(),
        });
        self.run_for(6_000);
        let told = self.world.take_settled().into_iter();
        let told: Vec<_> = told.map(|(_, _, its)| (its.intent, its.verdict)).collect();
        let [(id, verdict)] = told.try_into().expect("one thing is told");
        assert_eq!(id, intent.id());
        verdict
    }

    fn commits(&mut self, to: usize, intent: &Own<Promise>) {
        let verdict = self.told(to, intent);
        assert!(matches!(verdict, Verdict::Committed(_)), "{verdict:?}");
    }

    /// Which workloads a node shows to have been founded apart, and which of them has the name.
    fn shown(&self, node: usize) -> (Vec<WorkloadId>, Option<WorkloadId>) {
        let agent = self.world.agent(NodeNo(node)).expect("it is up");
        let namesakes = agent.dealings().namesakes();
        let has_name = namesakes.first().and_then(|its| its.has_name());
        let workloads = namesakes.iter().flat_map(|its| its.workloads.keys());
        (workloads.copied().collect(), has_name)
    }

    fn running(&self) -> usize {
        let nodes = SIDES.as_flattened().iter();
        nodes.map(|its| self.world.components(NodeNo(*its))).sum()
    }
}

fn keeping(scene: &Scene, workload: WorkloadId) -> usize {
    let keeps = |node: &&usize| {
        let agent = scene.world.agent(NodeNo(**node)).expect("it is up");
        let mut kept = agent.dealings().kept();
        kept.any(|(its, ..)| its == workload)
    };
    SIDES.as_flattened().iter().filter(keeps).count()
}

fn ids(founded: &[Own<Promise>; 2]) -> Vec<WorkloadId> {
    let ids = founded.each_ref();
    let mut ids = ids.map(|its| its.workload().expect("it is of one"));
    ids.sort();
    ids.to_vec()
}

#[test]
fn both_go_on_and_everybody_shows_which_has_the_name() {
    let (mut its, founded) = Scene::new();
    its.meet();
    let both = ids(&founded);
    for node in SIDES.as_flattened() {
        assert_eq!(its.shown(*node), (both.clone(), Some(both[0])), "n{node}");
    }
    assert_eq!(its.running(), 4);
    // Each is updated by way of any node, and a third is founded nowhere.
    let [ann, bob] = [0, 1].map(|side| its.signs(side, Some(&founded[side]), 3));
    its.commits(SIDES[1][1], &ann);
    its.commits(SIDES[0][1], &bob);
    assert_eq!(its.running(), 6);
    for node in [0, 5] {
        let third = its.signs(0, None, 1);
        let verdict = its.told(node, &third);
        assert!(matches!(verdict, Verdict::NameTaken(_)), "{verdict:?}");
    }
}

#[test]
fn who_comes_in_the_place_of_a_keeper_keeps_nothing_else_of_the_name() {
    let (mut its, founded) = Scene::new();
    its.meet();
    // A keeper of the first is gone for good; of all others, only two keep nothing yet.
    let keeps = |scene: &Scene, node: usize| {
        let agent = scene.world.agent(NodeNo(node)).expect("it is up");
        let kept: Vec<WorkloadId> = agent.dealings().kept().map(|(its, ..)| its).collect();
        kept
    };
    let first = founded[0].workload().expect("it is of one");
    let gone = SIDES[0]
        .into_iter()
        .find(|node| keeps(&its, *node).contains(&first));
    let gone = gone.expect("three of four keep it");
    its.act(Act::Crash {
        node: NodeNo(gone),
        for_good: true,
    });
    its.run_for(20_000);
    let left = SIDES.as_flattened().iter().filter(|node| **node != gone);
    let left: Vec<usize> = left.copied().collect();
    let keepers = left
        .iter()
        .filter(|node| keeps(&its, **node).contains(&first));
    assert_eq!(keepers.count(), 3);
    assert!(left.iter().all(|node| keeps(&its, *node).len() <= 1));
    let updates = [0, 1].map(|side| its.signs(side, Some(&founded[side]), 1));
    for update in &updates {
        its.commits(left[0], update);
    }
    assert_eq!(its.running(), 2);
}

#[test]
fn the_name_is_one_workloads_again_once_the_other_is_deleted() {
    let (mut its, founded) = Scene::new();
    its.meet();
    let both = ids(&founded);
    let loses = [0, 1]
        .into_iter()
        .find(|side| founded[*side].workload() == Some(both[1]));
    let loses = loses.expect("it is one of them");
    let deletes = its.signs(loses, Some(&founded[loses]), 0);
    its.commits(SIDES[1 - loses][0], &deletes);
    its.run_for(4_000);
    assert_eq!(its.running(), 2);
    for node in SIDES.as_flattened() {
        assert_eq!(its.shown(*node), (vec![], None), "n{node}");
        let again = its.signs(loses, None, 1);
        let verdict = its.told(*node, &again);
        assert_eq!(verdict, Verdict::NameTaken(both[0]), "n{node}");
    }
}

#[test]
fn one_intent_that_both_sides_have_taken_is_one_workload_once_they_meet() {
    let mut its = Scene::apart();
    let founded = its.signs(0, None, 2);
    for side in SIDES {
        its.commits(side[0], &founded);
    }
    let workload = founded.workload().expect("it is of one");
    assert_eq!((its.running(), keeping(&its, workload)), (4, 6));
    its.meet();
    its.run_for(12_000);
    assert_eq!((its.running(), keeping(&its, workload)), (2, 3));
    assert_eq!(its.shown(0), (vec![], None));
    let update = its.signs(0, Some(&founded), 3);
    its.commits(SIDES[1][2], &update);
    its.run_for(2_000);
    assert_eq!(its.running(), 3);
}
