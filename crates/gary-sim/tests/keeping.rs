//! How a keeper goes about its work: how many it asks and how soon again, what it counts, and whom it prefers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gary_agent::{Dealings, Setup, Shown, Transmit};
use gary_promise::{
    AgentId, AgentKey, Batch, Bid, Body, BootEpoch, BoundedSet, Condition, Consider, Frame,
    Generation, Host, Invitation, Lease, Lineage, Offers, Own, Pace, Portion, Promise, PromiseId,
    Promiser, Reason, Refusal, Renewal, Requirement, Resources, SignedRecord, Slot, Submitters,
    Time, Update, Use, Why, WorkloadId,
};
use gary_sim::{CLUSTER, Frailty, capacity, intent};
use gary_wire::WireCodec;

const CORE: u64 = 1_000_000;
const MEBIBYTE: u64 = 1 << 20;

/// How long it takes a peer to answer.
const ANSWERS_AFTER: Duration = Duration::from_millis(1);

/// By what steps time goes.
const STEP: Duration = Duration::from_millis(10);

fn promiser(number: u8) -> Promiser {
    Promiser::new(AgentKey::from_seed(&[number; 32]), CLUSTER, BootEpoch(1))
}

fn portion() -> Portion {
    Portion::new(CORE / 10, MEBIBYTE).expect("something of both")
}

fn told(record: impl Into<SignedRecord>) -> Frame {
    let mut batch = Batch::default();
    assert!(batch.push(record.into()));
    Frame::Told(batch)
}

/// A keeper that has no room itself, and its peers.
struct Scene {
    me: Dealings<WireCodec>,
    now: Time,
    owner: Promiser,
    peers: BTreeMap<AgentId, Promiser>,
}

impl Scene {
    fn new(peers: u8) -> Self {
        let now = Time::from_us(1_000_000);
        let setup = Setup {
            key: AgentKey::from_seed(&[1; 32]),
            cluster: CLUSTER,
            epoch: BootEpoch(1),
            capacity: capacity(1, 1),
            consider: consider(),
            declines: false,
            seed: 1,
        };
        let me = Dealings::new(setup, WireCodec, now);
        let peers = (0..peers).map(|number| promiser(10 + number));
        let mut scene = Self {
            me,
            now,
            owner: promiser(2),
            peers: peers.map(|its| (its.id(), its)).collect(),
        };
        let ids: Vec<AgentId> = scene.peers.keys().copied().collect();
        for peer in ids {
            scene.show(peer, BTreeMap::new());
            scene.me.handle_liveness(now, peer, true);
        }
        scene
    }

    /// A peer's sheet says that it has room, and keeps these.
    fn show(&mut self, peer: AgentId, keeps: BTreeMap<WorkloadId, PromiseId>) {
        let shown = Shown {
            names: BTreeSet::new(),
            capacity: Some(capacity(4 * CORE, 1024 * MEBIBYTE).into()),
            consider: consider(),
            keeps,
        };
        self.me.handle_sheet(self.now, peer, shown);
    }

    fn intended(&mut self, valency: u32, condition: Condition) -> Own<Promise> {
        let wanted = Body::Use(Box::new(intent(valency, portion(), Frailty::Sound)));
        let made = self.owner.promise(wanted, condition, &WireCodec);
        made.expect("it is short")
    }

    /// A workload, and what intends it.
    fn deploy(&mut self, valency: u32, condition: Condition) -> (WorkloadId, PromiseId) {
        let intent = self.intended(valency, condition);
        let taken = self.me.deploy(self.now, intent.signed().clone());
        (taken.expect("it is considered").workload, intent.id())
    }

    /// The second generation of a workload, as its owner wants it now, all of it at once.
    fn update(&mut self, workload: WorkloadId, valency: u32) -> PromiseId {
        let pace = Pace::new(valency, 0).expect("it is more than none");
        self.update_at(pace, workload, valency)
    }

    /// The second generation of a workload, at this pace.
    fn update_at(&mut self, pace: Pace, workload: WorkloadId, valency: u32) -> PromiseId {
        let second = Generation::FIRST.next().expect("there are more");
        let update = Update::new(workload, second).expect("it is not the first");
        let wanted = Use {
            lineage: Lineage::Updates(update),
            pace,
            ..intent(valency, portion(), Frailty::Sound)
        };
        let wanted = Body::Use(Box::new(wanted));
        let made = self.owner.promise(wanted, Condition::default(), &WireCodec);
        let made = made.expect("it is short");
        let taken = self.me.deploy(self.now, made.signed().clone());
        assert_eq!(taken.expect("it is the next").workload, workload);
        made.id()
    }

    /// What a peer offers to host.
    fn offer(&mut self, peer: AgentId, workload: WorkloadId, slot: Slot, bid: u32) -> Own<Promise> {
        let host = Body::Host(Host {
            promisee: self.me.id(),
            asked_in: BootEpoch(1),
            workload,
            generation: Generation::FIRST,
            slot,
            portion: portion(),
            bid: Bid(bid),
            besides: 0,
            lease: Lease::from_ms(10_000).expect("ten seconds"),
        });
        let peer = self.peers.get_mut(&peer).expect("it was asked");
        let offer = peer.promise(host, Condition::default(), &WireCodec);
        offer.expect("it is short")
    }

    /// What a peer says that takes its offer back.
    fn withdrawn(&mut self, peer: AgentId, offer: &Own<Promise>) -> Frame {
        let peer = self.peers.get_mut(&peer).expect("it has offered");
        let withdrawal = peer.withdraw(offer, Reason::Unstated, &WireCodec);
        told(withdrawal.expect("it is its own").signed().clone())
    }

    /// Says that a peer hosts this.
    fn renew(&mut self, peer: AgentId, offer: PromiseId) {
        let version = self.peers.get_mut(&peer).expect("it hosts").stamp();
        let renewal = Renewal {
            version,
            offered: Offers::default(),
            bound: Offers::new([offer.version]).expect("one"),
            by_others: Offers::default(),
            idle: BoundedSet::default(),
        };
        self.me
            .handle_frame(self.now, peer, Frame::Renewal(renewal));
    }

    /// Stores everything, and takes what is said.
    fn drain(&mut self) -> Vec<Transmit> {
        while let Some(write) = self.me.poll_write() {
            self.me.handle_stored(write.id);
        }
        std::iter::from_fn(|| self.me.poll_transmit()).collect()
    }

    /// Lets time go by. Whatever is said is heard by `hear`, whose answer comes back a little later.
    fn run(
        &mut self,
        time: Duration,
        mut hear: impl FnMut(&mut Self, AgentId, &Frame) -> Option<Frame>,
    ) {
        let until = self.now.after(time);
        let mut answers: Vec<(AgentId, Frame)> = Vec::new();
        while self.now < until {
            for its in self.drain() {
                let answer = hear(self, its.to, &its.frame);
                answers.extend(answer.map(|answer| (its.to, answer)));
            }
            let begun = self.now;
            self.now = begun.after(ANSWERS_AFTER);
            for (peer, answer) in answers.drain(..) {
                self.me.handle_frame(self.now, peer, answer);
            }
            self.now = begun.after(STEP);
            self.me.handle_timeout(self.now);
        }
    }

    /// Whose hosting of the first slot is counted.
    fn counted(&self, workload: &WorkloadId) -> Option<PromiseId> {
        let account = self.me.account(workload, self.now).expect("it is kept");
        account.counted.first().map(|its| its.assessment.promise())
    }
}

fn consider() -> Option<Consider> {
    let submitters = Submitters::AnyClient;
    Some(Consider { submitters })
}

fn first(asked: &Invitation) -> Slot {
    *asked.slots.iter().next().expect("it is asked for one")
}

fn declined(workload: WorkloadId, intent: PromiseId, asked: &Invitation) -> Frame {
    refused(workload, intent, asked, Why::Declined)
}

fn refused(workload: WorkloadId, intent: PromiseId, asked: &Invitation, why: Why) -> Frame {
    Frame::Refusal(Refusal {
        workload,
        intent,
        slots: asked.slots.clone(),
        why,
    })
}

#[test]
fn two_are_asked_first_then_more_and_less_often_and_nobody_again_who_would_not() {
    let mut scene = Scene::new(20);
    let (workload, intent) = scene.deploy(1, Condition::default());
    let mut rounds: BTreeMap<Time, BTreeSet<AgentId>> = BTreeMap::new();
    scene.run(Duration::from_millis(4_900), |scene, to, frame| {
        let Frame::Invitation(asked) = frame else {
            return None;
        };
        rounds.entry(scene.now).or_default().insert(to);
        Some(declined(workload, intent, asked))
    });
    let asked: Vec<usize> = rounds.values().map(BTreeSet::len).collect();
    assert_eq!(asked, [2, 4, 8, 6], "{rounds:?}");
    let all: BTreeSet<&AgentId> = rounds.values().flatten().collect();
    assert_eq!(all.len(), 20, "each of them once");
    let began: Vec<Time> = rounds.into_keys().collect();
    let waited = began.windows(2).map(|its| its[1].since(its[0]));
    let least = [100, 200, 400].map(Duration::from_millis);
    for (waited, least) in waited.zip(least) {
        assert!(waited >= least, "{waited:?} after {least:?}");
    }
}

#[test]
fn a_slot_that_opens_again_and_again_is_looked_after_at_once_and_then_less_often() {
    let mut scene = Scene::new(3);
    let (workload, _) = scene.deploy(1, Condition::default());
    let mut rounds: BTreeSet<Time> = BTreeSet::new();
    let mut offered: BTreeMap<AgentId, Own<Promise>> = BTreeMap::new();
    scene.run(Duration::from_secs(5), |scene, to, frame| match frame {
        Frame::Invitation(asked) => {
            rounds.insert(scene.now);
            let offer = scene.offer(to, workload, first(asked), 1);
            let answer = told(offer.signed().clone());
            offered.insert(to, offer);
            Some(answer)
        }
        // Whoever is accepted takes its offer back.
        Frame::Told(_) => {
            let offer = offered.remove(&to)?;
            Some(scene.withdrawn(to, &offer))
        }
        _ => None,
    });
    let began: Vec<Time> = rounds.into_iter().collect();
    let waited: Vec<Duration> = began.windows(2).map(|its| its[1].since(its[0])).collect();
    let soon = 2 * STEP;
    assert!(waited.len() > 6, "{waited:?}");
    assert!(waited[..2].iter().all(|its| *its <= soon), "{waited:?}");
    assert!(
        waited[5..]
            .iter()
            .all(|its| *its >= Duration::from_millis(400)),
        "{waited:?}"
    );
}

#[test]
fn a_slot_that_opens_is_looked_after_soon_though_another_waits() {
    let mut scene = Scene::new(2);
    let (workload, intent) = scene.deploy(2, Condition::default());
    let host = *scene.peers.keys().next().expect("there are two");
    let mut rounds: BTreeSet<Time> = BTreeSet::new();
    let (mut offered, mut asked_again, mut opened_at) = (None, 0, None::<Time>);
    // One hosts a slot and will not host the other, and later neither. The other peer never answers, and is asked less
    // and less often.
    scene.run(Duration::from_secs(8), |scene, to, frame| {
        let Frame::Invitation(asked) = frame else {
            return None;
        };
        rounds.insert(scene.now);
        if to != host {
            return None;
        }
        let Some(offer) = &offered else {
            let offer = scene.offer(to, workload, first(asked), 1);
            let answer = told(offer.signed().clone());
            offered = Some(offer);
            return Some(answer);
        };
        asked_again += 1;
        if asked_again == 1 {
            return Some(declined(workload, intent, asked));
        }
        opened_at.get_or_insert(scene.now);
        Some(scene.withdrawn(to, offer))
    });
    let opened_at = opened_at.expect("it was asked again after it had rested");
    let after = rounds.iter().find(|its| **its > opened_at);
    let waited = after.expect("another round").since(opened_at);
    assert!(waited < Duration::from_millis(1_000), "{waited:?}");
}

#[test]
fn what_was_offered_before_a_condition_ceased_to_be_met_is_not_accepted() {
    let mut scene = Scene::new(2);
    let needed = scene.intended(1, Condition::default());
    let requirements = BoundedSet::new([Requirement::Promised(needed.id())]).expect("one");
    let (workload, _) = scene.deploy(1, Condition { requirements });
    let [one, other] = [0, 1].map(|at| *scene.peers.keys().nth(at).expect("there are two"));
    let keep = PromiseId {
        promiser: one,
        version: scene.peers.get_mut(&one).expect("it is there").stamp(),
    };
    let keeps = BTreeMap::from([(WorkloadId::founded_by(needed.id()), keep)]);
    scene.show(one, keeps);

    // One does not answer, so that the round stays open.
    let (mut offered, mut dismissed) = (None, BTreeSet::new());
    let mut hear = |scene: &mut Scene, to: AgentId, frame: &Frame| match frame {
        Frame::Invitation(asked) if to == other => {
            let offer = scene.offer(to, workload, first(asked), 1);
            offered = Some(offer.version());
            Some(told(offer.signed().clone()))
        }
        Frame::Dismissal(dismissal) => {
            dismissed.extend(dismissal.offers.iter().copied());
            None
        }
        _ => None,
    };
    scene.run(Duration::from_millis(100), &mut hear);
    scene.show(one, BTreeMap::new());
    scene.run(Duration::from_secs(2), &mut hear);
    let offered = offered.expect("it was invited");
    assert_eq!(scene.counted(&workload), None);
    assert_eq!(dismissed, BTreeSet::from([offered]));
}

#[test]
fn who_has_kept_its_word_is_preferred_by_whoever_has_seen_it() {
    let steady = promiser(10).id();
    for is_seen in [true, false] {
        let mut scene = Scene::new(2);
        if is_seen {
            let (workload, _) = scene.deploy(1, Condition::default());
            scene.run(Duration::from_secs(1), |scene, to, frame| match frame {
                Frame::Invitation(asked) if to == steady => Some(told(
                    scene.offer(to, workload, first(asked), 1).signed().clone(),
                )),
                _ => None,
            });
            let offer = scene.counted(&workload).expect("it is hosted");
            for _ in 0..40 {
                scene.renew(steady, offer);
                scene.run(Duration::from_secs(2), |_, _, _| None);
            }
            assert_eq!(scene.counted(&workload), Some(offer));
        }
        // Both offer, and the other promises a little more.
        let (workload, _) = scene.deploy(1, Condition::default());
        scene.run(Duration::from_secs(1), |scene, to, frame| match frame {
            Frame::Invitation(asked) => {
                let bid = if to == steady { 100 } else { 110 };
                Some(told(
                    scene
                        .offer(to, workload, first(asked), bid)
                        .signed()
                        .clone(),
                ))
            }
            _ => None,
        });
        let counted = scene.counted(&workload).expect("it is hosted");
        assert_eq!(counted.promiser == steady, is_seen);
    }
}

#[test]
fn what_nobody_hosts_comes_before_what_is_hosted_at_an_earlier_generation() {
    let mut scene = Scene::new(3);
    let hosts: Vec<AgentId> = scene.peers.keys().copied().collect();
    let slot_of = |peer: AgentId| {
        hosts
            .iter()
            .position(|its| *its == peer)
            .map(|at| Slot(at as u32))
    };
    let (workload, _) = scene.deploy(2, Condition::default());
    let mut offers: BTreeMap<AgentId, Own<Promise>> = BTreeMap::new();
    scene.run(Duration::from_secs(3), |scene, to, frame| {
        let slot = slot_of(to).filter(|its| its.0 < 2)?;
        let Frame::Invitation(asked) = frame else {
            return None;
        };
        if !asked.slots.contains(&slot) {
            return None;
        }
        let offer = scene.offer(to, workload, slot, 1);
        let answer = told(offer.signed().clone());
        offers.insert(to, offer);
        Some(answer)
    });
    let account = scene.me.account(&workload, scene.now);
    assert_eq!(account.expect("it is kept").counted.len(), 2);

    // Both are full. One has let go what it hosts, so that its slot is empty.
    let second = scene.update(workload, 2);
    let empty = hosts[0];
    let withdrawn = scene.withdrawn(empty, &offers[&empty]);
    scene.me.handle_frame(scene.now, empty, withdrawn);
    let mut asked_of: BTreeMap<AgentId, BTreeSet<Slot>> = BTreeMap::new();
    scene.run(Duration::from_millis(900), |_, to, frame| {
        let Frame::Invitation(asked) = frame else {
            return None;
        };
        asked_of
            .entry(to)
            .or_default()
            .extend(asked.slots.iter().copied());
        (to != hosts[2]).then(|| refused(workload, second, asked, Why::Busy))
    });
    assert!(asked_of[&hosts[1]].contains(&Slot(1)), "in place");
    assert_eq!(asked_of[&hosts[2]], BTreeSet::from([Slot(0)]));
}

#[test]
fn an_update_goes_on_though_most_slots_find_no_room() {
    let mut scene = Scene::new(1);
    let (workload, first) = scene.deploy(200, Condition::default());
    let no_room = |intent, asked: &Invitation| {
        let needed = portion().resources();
        let left = Resources::NONE;
        refused(workload, intent, asked, Why::NoRoom { needed, left })
    };
    // There is room for forty.
    let mut hosted: BTreeSet<Slot> = BTreeSet::new();
    scene.run(Duration::from_secs(1), |scene, to, frame| {
        let Frame::Invitation(asked) = frame else {
            return None;
        };
        if !hosted.is_empty() {
            return Some(no_room(first, asked));
        }
        let mut offers = Batch::default();
        for slot in asked.slots.iter().take(40) {
            let offer = scene.offer(to, workload, *slot, 1);
            assert!(offers.push(offer.signed().clone().into()));
            hosted.insert(*slot);
        }
        Some(Frame::Told(offers))
    });
    let account = scene.me.account(&workload, scene.now).expect("it is kept");
    assert_eq!(account.counted.len(), 40);

    let second = scene.update(workload, 200);
    let mut asked_for: BTreeSet<Slot> = BTreeSet::new();
    scene.run(Duration::from_secs(1), |_, _, frame| {
        let Frame::Invitation(asked) = frame else {
            return None;
        };
        asked_for.extend(asked.slots.iter().copied());
        Some(no_room(second, asked))
    });
    let in_place = asked_for.intersection(&hosted).count();
    let new = asked_for.difference(&hosted).count();
    assert!(
        in_place >= 32 && new >= 32,
        "{in_place} in place, {new} others"
    );
}
