//! What a person leaves with a node that reaches no majority: it is kept there, runs nothing, and is settled once the
//! keepers can be reached.

use std::collections::BTreeMap;
use std::time::Duration;

use gary_agent::{
    Acknowledgement, DeployError, Fact, PENDING_MAX, PendingIntent, REFUSED_SHOWN_FOR,
};
use gary_promise::{
    AgentKey, Body, BootEpoch, Condition, Generation, Lineage, Own, Portion, Promise, PromiseId,
    Promiser, SignedRecord, Time, Update, Valency, Verdict,
};
use gary_sim::{
    Act, CLUSTER, Frailty, NetworkSpec, NodeNo, NodeSpec, Watch, World, WorldSpec, capacity, intent,
};
use gary_wire::WireCodec;

const NODES: usize = 4;

/// The node that comes to be cut off from all others.
const ALONE: NodeNo = NodeNo(3);
const ELSEWHERE: NodeNo = NodeNo(0);

/// A cluster in which something is kept, or nothing yet.
struct Scene {
    world: World,
    ann: Promiser,
    bob: Promiser,
}

impl Scene {
    fn new() -> Self {
        let node = |_| NodeSpec::new(capacity(4_000_000, 1 << 30));
        let spec = WorldSpec {
            seed: 1,
            nodes: (0..NODES).map(node).collect(),
            owners: 0,
            network: NetworkSpec::LAN,
        };
        let mut world = World::new(spec, Watch::new(None));
        for node in 0..NODES {
            world.plan(Duration::ZERO, Act::Start(NodeNo(node)));
        }
        let person = |number| {
            let key = AgentKey::from_seed(&[number; 32]);
            Promiser::new(key, CLUSTER, BootEpoch(1))
        };
        let (ann, bob) = (person(2), person(3));
        let mut scene = Self { world, ann, bob };
        scene.run_for(2_000);
        scene
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

    /// A person has something kept, and is told so.
    fn commit(&mut self, to: NodeNo, intent: &Own<Promise>) {
        let told = self.told(to, intent, Acknowledgement::Majority, 1_000);
        assert!(matches!(told, [(id, Verdict::Committed(_))] if id == intent.id()));
    }

    /// What persons are told within so long of an intent that one of them submits there, or of others.
    fn told<const COUNT: usize>(
        &mut self,
        to: NodeNo,
        intent: &Own<Promise>,
        acknowledgement: Acknowledgement,
        within_ms: u64,
    ) -> [(PromiseId, Verdict); COUNT] {
        let intent = intent.signed().clone();
        self.act(match acknowledgement {
            Acknowledgement::Majority => Act::Entrust { to, intent },
            Acknowledgement::Local => Act::EntrustLocally { to, intent },
        });
        self.told_within(within_ms)
    }

    fn told_within<const COUNT: usize>(&mut self, ms: u64) -> [(PromiseId, Verdict); COUNT] {
        self.run_for(ms);
        let told = self.world.take_settled().into_iter();
        let told: Vec<_> = told.map(|(_, _, its)| (its.intent, its.verdict)).collect();
        told.try_into().expect("so much is told, and no more")
    }

    /// Leaves something with the node that is alone, and is told that it is not known what becomes of it.
    fn leave(&mut self, intent: &Own<Promise>) {
        let told = self.told(ALONE, intent, Acknowledgement::Local, 6_000);
        assert_eq!(told, [(intent.id(), Verdict::Unsettled)]);
    }

    fn cut(&mut self) {
        let others: Vec<NodeNo> = (0..NODES).map(NodeNo).filter(|its| *its != ALONE).collect();
        let (alone, both) = (vec![ALONE], others);
        self.act(Act::Cut {
            from: alone.clone(),
            to: both.clone(),
        });
        self.act(Act::Cut {
            from: both,
            to: alone,
        });
        self.run_for(100);
    }

    fn start_again(&mut self) {
        let (node, for_good) = (ALONE, false);
        self.act(Act::Crash { node, for_good });
        self.run_for(100);
        self.act(Act::Start(node));
        self.run_for(2_000);
    }

    fn pending(&self) -> Vec<PendingIntent> {
        let agent = self.world.agent(ALONE).expect("it is up");
        agent.dealings().pending().collect()
    }

    fn running(&self) -> usize {
        (0..NODES)
            .map(|its| self.world.components(NodeNo(its)))
            .sum()
    }
}

/// What a person signs to found a workload, or to use another number of what was founded.
fn signs(person: &mut Promiser, follows: Option<&Own<Promise>>, valency: u32) -> Own<Promise> {
    let portion = Portion::new(500_000, 64 << 20).expect("it is something of both");
    let mut wanted = intent(valency, portion, Frailty::Sound);
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
    let made = person.promise(body, Condition::default(), &WireCodec);
    made.expect("it is short")
}

#[test]
fn what_is_founded_behind_a_wall_runs_once_it_falls() {
    let mut its = Scene::new();
    let founded = signs(&mut its.ann, None, 2);
    its.cut();
    its.leave(&founded);
    let [pending] = its.pending().try_into().expect("one is left there");
    assert_eq!((pending.intent, pending.base), (founded.id(), None));
    assert_eq!(pending.refused, None);
    its.run_for(20_000);
    assert_eq!(its.running(), 0, "what is pending runs nothing");
    its.act(Act::Heal);
    let [(told, verdict)] = its.told_within(4_000);
    assert_eq!(told, founded.id());
    assert!(matches!(verdict, Verdict::Committed(_)), "{verdict:?}");
    its.run_for(2_000);
    assert_eq!((its.running(), its.pending()), (2, vec![]));
}

#[test]
fn what_is_pending_outlives_a_start_and_is_kept_once() {
    let mut its = Scene::new();
    let founded = signs(&mut its.ann, None, 1);
    its.commit(ELSEWHERE, &founded);
    let more = signs(&mut its.ann, Some(&founded), 2);
    its.cut();
    its.leave(&more);
    its.start_again();
    let [pending] = its.pending().try_into().expect("it is remembered");
    assert_eq!(pending.base, Some(Generation::FIRST));
    assert_eq!(pending.since.0, BootEpoch(1));
    // Its owner has it kept by way of another node meanwhile, and submits it here once more.
    its.commit(ELSEWHERE, &more);
    its.leave(&more);
    its.act(Act::Heal);
    let [(told, verdict)] = its.told_within(5_000);
    assert_eq!(told, more.id());
    assert!(matches!(verdict, Verdict::Committed(_)), "{verdict:?}");
    assert_eq!(its.pending(), []);
    // It was not kept twice: what follows from it can be.
    let last = signs(&mut its.ann, Some(&more), 3);
    its.commit(ALONE, &last);
}

#[test]
fn who_starts_behind_a_wall_and_knows_nobody_takes_it_all_the_same() {
    let mut its = Scene::new();
    let founded = signs(&mut its.ann, None, 1);
    its.commit(ALONE, &founded);
    let more = signs(&mut its.ann, Some(&founded), 2);
    its.cut();
    its.start_again();
    let told = its.told(ALONE, &more, Acknowledgement::Majority, 6_000);
    let refused: [(PromiseId, Verdict); 0] = told;
    assert!(refused.is_empty(), "it is not taken");
    its.leave(&more);
    // Nor is it then, and it stays pending all the same.
    let told = its.told(ALONE, &more, Acknowledgement::Majority, 6_000);
    let refused: [(PromiseId, Verdict); 0] = told;
    assert!(refused.is_empty(), "it is not taken");
    its.act(Act::Heal);
    let [(_, verdict)] = its.told_within(5_000);
    assert!(matches!(verdict, Verdict::Committed(_)), "{verdict:?}");
}

#[test]
fn what_was_changed_meanwhile_is_not_overwritten() {
    let mut its = Scene::new();
    let founded = signs(&mut its.ann, None, 1);
    its.commit(ELSEWHERE, &founded);
    let (here, there) = (
        signs(&mut its.ann, Some(&founded), 3),
        signs(&mut its.bob, Some(&founded), 2),
    );
    let after = signs(&mut its.ann, Some(&here), 4);
    its.cut();
    its.leave(&here);
    // It follows from what is pending, and waits for that.
    let told = its.told(ALONE, &after, Acknowledgement::Local, 100);
    assert_eq!(told, [(after.id(), Verdict::Unsettled)]);
    its.commit(ELSEWHERE, &there);
    its.act(Act::Heal);
    let second = Generation::new(2).expect("not zero");
    let refused = Verdict::Conflict(second);
    let told: [_; 2] = its.told_within(6_000);
    assert_eq!(
        told,
        [(here.id(), refused.clone()), (after.id(), refused.clone())]
    );
    assert_eq!(its.running(), 2, "what stands is what was kept");
    let shown: Vec<_> = its.pending().into_iter().map(|its| its.refused).collect();
    assert_eq!(shown, [Some(refused.clone()), Some(refused)]);
    its.start_again();
    assert_eq!(its.pending().len(), 2, "it is shown until it was seen");
}

#[test]
fn what_follows_from_what_is_pending_is_kept_after_it() {
    let mut its = Scene::new();
    let founded = signs(&mut its.ann, None, 1);
    let more = signs(&mut its.ann, Some(&founded), 2);
    its.cut();
    its.leave(&founded);
    let told = its.told(ALONE, &more, Acknowledgement::Local, 100);
    assert_eq!(told, [(more.id(), Verdict::Unsettled)]);
    its.act(Act::Heal);
    let told: [_; 2] = its.told_within(6_000);
    assert_eq!(told.clone().map(|(id, _)| id), [founded.id(), more.id()]);
    let is_kept = |(_, verdict): &_| matches!(verdict, Verdict::Committed(_));
    assert!(told.iter().all(is_kept), "{told:?}");
}

#[test]
fn a_name_that_was_taken_meanwhile_stays_who_took_it() {
    let mut its = Scene::new();
    let (here, there) = (signs(&mut its.ann, None, 1), signs(&mut its.bob, None, 2));
    its.cut();
    its.leave(&here);
    its.commit(ELSEWHERE, &there);
    its.act(Act::Heal);
    let taken = there.workload().expect("it is of one");
    let told = its.told_within(5_000);
    assert_eq!(told, [(here.id(), Verdict::NameTaken(taken))]);
    its.run_for(2_000);
    assert_eq!(its.running(), 2);
}

/// An agent of its own, that knows nobody and was told of others: it can have nothing kept.
mod alone {
    use gary_agent::membership::{Seed, Settings};
    use gary_agent::{Agent, AgentSetup, REPLACES_AFTER, Setup};
    use gary_promise::{BootNonce, Consider, Submitters};

    use super::*;

    pub(super) struct Alone {
        pub(super) agent: Agent<WireCodec>,
        pub(super) now: Time,
    }

    impl Alone {
        pub(super) fn new() -> Self {
            let mut alone = Self::with([]);
            alone.store();
            alone
        }

        /// One that remembers something.
        pub(super) fn with(facts: impl IntoIterator<Item = Fact>) -> Self {
            let now = Time::from_us(1);
            let address = "10.0.0.1:1".parse().expect("it is an address");
            let setup = AgentSetup {
                dealings: Setup {
                    key: AgentKey::from_seed(&[1; 32]),
                    cluster: CLUSTER,
                    epoch: BootEpoch(1),
                    capacity: capacity(1_000_000, 1 << 30),
                    consider: Some(Consider {
                        submitters: Submitters::AnyClient,
                    }),
                    declines: false,
                    replaces_after: REPLACES_AFTER,
                    seed: 1,
                },
                nonce: BootNonce(1),
                address,
                membership: Settings::lan(),
            };
            let mut agent = Agent::new(setup, facts, WireCodec, now);
            let other = AgentKey::from_seed(&[9; 32]).id();
            let address = "10.0.0.2:1".parse().expect("it is an address");
            let seed = Seed {
                agent: other,
                address,
            };
            agent.join(now, [seed]);
            Self { agent, now }
        }

        /// Whatever it writes is stored at once.
        pub(super) fn store(&mut self) {
            while let Some(write) = self.agent.poll_write() {
                self.agent.handle_stored(self.now, write.id);
            }
            while self.agent.poll_transmit().is_some() || self.agent.poll_packet().is_some() {}
        }

        pub(super) fn submit(&mut self, intent: &Own<Promise>) -> Result<PromiseId, DeployError> {
            let intent = intent.signed().clone();
            let local = Acknowledgement::Local;
            let answer = self.agent.submit(self.now, intent, local);
            self.store();
            answer
        }
    }
}

#[test]
fn only_so_many_are_pending_and_their_owner_makes_room() {
    let mut its = alone::Alone::new();
    let mut ann = Promiser::new(AgentKey::from_seed(&[2; 32]), CLUSTER, BootEpoch(1));
    let mut bob = Promiser::new(AgentKey::from_seed(&[3; 32]), CLUSTER, BootEpoch(1));
    let all: Vec<_> = (0..PENDING_MAX).map(|_| signs(&mut ann, None, 1)).collect();
    for intent in &all {
        assert_eq!(its.submit(intent), Ok(intent.id()));
        let told = its.agent.poll_settlement().map(|its| its.verdict);
        assert_eq!(told, Some(Verdict::Unsettled));
    }
    let another = signs(&mut ann, None, 1);
    assert_eq!(its.submit(&another), Err(DeployError::TooManyPending));
    // Submitted again, it is the same.
    assert_eq!(its.submit(&all[0]), Ok(all[0].id()));

    let reason = gary_promise::Reason::Unstated;
    let foreign = signs(&mut bob, None, 1);
    let others = bob.withdraw(&foreign, reason, &WireCodec).expect("short");
    let now = its.now;
    let withdrawn = its.agent.withdraw_pending(now, others.signed().clone());
    withdrawn.expect_err("it is of nothing that is pending");
    let own = ann.withdraw(&all[0], reason, &WireCodec).expect("short");
    let withdrawn = its.agent.withdraw_pending(now, own.signed().clone());
    withdrawn.expect("it is its owner's word");
    its.store();
    assert_eq!(its.submit(&another), Ok(another.id()));
    assert_eq!(its.agent.dealings().pending().count(), PENDING_MAX);
}

#[test]
fn what_was_refused_is_shown_until_it_was_seen_or_for_a_week() {
    let mut ann = Promiser::new(AgentKey::from_seed(&[2; 32]), CLUSTER, BootEpoch(1));
    let mut refused = || {
        let intent = signs(&mut ann, None, 1);
        let record = SignedRecord::Promise(intent.signed().clone());
        let pending = Fact::Pending {
            intent: intent.id(),
            since: (BootEpoch(1), Time::from_us(1)),
            refused: Some(Verdict::NotKept),
        };
        (intent.id(), [Fact::Record(record), pending])
    };
    let [(seen, its), (unseen, others)] = [refused(), refused()];
    let mut alone = alone::Alone::with(its.into_iter().chain(others));
    let shown = |alone: &alone::Alone| -> Vec<PromiseId> {
        let pending = alone.agent.dealings().pending();
        pending.map(|its| its.intent).collect()
    };
    assert_eq!(shown(&alone), [seen, unseen]);
    assert!(alone.agent.dismiss_refused(alone.now, seen));
    assert!(!alone.agent.dismiss_refused(alone.now, seen), "it was here");
    assert_eq!(shown(&alone), [unseen]);
    for (after, shows) in [(REFUSED_SHOWN_FOR / 2, 1), (REFUSED_SHOWN_FOR, 0)] {
        let now = alone.now.after(after);
        alone.agent.handle_timeout(now);
        assert_eq!(shown(&alone).len(), shows);
    }
    let written = std::iter::from_fn(|| alone.agent.poll_write());
    let facts: Vec<Fact> = written.flat_map(|its| its.facts).collect();
    for gone in [seen, unseen] {
        assert!(facts.contains(&Fact::Settled(gone)) && facts.contains(&Fact::Forgotten(gone)));
    }
}

#[test]
fn what_is_withdrawn_takes_along_what_follows_from_it_and_no_other_of_its_generation() {
    let person = |number| {
        let key = AgentKey::from_seed(&[number; 32]);
        Promiser::new(key, CLUSTER, BootEpoch(1))
    };
    // Whichever of the two has the smaller id.
    for (withdraws, stays) in [(2, 3), (3, 2)] {
        let mut its = alone::Alone::new();
        let (mut withdraws, mut stays) = (person(withdraws), person(stays));
        let founded = signs(&mut withdraws, None, 1);
        let withdrawn = signs(&mut withdraws, Some(&founded), 2);
        let after = signs(&mut withdraws, Some(&withdrawn), 3);
        let other = signs(&mut stays, Some(&founded), 4);
        let later = signs(&mut stays, Some(&other), 5);
        for intent in [&founded, &withdrawn, &after, &other, &later] {
            assert_eq!(its.submit(intent), Ok(intent.id()));
        }
        let reason = gary_promise::Reason::Unstated;
        let word = withdraws.withdraw(&withdrawn, reason, &WireCodec);
        let word = word.expect("it is short").signed().clone();
        let taken_back = its.agent.withdraw_pending(its.now, word);
        taken_back.expect("it is its owner's word");
        let pending = its.agent.dealings().pending();
        let pending = pending.map(|its| (its.intent, its.refused));
        let expected = [
            (founded.id(), None),
            (after.id(), Some(Verdict::NotKept)),
            (other.id(), None),
            (later.id(), None),
        ];
        assert_eq!(pending.collect::<BTreeMap<_, _>>(), expected.into());
    }
}

#[test]
fn what_follows_from_what_was_kept_is_not_refused_with_another_of_its_generation() {
    let mut its = Scene::new();
    if its.ann.id() > its.bob.id() {
        std::mem::swap(&mut its.ann, &mut its.bob);
    }
    let founded = signs(&mut its.ann, None, 1);
    its.commit(ELSEWHERE, &founded);
    let first = signs(&mut its.ann, Some(&founded), 2);
    let after = signs(&mut its.ann, Some(&first), 3);
    let other = signs(&mut its.bob, Some(&founded), 4);
    its.cut();
    its.leave(&first);
    for intent in [&after, &other] {
        let told = its.told(ALONE, intent, Acknowledgement::Local, 100);
        assert_eq!(told, [(intent.id(), Verdict::Unsettled)]);
    }
    its.act(Act::Heal);
    let told: [_; 3] = its.told_within(12_000);
    let verdict = |intent: &Own<Promise>| {
        let mut told = told.iter().filter(|(id, _)| *id == intent.id());
        told.next().map(|(_, verdict)| verdict.clone())
    };
    for kept in [&first, &after] {
        assert!(
            matches!(verdict(kept), Some(Verdict::Committed(_))),
            "{told:?}"
        );
    }
    assert!(
        matches!(verdict(&other), Some(Verdict::Conflict(_))),
        "{told:?}"
    );
}
