//! A name whose keepers are gone for good is recovered by a person, and by nobody else.

use std::time::Duration;

use gary_agent::{PendingIntent, RECOVERY_SKIPS, RecoverError, Recovery};
use gary_promise::{
    AgentId, AgentKey, Body, BootEpoch, Condition, Configuration, Generation, Lineage, Portion,
    Promise, PromiseId, Promiser, Signed, Submitters, Update, Use, Verdict, WorkloadName,
};
use gary_sim::{
    Act, CLUSTER, Frailty, NetworkSpec, NodeNo, NodeSpec, Submission, Watch, World, WorldSpec,
    capacity, intent,
};
use gary_wire::WireCodec;

const NODES: usize = 5;

/// Five nodes, and something that three of them keep.
struct Scene {
    world: World,
    keepers: Vec<NodeNo>,
}

impl Scene {
    fn new() -> Self {
        let node = |_| NodeSpec::new(capacity(4_000_000, 1 << 30));
        let spec = WorldSpec {
            seed: 1,
            nodes: (0..NODES).map(node).collect(),
            owners: 1,
            network: NetworkSpec::LAN,
        };
        let mut world = World::new(spec, Watch::new(None));
        for node in 0..NODES {
            world.plan(Duration::ZERO, Act::Start(NodeNo(node)));
        }
        world.run_for(Duration::from_secs(2));
        let keepers = Vec::new();
        let mut scene = Self { world, keepers };
        let portion = Portion::new(500_000, 64 << 20).expect("it is something of both");
        let mut wanted = intent(2, portion, Frailty::Sound);
        wanted.updaters = Submitters::AnyClient;
        scene.submit(Submission::Founds(Box::new(wanted)));
        let kept_by = scene.committed(1_000);
        let is_one = |node: &NodeNo| kept_by.has(&scene.id(*node));
        scene.keepers = (0..NODES).map(NodeNo).filter(is_one).collect();
        assert_eq!(scene.keepers.len(), 3);
        scene
    }

    fn id(&self, node: NodeNo) -> AgentId {
        gary_sim::node_key(1, node).id()
    }

    fn name() -> WorkloadName {
        "p1-1".parse().expect("it is a name")
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

    fn submit(&mut self, what: Submission) {
        let (owner, to) = (0, NodeNo(0));
        self.act(Act::Submit { owner, to, what });
    }

    /// The owner wants another number of them.
    fn scale(&mut self, valency: u32) {
        self.submit(Submission::Updates {
            nth: 0,
            valency: Some(valency),
            component: None,
        });
    }

    /// By whom the last was committed that a person was told of, within so long.
    fn committed(&mut self, within_ms: u64) -> Configuration {
        self.run_for(within_ms);
        match self
            .world
            .take_settled()
            .pop()
            .map(|(_, _, its)| its.verdict)
        {
            Some(Verdict::Committed(keepers)) => keepers,
            other => panic!("it is committed: {other:?}"),
        }
    }

    fn lose(&mut self, nodes: &[NodeNo], for_good: bool) {
        for node in nodes {
            let node = *node;
            self.act(Act::Crash { node, for_good });
        }
        self.run_for(4_000);
    }

    fn assess(&self, node: NodeNo) -> Result<Recovery, RecoverError> {
        let agent = self.world.agent(node).expect("it is up");
        agent.dealings().assess_recovery(&Self::name())
    }

    fn recover(&mut self, at: NodeNo) -> Configuration {
        let (owner, nth) = (0, 0);
        self.act(Act::Recover { owner, nth, at });
        self.committed(100)
    }

    fn pending(&self, node: NodeNo) -> Vec<PendingIntent> {
        let agent = self.world.agent(node).expect("it is up");
        agent.dealings().pending().collect()
    }

    fn running(&self) -> usize {
        let all = (0..NODES).map(NodeNo);
        all.map(|node| self.world.components(node)).sum()
    }
}

#[test]
fn what_has_a_majority_is_not_recovered() {
    let mut its = Scene::new();
    let keepers = its.keepers.clone();
    its.lose(&keepers[2..], true);
    let refused = its.assess(keepers[0]).expect_err("two of three are there");
    assert!(matches!(
        refused,
        RecoverError::Reachable {
            there: 2,
            all: 3,
            ..
        }
    ));
    let others = (0..NODES).map(NodeNo).find(|node| !keepers.contains(node));
    let refused = its.assess(others.expect("five are more than three"));
    assert_eq!(
        refused,
        Err(RecoverError::NotKept {
            name: Scene::name()
        })
    );
}

#[test]
fn a_name_that_lost_its_keepers_is_kept_again_by_as_many() {
    let mut its = Scene::new();
    let keepers = its.keepers.clone();
    its.lose(&keepers[1..], true);
    let known = its.assess(keepers[0]).expect("two of three are gone");
    assert_eq!(known.id.missing.len(), 2);
    assert_eq!(known.generation, Generation::FIRST);
    let alone = its.recover(keepers[0]);
    assert_eq!(alone.keepers(), [its.id(keepers[0])]);
    its.run_for(15_000);
    assert_eq!(its.running(), 2);
    its.scale(3);
    let kept_by = its.committed(1_000);
    assert_eq!(kept_by.keepers().len(), 3);
    assert!(keepers[1..].iter().all(|gone| !kept_by.has(&its.id(*gone))));
    its.run_for(3_000);
    assert_eq!(its.running(), 3);
}

#[test]
fn who_kept_it_before_and_comes_back_votes_no_more_and_shows_what_is_lost() {
    let mut its = Scene::new();
    let keepers = its.keepers.clone();
    // What the others keep meanwhile, the first does not hear of.
    let (first, others) = (vec![keepers[0]], keepers[1..].to_vec());
    let for_good = false;
    its.act(Act::Crash {
        node: keepers[0],
        for_good,
    });
    its.run_for(3_000);
    its.scale(3);
    let before = its.committed(1_000);
    assert_eq!(before.epoch().era(), None);
    its.lose(&others, false);
    for node in &first {
        its.act(Act::Start(*node));
    }
    its.run_for(3_000);
    let stands = its.assess(keepers[0]).expect("two of three are gone").next;
    assert!(stands.get() > RECOVERY_SKIPS);
    let alone = its.recover(keepers[0]);
    assert_eq!(alone.epoch().era().map(|era| era.number()), Some(1));
    its.run_for(8_000);
    for node in &others {
        its.act(Act::Start(*node));
    }
    its.run_for(10_000);
    for node in others {
        let [lost] = its.pending(node).try_into().expect("it shows what is lost");
        assert_eq!(lost.generation.get(), 2);
        assert_eq!(lost.refused, Some(Verdict::Conflict(stands)));
    }
    assert_eq!(its.pending(keepers[0]), []);
    assert_eq!(its.running(), 2, "what was recovered is what runs");
    its.scale(1);
    let after = its.committed(1_000);
    assert!(after.epoch() > alone.epoch());
}

#[test]
fn of_two_that_were_recovered_at_once_one_stands_and_the_other_is_shown() {
    let mut its = Scene::new();
    let keepers = its.keepers.clone();
    its.lose(&keepers[2..], true);
    let cut = |from: NodeNo, to: &[NodeNo]| Act::Cut {
        from: vec![from],
        to: to.to_vec(),
    };
    let [one, other] = [keepers[0], keepers[1]];
    for node in [one, other] {
        let all: Vec<NodeNo> = (0..NODES).map(NodeNo).filter(|its| *its != node).collect();
        its.act(cut(node, &all));
        for from in all {
            its.act(cut(from, &[node]));
        }
    }
    its.run_for(5_000);
    let eras = [one, other].map(|node| its.recover(node).epoch());
    its.act(Act::Heal);
    its.run_for(15_000);
    let (wins, loses) = match eras[0] > eras[1] {
        true => (one, other),
        false => (other, one),
    };
    assert_eq!(its.pending(wins), []);
    let [lost] = its
        .pending(loses)
        .try_into()
        .expect("it shows what is lost");
    assert!(lost.refused.is_some());
    its.scale(1);
    let kept_by = its.committed(2_000);
    assert_eq!(
        kept_by.epoch().era(),
        eras.into_iter().max().and_then(|its| its.era())
    );
    its.run_for(5_000);
    assert_eq!(its.running(), 1);
}

/// What somebody signs to recover what was assessed.
fn signs(
    person: &mut Promiser,
    wanted: &Use,
    known: &Recovery,
    next: Generation,
) -> Signed<Promise> {
    let mut wanted = wanted.clone();
    wanted.name = Scene::name();
    wanted.lineage = Lineage::Updates(Update::new(known.workload, next).expect("not the first"));
    let body = Body::Use(Box::new(wanted));
    let made = person.promise(body, Condition::default(), &WireCodec);
    made.expect("it is short").signed().clone()
}

#[test]
fn nothing_is_recovered_but_by_what_was_assessed_and_is_signed_for_it() {
    let mut its = Scene::new();
    let keepers = its.keepers.clone();
    its.lose(&keepers[1..], false);
    let known = its.assess(keepers[0]).expect("two of three are gone");
    let mut person = Promiser::new(AgentKey::from_seed(&[9; 32]), CLUSTER, BootEpoch(1));
    let portion = Portion::new(500_000, 64 << 20).expect("it is something of both");
    let wanted = intent(2, portion, Frailty::Sound);
    let mut tries = |its: &mut Scene, id: &gary_agent::RecoveryId, wanted: &Use, next| {
        let signed = signs(&mut person, wanted, &known, next);
        its.act(Act::RecoverBy {
            at: keepers[0],
            id: Box::new(id.clone()),
            intent: signed,
        });
        its.run_for(100);
        let told = its.world.take_settled().into_iter();
        let told: Vec<PromiseId> = told.map(|(_, _, its)| its.intent).collect();
        told.len()
    };
    let second = Generation::new(2).expect("not zero");
    assert_eq!(
        tries(&mut its, &known.id, &wanted, second),
        0,
        "it is not next"
    );
    let mut exclusive = wanted.clone();
    exclusive.exclusive = true;
    exclusive.valency = gary_promise::Valency::new(1).expect("few");
    assert_eq!(tries(&mut its, &known.id, &exclusive, known.next), 0);
    let mut of_less = known.id.clone();
    of_less.missing.pop();
    assert_eq!(
        tries(&mut its, &of_less, &wanted, known.next),
        0,
        "of other"
    );
    // One of them is back.
    its.act(Act::Start(keepers[1]));
    its.run_for(3_000);
    assert_eq!(
        tries(&mut its, &known.id, &wanted, known.next),
        0,
        "it has a majority"
    );
    let for_good = true;
    its.act(Act::Crash {
        node: keepers[1],
        for_good,
    });
    its.run_for(4_000);
    assert_eq!(tries(&mut its, &known.id, &wanted, known.next), 1);
}
