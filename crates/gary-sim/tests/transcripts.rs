//! Conversations of small clusters, as golden text. `GARY_BLESS=1` writes them anew; read what has changed.

use std::path::Path;
use std::time::Duration;

use gary_agent::{Afterwards, Drain, REPLACES_AFTER};
use gary_promise::{
    AgentKey, Body, BootEpoch, ComponentDigest, Condition, Generation, Lineage, Mode, Notice, Own,
    Portion, Promise, Promiser, Resources, Retries, Schedule, Tick, Update, Use, Valency,
};
use gary_sim::{
    Act, Blow, CLUSTER, Frailty, NetworkSpec, NodeNo, NodeSpec, Submission, Transcript, Watch,
    World, WorldSpec, capacity, intent,
};
use gary_wire::WireCodec;

const CORE: u64 = 1_000_000;
const MEBIBYTE: u64 = 1 << 20;

/// A small cluster, up for a second.
struct Scenario {
    name: &'static str,
    world: World,
}

impl Scenario {
    /// Nodes of two cores each, in a house.
    fn new(name: &'static str, nodes: usize) -> Self {
        Self::of(Transcript::of_dealings(), name, nodes, nodes)
    }

    /// Nodes that have little patience with one another: who keeps something and is away for so long is replaced.
    fn impatient(name: &'static str, nodes: usize, replaces_after: Duration) -> Self {
        let mut scene = Self::unstarted(Transcript::of_dealings(), name, nodes, replaces_after);
        scene.start(nodes);
        scene
    }

    /// Written in this detail; the first so many of them are up.
    fn of(transcript: Transcript, name: &'static str, nodes: usize, up: usize) -> Self {
        let mut scene = Self::unstarted(transcript, name, nodes, REPLACES_AFTER);
        scene.start(up);
        scene
    }

    fn unstarted(
        transcript: Transcript,
        name: &'static str,
        nodes: usize,
        replaces_after: Duration,
    ) -> Self {
        let node = |_| NodeSpec {
            replaces_after,
            ..NodeSpec::new(capacity(2 * CORE, 1024 * MEBIBYTE))
        };
        let spec = WorldSpec {
            seed: 1,
            nodes: (0..nodes).map(node).collect(),
            owners: 1,
            network: NetworkSpec::LAN,
        };
        let world = World::new(spec, Watch::new(Some(transcript)));
        Self { name, world }
    }

    fn start(&mut self, up: usize) {
        for number in 0..up {
            let node = NodeNo(number);
            self.world.plan(Duration::ZERO, Act::Start(node));
        }
        self.world.run_for(Duration::from_secs(1));
    }

    fn then(&mut self, heading: &str, act: Act, for_ms: u64) -> &mut Self {
        self.world.watch_mut().heading(heading);
        self.world.plan(Duration::ZERO, act);
        self.world.run_for(Duration::from_millis(for_ms));
        self
    }

    fn deploy(&mut self, to: usize, valency: u32, frailty: Frailty, for_ms: u64) -> &mut Self {
        let portion = Portion::new(CORE / 2, 64 * MEBIBYTE).expect("it is something of both");
        let what = Submission::Founds(Box::new(intent(valency, portion, frailty)));
        let to = NodeNo(to);
        let act = Act::Submit { owner: 0, to, what };
        self.then(&format!("p1 deploys {valency} of w1"), act, for_ms)
    }

    fn scale(&mut self, valency: u32, for_ms: u64) -> &mut Self {
        let what = Submission::Updates {
            nth: 0,
            valency: Some(valency),
            component: None,
        };
        let to = NodeNo(0);
        let act = Act::Submit { owner: 0, to, what };
        self.then(&format!("p1 wants {valency}"), act, for_ms)
    }

    fn update(&mut self, component: ComponentDigest, for_ms: u64) -> &mut Self {
        let what = Submission::Updates {
            nth: 0,
            valency: None,
            component: Some(component),
        };
        let to = NodeNo(0);
        let act = Act::Submit { owner: 0, to, what };
        self.then("p1 updates w1", act, for_ms)
    }

    fn deploy_exclusive(&mut self, for_ms: u64) -> &mut Self {
        let exclusive = |wanted: &mut Use| wanted.exclusive = true;
        self.deploy_as("w1, which is exclusive", 1, exclusive, for_ms)
    }

    /// Deploys something of which a run lasts two seconds.
    fn deploy_mode(&mut self, what: &str, valency: u32, mode: Mode, for_ms: u64) -> &mut Self {
        let short = |wanted: &mut Use| {
            wanted.mode = mode;
            wanted.component = Frailty::Sound.component(2);
        };
        self.deploy_as(what, valency, short, for_ms)
    }

    fn deploy_as(
        &mut self,
        what: &str,
        valency: u32,
        change: impl FnOnce(&mut Use),
        for_ms: u64,
    ) -> &mut Self {
        let portion = Portion::new(CORE / 2, 64 * MEBIBYTE).expect("it is something of both");
        let mut wanted = intent(valency, portion, Frailty::Sound);
        change(&mut wanted);
        let heading = format!("p1 deploys {what}");
        let what = Submission::Founds(Box::new(wanted));
        let (owner, to) = (0, NodeNo(0));
        let act = Act::Submit { owner, to, what };
        self.then(&heading, act, for_ms)
    }

    /// A person who has something kept by several nodes.
    fn person(&mut self, number: u8) -> Promiser {
        let key = AgentKey::from_seed(&[number; 32]);
        let name = format!("p{number}");
        self.world.watch_mut().name(key.id(), name);
        Promiser::new(key, CLUSTER, BootEpoch(1))
    }

    /// Compares the conversation with the one that is written down, or writes it down.
    #[expect(
        clippy::disallowed_methods,
        reason = "a test asks whether it is to write its golden text"
    )]
    fn end(&mut self) {
        self.world.scan();
        if let Some(violation) = self.world.watch().violation() {
            panic!("{violation}");
        }
        let said = self
            .world
            .watch()
            .transcript()
            .expect("it was asked for")
            .to_string();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
        let path = path.join(format!("{}.txt", self.name));
        if std::env::var("GARY_BLESS").is_ok() {
            std::fs::write(&path, &said).expect("testdata can be written");
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        let lines = said.lines().zip(golden.lines()).enumerate();
        for (number, (said, golden)) in lines {
            let at = number + 1;
            assert_eq!(said, golden, "{} differs at line {at}", self.name);
        }
        assert_eq!(
            said.lines().count(),
            golden.lines().count(),
            "{}",
            self.name
        );
        assert!(
            said.lines().count() <= 150,
            "{} is too long to read",
            self.name
        );
    }
}

#[test]
fn join_one_after_the_other() {
    let mut its = Scenario::of(Transcript::brief(), "join", 3, 1);
    its.then("n2 joins", Act::Start(NodeNo(1)), 1_000);
    its.then("n3 joins", Act::Start(NodeNo(2)), 1_000).end();
}

#[test]
fn withdraw_a_hosting_of_ones_own() {
    let mut its = Scenario::new("withdraw", 3);
    its.deploy(0, 2, Frailty::Sound, 2_000);
    its.then("n3 does not want to", Act::TakeBack(NodeNo(2)), 3_000)
        .end();
}

#[test]
fn leave_for_good() {
    let mut its = Scenario::new("leave", 3);
    its.deploy(0, 2, Frailty::Sound, 2_000);
    its.then("n3 leaves", Act::Leave(NodeNo(2)), 3_000).end();
}

#[test]
fn deploy_on_three_nodes() {
    let mut its = Scenario::new("deploy", 3);
    its.deploy(0, 3, Frailty::Sound, 4_000).end();
}

#[test]
fn refuse_what_finds_no_room() {
    let mut its = Scenario::new("refuse", 2);
    its.deploy(0, 9, Frailty::Sound, 3_000).end();
}

#[test]
fn kill_a_host() {
    let mut its = Scenario::new("kill-a-host", 4);
    its.deploy(0, 3, Frailty::Sound, 2_000);
    let (node, for_good) = (NodeNo(1), true);
    its.then("n2 dies", Act::Crash { node, for_good }, 14_000)
        .end();
}

#[test]
fn partition_and_heal() {
    let mut its = Scenario::new("partition-and-heal", 4);
    its.deploy(0, 2, Frailty::Sound, 2_000);
    let here: Vec<NodeNo> = vec![NodeNo(0), NodeNo(3)];
    let there: Vec<NodeNo> = vec![NodeNo(1), NodeNo(2)];
    let cut = |from: &[NodeNo], to: &[NodeNo]| Act::Cut {
        from: from.to_vec(),
        to: to.to_vec(),
    };
    its.then("a wall", cut(&here, &there), 0);
    its.then("on both sides", cut(&there, &here), 5_000);
    its.then("the wall falls", Act::Heal, 6_000).end();
}

#[test]
fn scale_down_and_delete() {
    let mut its = Scenario::new("scale-down", 3);
    its.deploy(0, 2, Frailty::Sound, 2_000);
    its.scale(1, 2_000).scale(0, 2_000).end();
}

#[test]
fn a_component_that_keeps_failing() {
    let mut its = Scenario::new("keeps-failing", 2);
    its.deploy(0, 1, Frailty::Crashes, 6_000).end();
}

#[test]
fn a_failing_that_its_keeper_did_not_hear_of_is_told_again() {
    let mut its = Scenario::new("denied-again", 2);
    its.deploy(0, 1, Frailty::Crashes, 1_200);
    let cut = Act::Cut {
        from: vec![NodeNo(1)],
        to: vec![NodeNo(0)],
    };
    its.then("n1 does not hear n2", cut, 1_500);
    its.then("n1 hears n2 again", Act::Heal, 2_500).end();
}

#[test]
fn a_component_whose_machine_is_to_have_less_moves() {
    let mut its = Scenario::new("revise", 2);
    its.deploy(0, 2, Frailty::Sound, 2_000);
    let resources = |cpu| Resources::new(cpu, 1024 * MEBIBYTE).expect("no more than there can be");
    let revise = |cpu| Act::Revise {
        node: NodeNo(1),
        resources: resources(cpu),
    };
    its.then("n2 is to have less", revise(CORE / 4), 2_000);
    its.scale(5, 2_000);
    its.then("n2 is to have more", revise(4 * CORE), 2_000)
        .end();
}

#[test]
fn a_keeper_starts_again() {
    let mut its = Scenario::new("keeper-starts-again", 3);
    its.deploy(0, 3, Frailty::Sound, 2_000);
    let (node, for_good) = (NodeNo(0), false);
    its.then("n1 loses power", Act::Crash { node, for_good }, 2_500);
    its.then("and has it again", Act::Start(node), 6_000).end();
}

#[test]
fn an_update_takes_the_place_of_what_runs() {
    let mut its = Scenario::new("update", 3);
    its.deploy(0, 2, Frailty::Sound, 2_000);
    its.update(Frailty::Sound.component(8), 3_000).end();
}

#[test]
fn an_update_where_there_is_no_room_for_both() {
    let mut its = Scenario::new("update-when-full", 1);
    its.deploy(0, 4, Frailty::Sound, 3_000);
    its.update(Frailty::Sound.component(8), 8_000).end();
    let running = its.world.components(NodeNo(0));
    assert_eq!(running, 4, "each slot is hosted again");
}

#[test]
fn an_update_that_fails_and_goes_back() {
    let mut its = Scenario::new("update-fails", 2);
    its.deploy(0, 2, Frailty::Sound, 2_000);
    its.update(Frailty::Crashes.component(8), 2_000);
    let what = Submission::Updates {
        nth: 0,
        valency: None,
        component: Some(Frailty::Sound.component(7)),
    };
    let (owner, to) = (0, NodeNo(0));
    let act = Act::Submit { owner, to, what };
    its.then("p1 goes back to what it was", act, 2_000).end();
}

#[test]
fn what_is_pending_waits_and_is_met() {
    let mut its = Scenario::new("pending-and-met", 3);
    let portion = Portion::new(CORE / 2, 64 * MEBIBYTE).expect("it is something of both");
    let wanted = || Box::new(intent(1, portion, Frailty::Sound));
    let (owner, to) = (0, NodeNo(0));
    let what = Submission::FoundsIf {
        wanted: wanted(),
        needed: wanted(),
        needed_at: NodeNo(1),
    };
    let act = Act::Submit { owner, to, what };
    its.then("p1 deploys w1, if another workload is kept", act, 3_000);
    let what = Submission::Repeats {
        nth: 0,
        is_first: true,
    };
    let act = Act::Submit { owner, to, what };
    its.then("which it deploys now", act, 3_000).end();
}

#[test]
fn assessments_differ() {
    let mut its = Scenario::new("assessments-differ", 3);
    its.deploy(0, 2, Frailty::Sound, 2_000);
    let portion = Portion::new(CORE / 2, 64 * MEBIBYTE).expect("it is something of both");
    let what = Submission::Founds(Box::new(intent(2, portion, Frailty::Sound)));
    let (owner, to) = (0, NodeNo(2));
    let act = Act::Submit { owner, to, what };
    its.then("p1 deploys 2 of w2", act, 2_000);
    let cut = Act::Cut {
        from: vec![NodeNo(1)],
        to: vec![NodeNo(0)],
    };
    its.then("n1 does not hear n2 any more, and n3 does", cut, 8_200);
    its.then("n1 hears n2 again", Act::Heal, 3_000).end();
}

/// What a person signs to found a workload, or to use another number of what was founded.
fn signs(person: &mut Promiser, founded: Option<&Own<Promise>>, valency: u32) -> Own<Promise> {
    let portion = Portion::new(CORE / 2, 64 * MEBIBYTE).expect("it is something of both");
    let mut wanted = intent(valency, portion, Frailty::Sound);
    wanted.valency = Valency::new(valency).expect("there are few");
    if let Some(workload) = founded.and_then(|its| its.workload()) {
        let second = Generation::FIRST.next().expect("there are more");
        let update = Update::new(workload, second).expect("it is not the first");
        wanted.lineage = Lineage::Updates(update);
    }
    let body = Body::Use(Box::new(wanted));
    let made = person.promise(body, Condition::default(), &WireCodec);
    made.expect("it is short")
}

#[test]
fn conflicting_intents() {
    let mut scene = Scenario::new("conflicting-intents", 4);
    let [mut ann, mut bob] = [2, 3].map(|number| scene.person(number));
    let entrust = |to, intent: &Own<Promise>| Act::Entrust {
        to: NodeNo(to),
        intent: intent.signed().clone(),
    };
    let founded = signs(&mut ann, None, 1);
    scene.then("p2 has w1 kept, by way of n1", entrust(0, &founded), 100);
    let (more, most) = (
        signs(&mut ann, Some(&founded), 1),
        signs(&mut bob, Some(&founded), 2),
    );
    scene.world.plan(Duration::ZERO, entrust(1, &most));
    scene.then("p2 and p3 change it at once", entrust(0, &more), 1_000);
    scene.then(
        "p2 submits the same once more, elsewhere",
        entrust(3, &more),
        100,
    );
    scene.end();
}

#[test]
fn without_a_majority() {
    let mut scene = Scenario::new("without-a-majority", 4);
    let [mut ann, mut bob] = [2, 3].map(|number| scene.person(number));
    let entrust = |to, intent: &Own<Promise>| Act::Entrust {
        to: NodeNo(to),
        intent: intent.signed().clone(),
    };
    let founded = signs(&mut ann, None, 1);
    scene.then("p2 has w1 kept, by way of n1", entrust(0, &founded), 1_000);
    let cut = Act::Cut {
        from: vec![NodeNo(0)],
        to: (1..4).map(NodeNo).collect(),
    };
    scene.then("nothing comes from n1 any more", cut, 10);
    let another = signs(&mut bob, None, 1);
    scene.then(
        "p3 wants the name, by way of n1",
        entrust(0, &another),
        6_000,
    );
    scene.then("everything passes again", Act::Heal, 3_000);
    scene.end();
}

#[test]
fn an_intent_that_is_pending() {
    let mut scene = Scenario::new("pending-intent", 4);
    let [mut ann, mut bob] = [2, 3].map(|number| scene.person(number));
    let entrust = |to, intent: &Own<Promise>| Act::Entrust {
        to: NodeNo(to),
        intent: intent.signed().clone(),
    };
    let leave = |to, intent: &Own<Promise>| Act::EntrustLocally {
        to: NodeNo(to),
        intent: intent.signed().clone(),
    };
    let founded = signs(&mut ann, None, 1);
    scene.then("p2 has w1 kept, by way of n1", entrust(0, &founded), 1_000);
    let cut = |from: &[usize], to: &[usize]| Act::Cut {
        from: from.iter().copied().map(NodeNo).collect(),
        to: to.iter().copied().map(NodeNo).collect(),
    };
    scene.world.plan(Duration::ZERO, cut(&[0, 1, 2], &[3]));
    scene.then("a wall around n4", cut(&[3], &[0, 1, 2]), 10);
    let (theirs, here) = (
        signs(&mut bob, Some(&founded), 1),
        signs(&mut ann, Some(&founded), 2),
    );
    scene.then("p2 leaves a change with n4", leave(3, &here), 100);
    scene.then("p3 changes w1 elsewhere", entrust(0, &theirs), 5_500);
    scene.then("everything passes again", Act::Heal, 1_000);
    scene.end();
}

#[test]
fn a_keeper_dies() {
    let mut scene = Scenario::new("keeper-dies", 4);
    let mut ann = scene.person(2);
    let entrust = |to, intent: &Own<Promise>| Act::Entrust {
        to: NodeNo(to),
        intent: intent.signed().clone(),
    };
    let founded = signs(&mut ann, None, 2);
    scene.then("p2 has w1 kept, by way of n4", entrust(3, &founded), 2_000);
    let (node, for_good) = (NodeNo(0), true);
    scene.then("n1 dies", Act::Crash { node, for_good }, 4_000);
    let more = signs(&mut ann, Some(&founded), 3);
    scene.then("p2 wants 3", entrust(3, &more), 2_000);
    scene.end();
}

#[test]
fn a_keeper_is_replaced() {
    let mut scene = Scenario::impatient("keeper-replaced", 4, Duration::from_secs(2));
    let mut ann = scene.person(2);
    let founded = signs(&mut ann, None, 1);
    let (to, intent) = (NodeNo(3), founded.signed().clone());
    let act = Act::Entrust { to, intent };
    scene.then("p2 has w1 kept, by way of n4", act, 1_000);
    let (node, for_good) = (NodeNo(0), false);
    scene.then("n1 goes away", Act::Crash { node, for_good }, 5_000);
    scene.then("n1 is back", Act::Start(NodeNo(0)), 2_000);
    scene.end();
}

#[test]
fn a_name_is_recovered() {
    let mut its = Scenario::new("recover", 4);
    its.deploy(0, 1, Frailty::Sound, 1_000);
    for node in [1, 2] {
        let (node, for_good) = (NodeNo(node), false);
        its.then(
            &format!("{node} is gone"),
            Act::Crash { node, for_good },
            10,
        );
    }
    its.then("everybody notices", Act::Heal, 2_500);
    let (owner, nth, at) = (0, 0, NodeNo(0));
    its.then("p1 recovers w1", Act::Recover { owner, nth, at }, 1_500);
    its.then("n2 is back", Act::Start(NodeNo(1)), 1_500).end();
}

#[test]
fn an_exclusive_hand_over_across_a_partition() {
    let mut its = Scenario::new("exclusive-hand-over", 4);
    its.deploy_exclusive(3_000);
    let cut = Blow::Cut {
        span: Duration::from_secs(16),
        is_mute: true,
        is_deaf: true,
    };
    its.then("whoever runs it is cut off", Act::OfHolder(cut), 20_000)
        .end();
}

#[test]
fn an_exclusive_workload_is_updated() {
    let mut its = Scenario::new("exclusive-update", 3);
    its.deploy_exclusive(3_000);
    its.update(Frailty::Sound.component(8), 3_000).end();
}

fn drain(node: usize, within_ms: u32, then: Afterwards) -> Act {
    let within = Notice::from_ms(within_ms).expect("legal");
    let drain = Drain { within, then };
    let node = NodeNo(node);
    Act::Drain { node, drain }
}

#[test]
fn a_drain() {
    let mut its = Scenario::new("drain", 3);
    its.deploy(0, 1, Frailty::Sound, 4_000);
    let act = drain(1, 30_000, Afterwards::Leaves);
    its.then("n2's person has it drained", act, 6_000);
    its.end();
}

#[test]
fn a_job_runs_to_completion_once() {
    let mut its = Scenario::new("job", 3);
    let job = Mode::Job(Retries::default());
    its.deploy_mode("w1, a job", 1, job, 4_000).end();
}

#[test]
fn a_schedule_runs_once_at_each_tick() {
    let mut its = Scenario::new("schedule", 3);
    // The world begins a thousand seconds after the clocks of its people.
    let schedule = Schedule::new(5_000, 0, Tick(201)).expect("it is due now and then");
    let mode = Mode::Schedule(schedule, Retries::default());
    its.deploy_mode("w1, every five seconds", 1, mode, 9_500);
    let crash = Blow::Crash(Duration::from_secs(30));
    its.then("whoever runs it dies", Act::OfRunner(crash), 10_400)
        .end();
}
