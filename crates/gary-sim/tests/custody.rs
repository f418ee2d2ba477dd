//! What several persons have kept of one name, by way of any node, while nodes and connections fail: whoever is told
//! anything is told what one register would have told them, one after the other.

use std::collections::BTreeMap;
use std::time::Duration;

use gary_agent::REPLACES_AFTER;
use gary_promise::{
    AgentKey, Body, BootEpoch, Condition, Configuration, ConfigurationEpoch, Generation, Lineage,
    Portion, Promise, PromiseId, Promiser, Signed, Time, Update, Use, Valency, Verdict, WorkloadId,
};
use gary_sim::{
    Act, CLUSTER, Frailty, NetworkSpec, NodeNo, NodeSpec, Transcript, Watch, World, WorldSpec,
    capacity, intent,
};
use gary_wire::WireCodec;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use stateright::semantics::{ConsistencyTester, LinearizabilityTester, SequentialSpec};

const SEEDS: u64 = 60;

/// How many submissions one world sees. To find an order of them takes longer the more there are.
const SUBMISSIONS: usize = 24;

const NODES: usize = 5;

/// After so many submissions the disk of one node goes back, where one does.
const RESTORED_AFTER: usize = 12;

/// How long a deleted workload takes at most to be forgotten, where nothing fails.
const FORGOTTEN_WITHIN: Duration = Duration::from_secs(14);
const PERSONS: usize = 3;

/// After so many of which nobody knows what became of them, nothing goes wrong any more: each of them may have been carried
/// out at any time since, and there are the more orders to look through.
const UNSETTLED_MAX: usize = 5;

/// After how long a person who has heard nothing asks no more.
const GIVES_UP_AFTER: Duration = Duration::from_secs(8);

/// What a person submits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Submitted {
    id: PromiseId,
    workload: WorkloadId,
    generation: Generation,
    deletes: bool,
}

/// What a person is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Committed,
    Conflict(Generation),
    NameTaken(WorkloadId),
    NotKept,
}

/// Under every second seed keepers have no patience with each other: whoever is away for a moment is replaced.
fn replaces_after(seed: u64) -> Duration {
    let mut random = ChaCha8Rng::seed_from_u64(seed ^ 0x6b65_6570);
    match seed % 2 {
        0 => REPLACES_AFTER,
        _ => Duration::from_millis(random.random_range(50..1_000)),
    }
}

/// What one register would say, one submission after the other: written down once more, and not the agent's own.
#[derive(Debug, Clone, Default)]
struct OneRegister {
    now: Option<Submitted>,
    before: Vec<PromiseId>,
}

impl SequentialSpec for OneRegister {
    type Op = Submitted;
    type Ret = Told;

    fn invoke(&mut self, what: &Submitted) -> Told {
        let founds = what.generation == Generation::FIRST;
        if self.before.contains(&what.id) {
            return Told::Committed;
        }
        match self.now {
            Some(now) if founds && now.workload == what.workload => {
                return Told::Conflict(now.generation);
            }
            Some(now) if founds && !now.deletes => return Told::NameTaken(now.workload),
            None if !founds => return Told::NotKept,
            Some(now) if !founds && (now.workload != what.workload || now.deletes) => {
                return Told::NotKept;
            }
            Some(now) if !founds && now.generation.next() != Some(what.generation) => {
                return Told::Conflict(now.generation);
            }
            _ => {}
        }
        self.now = Some(*what);
        self.before.push(what.id);
        Told::Committed
    }
}

/// A person, and what it believes to stand.
struct Person {
    promiser: Promiser,
    believes: Option<(WorkloadId, Generation)>,
    /// What it waits to be told of, since when, and by which node.
    waits: Option<(Submitted, Time, NodeNo)>,
}

impl Person {
    fn new(seed: u64, number: usize) -> Self {
        let mut bytes = [0x70; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8] = number as u8;
        let key = AgentKey::from_seed(&bytes);
        Self {
            promiser: Promiser::new(key, CLUSTER, BootEpoch(1)),
            believes: None,
            waits: None,
        }
    }

    /// Signs what follows from what it believes.
    fn sign(&mut self, random: &mut ChaCha8Rng) -> (Submitted, Signed<Promise>) {
        let portion = Portion::new(500_000, 64 << 20).expect("it is something of both");
        let mut wanted: Use = intent(3, portion, Frailty::Sound);
        wanted.name = "hello".parse().expect("it is a label");
        let mut deletes = false;
        if let Some((workload, now)) = self.believes.filter(|_| random.random_ratio(9, 10)) {
            let next = now.next().expect("there are more");
            let update = Update::new(workload, next).expect("it is not the first");
            wanted.lineage = Lineage::Updates(update);
            deletes = random.random_ratio(1, 8);
            let valency = if deletes {
                0
            } else {
                random.random_range(1..9)
            };
            wanted.valency = Valency::new(valency).expect("there are few");
        }
        let generation = wanted.lineage.generation();
        let body = Body::Use(Box::new(wanted));
        let made = self
            .promiser
            .promise(body, Condition::default(), &WireCodec);
        let made = made.expect("it is short");
        let submitted = Submitted {
            id: made.id(),
            workload: made.workload().expect("an intent is of one"),
            generation,
            deletes,
        };
        (submitted, made.signed().clone())
    }

    fn is_told(&mut self, what: Submitted, told: Told) {
        self.believes = match told {
            Told::Committed if what.deletes => None,
            Told::Committed => Some((what.workload, what.generation)),
            Told::Conflict(now) => Some((what.workload, now)),
            Told::NameTaken(by) => Some((by, Generation::FIRST)),
            Told::NotKept => None,
        };
    }
}

/// What came of one world.
#[derive(Debug, Default)]
struct Outcome {
    committed: usize,
    refused: usize,
    unsettled: usize,
    /// How many were kept by others than the first.
    by_others: usize,
    /// How many nodes have found that their disks went back.
    set_back: usize,
    /// How often there was time to forget what was deleted.
    forgotten: usize,
}

struct Scene {
    seed: u64,
    world: World,
    random: ChaCha8Rng,
    persons: Vec<Person>,
    tester: LinearizabilityTester<usize, OneRegister>,
    /// Which submission is which operation of the history.
    operations: BTreeMap<PromiseId, usize>,
    outcome: Outcome,
    /// Something was deleted, and there was no time yet to forget it.
    has_deleted: bool,
}

impl Scene {
    fn new(seed: u64, is_told: bool) -> Self {
        let spec = WorldSpec {
            seed,
            nodes: (0..NODES)
                .map(|_| NodeSpec {
                    replaces_after: replaces_after(seed),
                    ..NodeSpec::new(capacity(2_000_000, 1 << 30))
                })
                .collect(),
            owners: 0,
            network: NetworkSpec::LAN,
        };
        let transcript = is_told.then(Transcript::of_dealings);
        let mut world = World::new(spec, Watch::new(transcript));
        for node in 0..NODES {
            world.plan(Duration::ZERO, Act::Start(NodeNo(node)));
        }
        // Until everybody knows everybody: who would keep a name is to be the same for all of them.
        world.run_for(Duration::from_secs(5));
        Self {
            seed,
            world,
            random: ChaCha8Rng::seed_from_u64(seed),
            persons: (0..PERSONS).map(|its| Person::new(seed, its)).collect(),
            tester: LinearizabilityTester::new(OneRegister::default()),
            operations: BTreeMap::new(),
            outcome: Outcome::default(),
            has_deleted: false,
        }
    }

    fn plan(&mut self, act: Act) {
        self.world.plan(Duration::ZERO, act);
    }

    /// Nothing is wrong for a while.
    fn rest(&mut self, span: Duration) {
        self.plan(Act::Heal);
        for node in 0..NODES {
            self.plan(Act::Start(NodeNo(node)));
        }
        let until = self.world.now().after(span);
        while self.world.now() < until {
            self.step();
        }
    }

    /// The disk of a node goes back to what it held, or is emptied of that, while all others are there to tell it so.
    fn restore(&mut self, node: NodeNo) {
        self.rest(Duration::from_secs(4));
        let for_good = false;
        self.plan(Act::Crash { node, for_good });
        self.world.run_for(Duration::from_millis(1));
        self.plan(Act::Restore(node));
        self.world.run_for(Duration::from_millis(1));
        self.rest(Duration::from_secs(4));
        self.outcome.set_back += usize::from(self.world.agent(node).is_none());
    }

    fn submit(&mut self, person: usize, to: NodeNo) {
        let its = &mut self.persons[person];
        let (submitted, intent) = its.sign(&mut self.random);
        its.waits = Some((submitted, self.world.now(), to));
        let operation = self.operations.len();
        self.operations.insert(submitted.id, operation);
        let invoked = self.tester.on_invoke(operation, submitted);
        invoked.expect("each operation is another");
        self.world.plan(Duration::ZERO, Act::Entrust { to, intent });
    }

    /// Hands persons what they are told.
    fn listen(&mut self) {
        for (_, by, settlement) in self.world.take_settled() {
            let told = match settlement.verdict {
                Verdict::Committed(keepers) => {
                    let is_first = keepers.epoch() == ConfigurationEpoch::FIRST;
                    self.outcome.by_others += usize::from(!is_first);
                    Some(Told::Committed)
                }
                Verdict::Conflict(now) => Some(Told::Conflict(now)),
                Verdict::NameTaken(by) => Some(Told::NameTaken(by)),
                Verdict::NotKept => Some(Told::NotKept),
                Verdict::NotAllowed => panic!("anybody may"),
                Verdict::Exclusivity => panic!("nothing is exclusive"),
                Verdict::Mode => panic!("everything runs on and on"),
                Verdict::Elsewhere(_) | Verdict::Unsettled => None,
            };
            let waiting = |its: &&mut Person| {
                its.waits
                    .is_some_and(|(what, _, at)| what.id == settlement.intent && at == by)
            };
            let Some(person) = self.persons.iter_mut().find(waiting) else {
                continue;
            };
            let (what, _, _) = person.waits.take().expect("it was just looked at");
            match told {
                Some(Told::Committed) => self.outcome.committed += 1,
                Some(_) => self.outcome.refused += 1,
                None => self.outcome.unsettled += 1,
            }
            if let Some(told) = told {
                person.is_told(what, told);
                self.has_deleted |= told == Told::Committed && what.deletes;
                let operation = self.operations[&what.id];
                let returned = self.tester.on_return(operation, told);
                returned.expect("it was under way");
            }
        }
        let now = self.world.now();
        for person in &mut self.persons {
            let given_up = person
                .waits
                .take_if(|(_, since, _)| now.since(*since) > GIVES_UP_AFTER);
            self.outcome.unsettled += usize::from(given_up.is_some());
        }
    }

    /// Something goes wrong, or is mended.
    fn befall(&mut self) {
        let node = NodeNo(self.random.random_range(0..NODES));
        let act = match self.random.random_range(0..10) {
            0..3 => Act::Crash {
                node,
                for_good: false,
            },
            3..6 => {
                for other in 0..NODES {
                    self.world.plan(Duration::ZERO, Act::Start(NodeNo(other)));
                }
                Act::Heal
            }
            6 | 7 => Act::Pause {
                node,
                span: Duration::from_millis(self.random.random_range(50..3_000)),
            },
            8 => {
                let others = (0..NODES).map(NodeNo).filter(|its| *its != node).collect();
                Act::Cut {
                    from: vec![node],
                    to: others,
                }
            }
            _ => Act::Break(node, NodeNo((node.0 + 1) % NODES)),
        };
        self.world.plan(Duration::ZERO, act);
    }

    fn step(&mut self) {
        let span = Duration::from_millis(self.random.random_range(1..60));
        self.world.run_for(span);
        self.listen();
        if let Some(violation) = self.world.watch().violation() {
            panic!("seed {}: {violation}", self.seed);
        }
    }

    /// Goes on until so many were submitted, whatever happens meanwhile. Each node has to do with it once before
    /// anything goes wrong: only from then on it remembers how many others there are.
    fn run(&mut self, faults_percent: u32) {
        for node in 0..NODES {
            self.submit(0, NodeNo(node));
            while self.persons[0].waits.is_some() {
                self.step();
            }
        }
        let goes_back = NodeNo(self.seed as usize % NODES);
        let backed_up_after = self.seed as usize % RESTORED_AFTER;
        let mut is_restored = faults_percent == 0 || !self.seed.is_multiple_of(3);
        let mut is_backed_up = is_restored || backed_up_after < NODES;
        while self.operations.len() < SUBMISSIONS {
            if !is_backed_up && self.operations.len() > backed_up_after {
                is_backed_up = true;
                self.plan(Act::BackUp(goes_back));
            }
            if !is_restored && self.operations.len() > RESTORED_AFTER {
                is_restored = true;
                self.restore(goes_back);
            }
            if std::mem::take(&mut self.has_deleted) && self.seed % 3 == 1 {
                self.outcome.forgotten += 1;
                self.rest(FORGOTTEN_WITHIN);
            }
            let person = self.random.random_range(0..PERSONS);
            let to = NodeNo(self.random.random_range(0..NODES));
            // Who is down takes nothing.
            let may_submit = self.persons[person].waits.is_none() && self.world.agent(to).is_some();
            if may_submit && self.random.random_ratio(1, 3) {
                self.submit(person, to);
            }
            if self.outcome.unsettled >= UNSETTLED_MAX {
                self.world.plan(Duration::ZERO, Act::Calm);
            } else if self.random.random_ratio(faults_percent, 100) {
                self.befall();
            }
            self.step();
        }
        self.world.plan(Duration::ZERO, Act::Calm);
        let settles_by = self.world.now().after(Duration::from_secs(12));
        while self.world.now() < settles_by {
            self.step();
        }
    }

    /// Once faults have ceased whoever submits something is told what becomes of it.
    fn ask_once_more(&mut self) {
        let is_up = |its: &usize| self.world.agent(NodeNo(*its)).is_some();
        let first = (0..NODES).find(is_up).expect("one went at most");
        self.submit(0, NodeNo(first));
        let by = self.world.now().after(GIVES_UP_AFTER);
        while self.persons[0].waits.is_some() && self.world.now() < by {
            self.step();
        }
        let before = self.outcome.unsettled;
        assert!(self.persons[0].waits.is_none() && before == self.outcome.unsettled);
    }
}

/// One world to its end.
fn play(seed: u64, faults_percent: u32, is_told: bool) -> Scene {
    let mut scene = Scene::new(seed, is_told);
    scene.run(faults_percent);
    scene.ask_once_more();
    scene
}

fn run_seed(seed: u64, faults_percent: u32) -> Outcome {
    let scene = play(seed, faults_percent, false);
    if !scene.tester.is_consistent() {
        let again = play(seed, faults_percent, true);
        let told = again.world.watch().transcript();
        println!("{}", told.expect("it was asked for"));
        panic!("seed {seed}: no one register would have said so");
    }
    scene.outcome
}

#[test]
fn what_persons_are_told_is_what_one_register_would_say() {
    let mut all = Outcome::default();
    for seed in 0..SEEDS {
        let outcome = run_seed(seed, 15);
        all.committed += outcome.committed;
        all.refused += outcome.refused;
        all.unsettled += outcome.unsettled;
        all.by_others += outcome.by_others;
        all.set_back += outcome.set_back;
        all.forgotten += outcome.forgotten;
    }
    println!("{all:?}");
    // It was put to the test.
    assert!(
        all.committed > 100 && all.refused > 100 && all.unsettled > 10 && all.by_others > 50,
        "{all:?}"
    );
    assert!(all.set_back > 5 && all.forgotten > 5, "{all:?}");
}

#[test]
fn where_nothing_fails_everybody_is_told() {
    for seed in 1_000..1_010 {
        let outcome = run_seed(seed, 0);
        assert_eq!(outcome.unsettled, 0, "seed {seed}: {outcome:?}");
    }
}

/// Who keeps the name by what a person is told that has just submitted something.
fn kept_by(world: &mut World, to: NodeNo, intent: Signed<Promise>) -> Configuration {
    world.plan(Duration::ZERO, Act::Entrust { to, intent });
    world.run_for(Duration::from_secs(1));
    match world.take_settled().pop().map(|(_, _, its)| its.verdict) {
        Some(Verdict::Committed(keepers)) => keepers,
        other => panic!("it is committed: {other:?}"),
    }
}

#[test]
fn what_a_keeper_sleeps_through_is_not_the_absence_of_another() {
    let (mut scene, mut person) = (Scene::new(0, false), Person::new(7, 0));
    let world = &mut scene.world;
    let (submitted, intent) = person.sign(&mut scene.random);
    let keepers = kept_by(world, NodeNo(0), intent);
    person.is_told(submitted, Told::Committed);
    let all = (0..NODES).map(NodeNo);
    let id = |world: &World, node| world.agent(node).map(|its| its.id());
    let first = Some(keepers.keepers()[0]);
    let away = all.clone().find(|node| id(world, *node) == first);
    let away = away.expect("a keeper is a node");
    let for_good = false;
    world.plan(
        Duration::ZERO,
        Act::Crash {
            node: away,
            for_good,
        },
    );
    world.run_for(Duration::from_secs(3));
    // Longer than any of them waits for another.
    let span = REPLACES_AFTER * 2;
    for node in all.filter(|its| *its != away) {
        world.plan(Duration::ZERO, Act::Pause { node, span });
    }
    world.plan(span, Act::Start(away));
    world.run_for(span + Duration::from_secs(10));
    let (_, intent) = person.sign(&mut scene.random);
    assert_eq!(kept_by(world, away, intent), keepers);
}
