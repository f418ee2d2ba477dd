//! What becomes of a workload that is deleted, and of a keeper whose disk does not know how it has voted.

use std::time::Duration;

use gary_agent::REPLACES_AFTER;
use gary_promise::{
    AgentKey, Body, BootEpoch, Condition, Generation, Lineage, Portion, Promise, Promiser, Signed,
    Update, Valency, Verdict, WorkloadId,
};
use gary_sim::{
    Act, CLUSTER, Frailty, NetworkSpec, NodeNo, NodeSpec, Transcript, Watch, World, WorldSpec,
    capacity, intent,
};
use gary_wire::WireCodec;

/// As many as keep a name.
const NODES: usize = 3;

/// How long it takes at most until a deleted workload is forgotten.
const FORGOTTEN_WITHIN: Duration = Duration::from_secs(15);

struct Scene {
    world: World,
    person: Promiser,
}

impl Scene {
    fn new() -> Self {
        let nodes = (0..NODES).map(|_| NodeSpec::new(capacity(2_000_000, 1 << 30)));
        let spec = WorldSpec {
            seed: 1,
            nodes: nodes.collect(),
            owners: 0,
            network: NetworkSpec::LAN,
        };
        let watch = Watch::new(Some(Transcript::of_dealings()));
        let mut world = World::new(spec, watch);
        for node in 0..NODES {
            world.plan(Duration::ZERO, Act::Start(NodeNo(node)));
        }
        let key = AgentKey::from_seed(&[0x70; 32]);
        let person = Promiser::new(key, CLUSTER, BootEpoch(1));
        let mut scene = Self { world, person };
        scene.run(Duration::from_secs(5));
        scene
    }

    fn act(&mut self, act: Act) {
        self.world.plan(Duration::ZERO, act);
        self.run(Duration::from_millis(1));
    }

    fn run(&mut self, span: Duration) {
        self.world.run_for(span);
        assert_eq!(self.world.watch().violation(), None);
    }

    /// Founds a workload, or deletes one.
    fn sign(&mut self, deletes: Option<WorkloadId>) -> (WorkloadId, Signed<Promise>) {
        let portion = Portion::new(500_000, 64 << 20).expect("it is something of both");
        let mut wanted = intent(1, portion, Frailty::Sound);
        if let Some(workload) = deletes {
            let second = Generation::FIRST.next().expect("there are more");
            let update = Update::new(workload, second).expect("it is not the first");
            wanted.lineage = Lineage::Updates(update);
            wanted.valency = Valency::NONE;
        }
        let body = Body::Use(Box::new(wanted));
        let made = self.person.promise(body, Condition::default(), &WireCodec);
        let made = made.expect("it is short");
        let workload = made.workload().expect("an intent is of one");
        (workload, made.signed().clone())
    }

    /// What a person is told of an intent within a while.
    fn submit(&mut self, to: usize, intent: &Signed<Promise>) -> Option<Verdict> {
        let intent = intent.clone();
        let to = NodeNo(to);
        self.act(Act::Entrust { to, intent });
        self.run(Duration::from_secs(6));
        let told = self.world.take_settled().pop();
        told.map(|(_, _, settlement)| settlement.verdict)
    }

    fn is_committed(&mut self, to: usize, intent: &Signed<Promise>) {
        let told = self.submit(to, intent);
        assert!(matches!(told, Some(Verdict::Committed(_))), "{told:?}");
    }

    /// Something was written down so often of what was seen.
    fn was_seen(&self, what: &str, times: usize) {
        let told = self.world.watch().transcript().map(ToString::to_string);
        let told = told.expect("it was asked for");
        assert_eq!(told.matches(what).count(), times, "{told}");
    }

    fn crash(&mut self, node: usize) {
        let (node, for_good) = (NodeNo(node), false);
        self.act(Act::Crash { node, for_good });
    }
}

const FORGETS: &str = "was ever kept";

#[test]
fn what_is_deleted_is_forgotten_by_all_and_never_comes_back() {
    let mut scene = Scene::new();
    let (workload, founds) = scene.sign(None);
    scene.is_committed(0, &founds);
    let (_, deletes) = scene.sign(Some(workload));
    scene.is_committed(1, &deletes);
    scene.run(FORGOTTEN_WITHIN);
    scene.was_seen(FORGETS, NODES);
    for node in 0..NODES {
        let told = scene.submit(node, &founds);
        assert_eq!(told, Some(Verdict::NotKept), "it was deleted");
    }
    // Also after a start.
    for node in 0..NODES {
        scene.crash(node);
        scene.act(Act::Start(NodeNo(node)));
    }
    scene.run(Duration::from_secs(5));
    assert_eq!(scene.submit(2, &founds), Some(Verdict::NotKept));
    // The name is free.
    let (_, again) = scene.sign(None);
    scene.is_committed(2, &again);
}

#[test]
fn nothing_is_forgotten_before_all_keepers_know() {
    let mut scene = Scene::new();
    let (workload, founds) = scene.sign(None);
    scene.is_committed(0, &founds);
    scene.crash(2);
    let (_, deletes) = scene.sign(Some(workload));
    scene.is_committed(0, &deletes);
    scene.run(FORGOTTEN_WITHIN);
    scene.was_seen(FORGETS, 0);
    // The name is deployed anew over what is left of it, and the one that was away comes to know.
    let (_, again) = scene.sign(None);
    scene.is_committed(1, &again);
    scene.act(Act::Start(NodeNo(2)));
    scene.run(Duration::from_secs(5));
    let told = scene.submit(2, &founds);
    assert!(
        matches!(told, Some(Verdict::Committed(_))),
        "it stood before"
    );
}

#[test]
fn whoever_lost_its_votes_says_so_and_leaves() {
    for is_backed_up in [true, false] {
        let mut scene = Scene::new();
        let (workload, founds) = scene.sign(None);
        scene.is_committed(0, &founds);
        if is_backed_up {
            scene.act(Act::BackUp(NodeNo(1)));
        }
        let (_, deletes) = scene.sign(Some(workload));
        scene.is_committed(0, &deletes);
        scene.crash(1);
        scene.act(Act::Restore(NodeNo(1)));
        scene.act(Act::Start(NodeNo(1)));
        let (_, again) = scene.sign(None);
        scene.is_committed(0, &again);
        scene.was_seen("votes no more", 1);
        assert!(scene.world.agent(NodeNo(1)).is_none());
        // Two are left of three.
        scene.run(REPLACES_AFTER);
        let (_, other) = scene.sign(None);
        let told = scene.submit(2, &other);
        assert!(matches!(told, Some(Verdict::NameTaken(_))), "{told:?}");
    }
}

#[test]
fn a_disk_that_lost_nothing_votes_on() {
    let mut scene = Scene::new();
    let (_, founds) = scene.sign(None);
    scene.is_committed(0, &founds);
    scene.run(Duration::from_secs(2));
    scene.act(Act::BackUp(NodeNo(1)));
    scene.crash(1);
    scene.act(Act::Restore(NodeNo(1)));
    scene.act(Act::Start(NodeNo(1)));
    scene.run(Duration::from_secs(5));
    scene.crash(0);
    let (_, other) = scene.sign(None);
    let told = scene.submit(1, &other);
    assert!(matches!(told, Some(Verdict::NameTaken(_))), "{told:?}");
    scene.was_seen("votes no more", 0);
}
