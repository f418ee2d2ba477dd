//! How many a keeper asks and how soon again, what it counts, and whom it prefers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gary_agent::Keeps;
use gary_promise::{
    AgentId, Batch, BoundedSet, Condition, Frame, Invitation, Own, Promise, PromiseId, Requirement,
    Resources, Slot, Time, Why, WorkloadId,
};

use crate::scene::{STEP, Scene, declined, first, portion, promiser, refused, told};

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
    let keeps = Keeps {
        by: keep,
        workload: WorkloadId::founded_by(needed.id()),
        name: "needed".parse().expect("it is a label"),
    };
    scene.show(one, vec![keeps], Vec::new());

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
    scene.show(one, Vec::new(), vec![keep]);
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
