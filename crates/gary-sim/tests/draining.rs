//! What is hosted and kept by whoever is drained, others come to host and keep, if there are any.

use std::time::Duration;

use gary_agent::{Afterwards, Drain, Draining};
use gary_promise::{Notice, Portion};
use gary_sim::{
    Act, Frailty, NetworkSpec, NodeNo, NodeSpec, Submission, Watch, World, WorldSpec, capacity,
    intent,
};

const CORE: u64 = 1_000_000;
const MEBIBYTE: u64 = 1 << 20;

/// Nodes of two cores, and a workload of half a core for each replica.
struct Scene {
    world: World,
    nodes: usize,
}

impl Scene {
    fn new(nodes: usize, valency: u32, exclusive: bool) -> Self {
        let node = |_| NodeSpec::new(capacity(2 * CORE, 1024 * MEBIBYTE));
        let spec = WorldSpec {
            seed: 1,
            nodes: (0..nodes).map(node).collect(),
            owners: 1,
            network: NetworkSpec::LAN,
        };
        let mut world = World::new(spec, Watch::new(None));
        for number in 0..nodes {
            world.plan(Duration::ZERO, Act::Start(NodeNo(number)));
        }
        let mut scene = Self { world, nodes };
        scene.run_for(1_000);
        let portion = Portion::new(CORE / 2, 64 * MEBIBYTE).expect("it is something of both");
        let mut wanted = intent(valency, portion, Frailty::Sound);
        wanted.exclusive = exclusive;
        let what = Submission::Founds(Box::new(wanted));
        let (owner, to) = (0, NodeNo(0));
        scene.act(Act::Submit { owner, to, what });
        scene.run_for(5_000);
        assert_eq!(scene.running(), valency as usize, "all run");
        scene
    }

    fn act(&mut self, act: Act) {
        self.world.plan(Duration::ZERO, act);
    }

    fn drain(&mut self, node: NodeNo, within_ms: u32, then: Afterwards) {
        let within = Notice::from_ms(within_ms).expect("legal");
        let drain = Drain { within, then };
        self.act(Act::Drain { node, drain });
    }

    fn run_for(&mut self, ms: u64) {
        self.world.run_for(Duration::from_millis(ms));
        if let Some(violation) = self.world.watch().violation() {
            panic!("{violation}");
        }
    }

    /// Goes on in small steps, and says how many ran at the least.
    fn least_running(&mut self, ms: u64) -> usize {
        let mut least = usize::MAX;
        for _ in 0..ms / 10 {
            self.run_for(10);
            least = least.min(self.running());
        }
        least
    }

    fn all(&self) -> impl Iterator<Item = NodeNo> + use<> {
        (0..self.nodes).map(NodeNo)
    }

    fn running(&self) -> usize {
        self.all().map(|its| self.world.components(its)).sum()
    }

    /// The first node that runs something.
    fn host(&self) -> NodeNo {
        let mut all = self.all();
        all.find(|its| self.world.components(*its) > 0)
            .expect("somebody runs something")
    }

    fn keeps(&self, node: NodeNo) -> usize {
        let agent = self.world.agent(node);
        agent.map_or(0, |its| its.dealings().kept().count())
    }

    /// What is left of what a node hosts and keeps: how many slots and names.
    fn left(&self, node: NodeNo) -> (usize, usize) {
        let left = self.draining(node).expect("it is drained");
        (left.slots.len(), left.names.len())
    }

    fn draining(&self, node: NodeNo) -> Option<Draining> {
        self.world.agent(node)?.draining()
    }
}

#[test]
fn what_runs_is_run_elsewhere_before_it_ends_and_the_node_stays() {
    let mut its = Scene::new(4, 3, false);
    let node = its.host();
    its.drain(node, 60_000, Afterwards::Stays);
    its.run_for(5);
    assert_eq!(its.left(node), (1, 1));
    assert!(its.least_running(5_000) >= 3);
    assert_eq!((its.world.components(node), its.keeps(node)), (0, 0));
    assert!(its.draining(node).is_some_and(|its| its.is_done()));
    let kept: usize = its.all().map(|node| its.keeps(node)).sum();
    assert_eq!(kept, 3, "another keeps it in its place");
    // It hosts nothing anew, whatever is asked for.
    let updates = |valency| Submission::Updates {
        nth: 0,
        valency: Some(valency),
        component: None,
    };
    let (owner, to) = (0, NodeNo(0));
    let what = updates(8);
    its.act(Act::Submit { owner, to, what });
    its.run_for(5_000);
    assert_eq!((its.running(), its.world.components(node)), (8, 0));
    // And hosts again once it is wanted to.
    its.act(Act::Undrain(node));
    its.run_for(1_000);
    assert!(its.draining(node).is_none());
    let what = updates(14);
    its.act(Act::Submit { owner, to, what });
    its.run_for(10_000);
    assert_eq!(its.running(), 14);
    assert!(its.world.components(node) > 0);
}

#[test]
fn who_leaves_has_handed_over_first() {
    let mut its = Scene::new(4, 3, false);
    let node = its.host();
    its.drain(node, 60_000, Afterwards::Leaves);
    assert!(its.least_running(8_000) >= 3);
    assert!(its.world.agent(node).is_none(), "it has gone");
    its.world.scan();
    its.run_for(0);
}

#[test]
fn to_be_drained_twice_is_the_same_as_once() {
    let mut its = Scene::new(1, 1, false);
    let node = NodeNo(0);
    its.drain(node, 5_000, Afterwards::Stays);
    its.run_for(3_000);
    let before = its.draining(node);
    its.drain(node, 5_000, Afterwards::Stays);
    its.run_for(10);
    assert!(before.is_some() && its.draining(node) == before);
    its.run_for(2_100);
    assert_eq!(its.running(), 0);
    // The earlier of two deadlines holds, and that it leaves.
    let mut its = Scene::new(1, 1, false);
    its.drain(node, 600_000, Afterwards::Leaves);
    its.run_for(10);
    its.drain(node, 1_000, Afterwards::Stays);
    its.run_for(1_100);
    assert_eq!(its.running(), 0);
    its.run_for(6_000);
    assert!(its.world.agent(node).is_none(), "it has gone all the same");
}

#[test]
fn who_is_alone_ends_at_its_deadline_and_says_what_is_left() {
    let mut its = Scene::new(1, 2, false);
    let node = NodeNo(0);
    its.drain(node, 8_000, Afterwards::Stays);
    assert_eq!(its.least_running(7_900), 2);
    let left = its.draining(node).expect("it is drained");
    assert_eq!((left.slots.len(), left.names.len()), (2, 1));
    assert_eq!(left.until.since(left.since), Duration::from_secs(8));
    its.run_for(200);
    assert_eq!(its.left(node), (0, 1), "nobody else can keep it");
    assert!(its.draining(node).is_some_and(|its| !its.is_done()));
    // What it keeps it hosts again once it is wanted to.
    its.act(Act::Undrain(node));
    its.run_for(6_000);
    assert_eq!(its.running(), 2);
}

#[test]
fn two_that_are_drained_at_once_hand_nothing_to_one_another() {
    let mut its = Scene::new(5, 4, false);
    let first = its.host();
    let hosts = its.all().filter(|node| its.world.components(*node) > 0);
    let second = hosts.last().expect("there are several");
    assert_ne!(first, second);
    its.drain(first, 60_000, Afterwards::Stays);
    its.drain(second, 60_000, Afterwards::Leaves);
    assert!(its.least_running(12_000) >= 4);
    assert_eq!(its.left(first), (0, 0));
    assert!(its.world.agent(second).is_none(), "it has gone");
    let kept: usize = its.all().map(|node| its.keeps(node)).sum();
    assert_eq!((its.running(), kept), (4, 3));
}

#[test]
fn that_it_is_drained_survives_a_start() {
    let mut its = Scene::new(2, 4, false);
    // Nobody has room for what both host.
    let (owner, to) = (0, NodeNo(0));
    let what = Submission::Updates {
        nth: 0,
        valency: Some(8),
        component: None,
    };
    its.act(Act::Submit { owner, to, what });
    its.run_for(5_000);
    let node = NodeNo(1);
    its.drain(node, 10_000, Afterwards::Stays);
    its.run_for(3_000);
    assert_eq!(its.left(node).0, 3);
    let for_good = false;
    its.act(Act::Crash { node, for_good });
    its.run_for(100);
    its.act(Act::Start(node));
    its.run_for(9_000);
    assert_eq!(its.left(node).0, 3, "its time counts anew");
    its.run_for(1_500);
    assert_eq!((its.left(node).0, its.running()), (0, 4));
}

#[test]
fn what_is_exclusive_changes_hands_without_running_out() {
    let mut its = Scene::new(4, 1, true);
    let node = its.host();
    its.drain(node, 60_000, Afterwards::Stays);
    let mut without = 0;
    for _ in 0..1_500 {
        its.run_for(10);
        without += usize::from(its.running() == 0);
    }
    assert!(without <= 150, "nobody runs it for {without} hundredths");
    assert_eq!((its.running(), its.left(node)), (1, (0, 0)));
    assert_ne!(its.host(), node);
}

#[test]
fn what_is_exclusive_runs_on_where_one_keeper_is_down_and_another_drained() {
    let mut its = Scene::new(6, 1, true);
    let host = its.host();
    let keepers = its.all().filter(|node| its.keeps(*node) > 0);
    let others: Vec<NodeNo> = keepers.filter(|its| *its != host).collect();
    let [node, drained, ..] = others[..] else {
        panic!("three keep it, and one hosts it");
    };
    let for_good = true;
    its.act(Act::Crash { node, for_good });
    its.run_for(10_000);
    its.drain(drained, 60_000, Afterwards::Stays);
    assert_eq!(
        its.least_running(40_000),
        1,
        "there is always a majority to grant it"
    );
    assert_eq!((its.host(), its.left(drained)), (host, (0, 0)));
    let kept: usize = its.all().map(|node| its.keeps(node)).sum();
    assert_eq!(kept, 3);
}

#[test]
fn who_has_just_started_and_hears_nobody_does_not_take_itself_for_alone() {
    let mut its = Scene::new(4, 3, false);
    let keepers = its.all().filter(|node| its.keeps(*node) > 0);
    let node = keepers.last().expect("three keep it");
    let others: Vec<NodeNo> = its.all().filter(|its| *its != node).collect();
    its.act(Act::Cut {
        from: others,
        to: vec![node],
    });
    its.drain(node, 1_000, Afterwards::Leaves);
    its.run_for(500);
    let for_good = false;
    its.act(Act::Crash { node, for_good });
    its.run_for(100);
    its.act(Act::Start(node));
    its.run_for(20_000);
    assert_eq!(its.left(node), (0, 1), "the others could keep it");
    its.act(Act::Heal);
    its.run_for(20_000);
    assert!(its.world.agent(node).is_none(), "they do, and it has gone");
    its.world.scan();
    its.run_for(0);
}

#[test]
fn who_leaves_at_once_releases_what_is_exclusive() {
    let mut its = Scene::new(4, 1, true);
    let node = its.host();
    its.act(Act::Leave(node));
    its.run_for(5_000);
    assert_eq!(its.running(), 1, "nobody waits until it has run out");
    assert_ne!(its.host(), node);
}
