//! Jobs run to completion once for each replica and schedules once at each tick, whoever dies meanwhile.

use std::time::Duration;

use gary_agent::{Afterwards, Drain};
use gary_promise::{
    AgentKey, Body, BootEpoch, Condition, Generation, Lineage, Mode, Notice, Outcome, Portion,
    Promise, Promiser, Retries, Runs, Schedule, Signed, Tick, Update, Verdict, WorkloadId,
};
use gary_sim::{
    Act, Blow, CLUSTER, Frailty, NetworkSpec, NodeNo, NodeSpec, Submission, Watch, World,
    WorldSpec, capacity, intent,
};
use gary_wire::WireCodec;

const CORE: u64 = 1_000_000;
const MEBIBYTE: u64 = 1 << 20;

/// A world begins a thousand seconds after the clocks of its people.
const BEGINS_S: u64 = 1_000;

/// A few nodes that have been up for a second, of which three keep whatever there is.
struct Scene {
    world: World,
    nodes: usize,
    seconds: u64,
}

impl Scene {
    fn new(nodes: usize, replaces_after: Duration) -> Self {
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
        let mut scene = Self {
            world: World::new(spec, Watch::new(None)),
            nodes,
            seconds: 0,
        };
        for number in 0..nodes {
            scene.act(Act::Start(NodeNo(number)));
        }
        scene.run_for(1);
        scene
    }

    /// Deploys something of which a run lasts so many seconds.
    fn deploy(&mut self, valency: u32, mode: Mode, (frailty, lasts_s): (Frailty, u8)) {
        let portion = Portion::new(CORE / 4, 64 * MEBIBYTE).expect("it is something of both");
        let mut wanted = intent(valency, portion, frailty);
        wanted.component = frailty.component(lasts_s);
        wanted.mode = mode;
        let what = Submission::Founds(Box::new(wanted));
        let (owner, to) = (0, NodeNo(0));
        self.act(Act::Submit { owner, to, what });
    }

    fn act(&mut self, act: Act) {
        self.world.plan(Duration::ZERO, act);
    }

    fn crash(&mut self, node: NodeNo) {
        let for_good = false;
        self.act(Act::Crash { node, for_good });
    }

    fn run_for(&mut self, seconds: u64) {
        self.seconds += seconds;
        self.world.run_for(Duration::from_secs(seconds));
        if let Some(violation) = self.world.watch().violation() {
            panic!("{violation}");
        }
    }

    fn keepers(&self) -> Vec<NodeNo> {
        let all = (0..self.nodes).map(NodeNo);
        let keeps = |its: &NodeNo| {
            let agent = self.world.agent(*its);
            agent.is_some_and(|its| its.dealings().kept().next().is_some())
        };
        all.filter(keeps).collect()
    }

    /// What each keeper that is up says of the runs of what it keeps.
    fn runs(&self) -> Vec<Runs> {
        let keepers = self.keepers().into_iter();
        let runs = keepers.filter_map(|keeper| {
            let dealings = self.world.agent(keeper)?.dealings();
            let (workload, ..) = dealings.kept().next()?;
            Some(dealings.account(&workload, self.world.now())?.runs)
        });
        runs.collect()
    }

    /// On which nodes something is bound.
    fn hosts(&self) -> Vec<NodeNo> {
        let all = (0..self.nodes).map(NodeNo);
        let hosts = |its: &NodeNo| {
            let agent = self.world.agent(*its);
            agent.is_some_and(|its| its.dealings().hosted().1 > 0)
        };
        all.filter(hosts).collect()
    }

    /// Every keeper says that all of these replicas were done in so many attempts, so many of which had failed.
    fn assert_done(&self, replicas: usize, attempts: u32, failures: u32) {
        let all = self.runs();
        assert!(all.len() >= 2, "{} keepers are up", all.len());
        for runs in all {
            assert_eq!(runs.iter().count(), replicas);
            for (_, run) in runs.iter() {
                let ended = run.ended.as_ref().map(|its| its.outcome);
                assert_eq!(ended, Some(Outcome::Exited(0)), "{run:?}");
                assert_eq!((run.attempt, run.failures), (attempts, failures), "{run:?}");
            }
        }
    }
}

fn job(retries: u32) -> Mode {
    Mode::Job(Retries::new(retries).expect("few enough"))
}

/// Every five seconds, from ten seconds after the beginning on.
fn every_five_seconds() -> Mode {
    let schedule = Schedule::new(5_000, 0, Tick(BEGINS_S / 5 + 2));
    let schedule = schedule.expect("it is due now and then");
    Mode::Schedule(schedule, Retries::default())
}

const PATIENT: Duration = Duration::from_secs(60);

#[test]
fn a_job_is_done_once_and_not_again_after_everybody_has_started_again() {
    let mut its = Scene::new(4, PATIENT);
    its.deploy(3, job(0), (Frailty::Sound, 2));
    its.run_for(6);
    its.assert_done(3, 1, 0);
    assert_eq!(its.hosts(), [], "its room is free again");
    for number in 0..4 {
        its.crash(NodeNo(number));
    }
    its.run_for(1);
    for number in 0..4 {
        its.act(Act::Start(NodeNo(number)));
    }
    its.run_for(20);
    its.assert_done(3, 1, 0);
    assert_eq!(its.hosts(), []);
}

#[test]
fn what_a_job_has_done_outlives_its_keepers() {
    let mut its = Scene::new(6, Duration::from_secs(2));
    its.deploy(2, job(0), (Frailty::Sound, 2));
    its.run_for(6);
    let first = its.keepers();
    for keeper in &first {
        let (node, for_good) = (*keeper, true);
        its.act(Act::Crash { node, for_good });
        its.run_for(12);
    }
    let now = its.keepers();
    assert!(now.iter().all(|its| !first.contains(its)), "{now:?}");
    its.assert_done(2, 1, 0);
    assert_eq!(its.hosts(), []);
}

#[test]
fn whoever_is_drained_ends_the_run_that_it_has_begun() {
    let mut its = Scene::new(6, PATIENT);
    its.deploy(1, job(0), (Frailty::Sound, 6));
    its.run_for(2);
    let host = its.hosts()[0];
    let within = Notice::from_ms(60_000).expect("legal");
    let then = Afterwards::Stays;
    let drain = Drain { within, then };
    its.act(Act::Drain { node: host, drain });
    its.run_for(3);
    assert_eq!(its.hosts().len(), 2, "another would go on at the deadline");
    its.run_for(8);
    its.assert_done(1, 1, 0);
    assert_eq!(its.hosts(), []);
}

#[test]
fn what_fails_is_tried_again_so_often_and_then_is_over() {
    let mut its = Scene::new(3, PATIENT);
    its.deploy(1, job(2), (Frailty::Crashes, 1));
    its.run_for(20);
    for runs in its.runs() {
        let (_, run) = runs.latest().expect("it was begun");
        let ended = run.ended.as_ref().map(|its| its.outcome);
        assert_eq!(ended, Some(Outcome::Exited(1)));
        assert_eq!((run.attempt, run.failures), (3, 3));
    }
    assert_eq!(its.hosts(), []);
    let mut its = Scene::new(3, PATIENT);
    // It fails the first time on each node.
    its.deploy(1, job(2), (Frailty::Falters, 1));
    its.run_for(10);
    its.assert_done(1, 2, 1);
}

#[test]
fn what_was_lost_with_its_host_begins_again_on_another() {
    let mut its = Scene::new(4, PATIENT);
    its.deploy(1, job(0), (Frailty::Sound, 8));
    its.run_for(3);
    let crash = Blow::Crash(Duration::from_secs(60));
    its.act(Act::OfRunner(crash));
    its.run_for(6);
    assert_eq!(its.hosts(), [], "its lease has yet to run out");
    its.run_for(24);
    its.assert_done(1, 2, 0);
}

#[test]
fn how_it_ended_is_told_after_a_start_and_it_is_not_begun_again() {
    let mut its = Scene::new(4, PATIENT);
    its.deploy(1, job(0), (Frailty::Sound, 3));
    its.run_for(2);
    let host = its.hosts();
    let [host] = host.as_slice() else {
        panic!("one hosts it: {host:?}");
    };
    let host = *host;
    let others: Vec<NodeNo> = (0..4).map(NodeNo).filter(|its| *its != host).collect();
    let (from, to) = (vec![host], others.clone());
    its.act(Act::Cut { from, to });
    let (from, to) = (others, vec![host]);
    its.act(Act::Cut { from, to });
    // It ends, and nobody hears.
    its.run_for(4);
    its.crash(host);
    its.run_for(1);
    its.act(Act::Heal);
    its.act(Act::Start(host));
    its.run_for(6);
    its.assert_done(1, 1, 0);
}

#[test]
fn each_tick_begins_once_while_keepers_start_again_one_after_the_other() {
    let mut its = Scene::new(4, PATIENT);
    its.deploy(1, every_five_seconds(), (Frailty::Sound, 2));
    its.run_for(3);
    for _ in 0..2 {
        for keeper in its.keepers() {
            if its.hosts().contains(&keeper) {
                continue;
            }
            its.crash(keeper);
            its.run_for(1);
            its.act(Act::Start(keeper));
            its.run_for(6);
        }
    }
    let last = BEGINS_S / 5 + its.seconds / 5;
    for runs in its.runs() {
        assert_eq!((runs.missed, runs.skipped), (0, 0));
        let ticks: Vec<u64> = runs.iter().map(|(key, _)| key.tick.0).collect();
        assert!(
            ticks.iter().copied().eq(BEGINS_S / 5 + 2..=last),
            "{ticks:?}"
        );
        assert!(runs.iter().all(|(_, run)| run.attempt == 1));
    }
}

#[test]
fn ticks_without_a_majority_are_missed_but_for_the_latest() {
    let mut its = Scene::new(4, PATIENT);
    its.deploy(1, every_five_seconds(), (Frailty::Sound, 1));
    its.run_for(12);
    let hosts = its.hosts();
    let keepers = its.keepers().into_iter();
    let away: Vec<NodeNo> = keepers.filter(|its| !hosts.contains(its)).take(2).collect();
    for keeper in &away {
        its.crash(*keeper);
    }
    // Those of 15 and 20 seconds are not begun, and that of 25 is late.
    its.run_for(13);
    for keeper in away {
        its.act(Act::Start(keeper));
    }
    its.run_for(3);
    for runs in its.runs() {
        let ticks: Vec<u64> = runs.iter().map(|(key, _)| key.tick.0).collect();
        let first = BEGINS_S / 5;
        assert_eq!(ticks, [first + 2, first + 5]);
        assert_eq!((runs.missed, runs.skipped), (2, 0));
    }
}

#[test]
fn a_tick_that_is_due_while_the_last_runs_is_skipped() {
    let mut its = Scene::new(3, PATIENT);
    its.deploy(1, every_five_seconds(), (Frailty::Sound, 12));
    // From 10 to 22 seconds runs the first, and from then on that of 20, which is late.
    its.run_for(23);
    for runs in its.runs() {
        let ticks: Vec<u64> = runs.iter().map(|(key, _)| key.tick.0).collect();
        let first = BEGINS_S / 5;
        assert_eq!(ticks, [first + 2, first + 4]);
        assert_eq!((runs.missed, runs.skipped), (0, 1));
    }
}

#[test]
fn a_tick_whose_host_is_lost_is_not_begun_again() {
    let mut its = Scene::new(4, PATIENT);
    its.deploy(1, every_five_seconds(), (Frailty::Sound, 3));
    its.run_for(10);
    let crash = Blow::Crash(Duration::from_secs(90));
    its.act(Act::OfRunner(crash));
    its.run_for(25);
    for runs in its.runs() {
        let (key, run) = runs.iter().next().expect("it was begun");
        assert_eq!(key.tick, Tick(BEGINS_S / 5 + 2));
        let ended = run.ended.as_ref().map(|its| its.outcome);
        assert_eq!((ended, run.attempt), (Some(Outcome::Lost), 1));
        assert!(runs.iter().count() > 1 && runs.missed > 0, "{runs:?}");
    }
}

/// What a person signs who founds something, or updates it.
fn signed(
    person: &mut Promiser,
    founded: Option<WorkloadId>,
    mode: Mode,
) -> (Signed<Promise>, WorkloadId) {
    let portion = Portion::new(CORE / 4, 64 * MEBIBYTE).expect("it is something of both");
    let mut wanted = intent(1, portion, Frailty::Sound);
    wanted.mode = mode;
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
fn what_is_a_job_stays_one() {
    for (was, would_be, is_refused) in [
        (job(1), Mode::Service, true),
        (Mode::Service, every_five_seconds(), true),
        (job(1), job(2), false),
    ] {
        let mut its = Scene::new(3, PATIENT);
        let key = AgentKey::from_seed(&[7; 32]);
        let mut person = Promiser::new(key, CLUSTER, BootEpoch(1));
        let mut told = |founded, mode| {
            let (intent, workload) = signed(&mut person, founded, mode);
            let to = NodeNo(0);
            its.act(Act::Entrust { to, intent });
            its.run_for(1);
            let settled = its.world.take_settled();
            let verdict = settled.last().map(|(_, _, its)| its.verdict.clone());
            (verdict.expect("it is settled"), workload)
        };
        let (founded, workload) = told(None, was);
        assert!(matches!(founded, Verdict::Committed(_)));
        let (changed, _) = told(Some(workload), would_be);
        assert_eq!(changed == Verdict::Mode, is_refused, "{changed:?}");
    }
}
