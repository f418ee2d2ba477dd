//! How a keeper goes about an update: how much of it at once, what becomes of what fails, and what it remembers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gary_agent::{GoBackError, HISTORY_MAX, Stood};
use gary_promise::{
    AgentId, Batch, Body, BootEpoch, Condition, Denial, Failure, Frame, Generation, Own, Pace,
    Promise, Resources, SignedRecord, Slot, Why, WorkloadId,
};
use gary_sim::capacity;

use crate::scene::{Scene, first, portion, refused, told};

/// Three of a workload, each hosted by a peer of its own that is heard to host it. Its offers, by slot.
fn hosted(scene: &mut Scene) -> (WorkloadId, BTreeMap<Slot, Own<Promise>>) {
    let hosts: Vec<AgentId> = scene.peers.keys().copied().collect();
    let (workload, _) = scene.deploy(3, Condition::default());
    let mut offers: BTreeMap<Slot, Own<Promise>> = BTreeMap::new();
    scene.run(Duration::from_secs(3), |scene, to, frame| {
        let slot = hosts.iter().position(|its| *its == to)?;
        let slot = Slot(u32::try_from(slot).expect("there are few"));
        let Frame::Invitation(asked) = frame else {
            return None;
        };
        if !asked.slots.contains(&slot) || offers.contains_key(&slot) {
            return None;
        }
        let offer = scene.offer(to, workload, slot, 1);
        let answer = told(offer.signed().clone());
        offers.insert(slot, offer);
        Some(answer)
    });
    for offer in offers.values() {
        scene.renew(offer.by(), offer.id());
    }
    assert_eq!(offers.len(), 3);
    (workload, offers)
}

/// What becomes of the second generation of three while its hosts bind it and it does not run yet: in how many slots it is
/// bound, and how many acceptances of the first are taken back meanwhile.
fn begun_at(pace: Pace) -> (usize, usize) {
    let mut scene = Scene::new(3);
    let (workload, _) = hosted(&mut scene);
    scene.update_at(pace, workload, 3);
    let (mut bound, mut let_go) = (0, 0);
    scene.run(Duration::from_secs(2), |scene, to, frame| match frame {
        Frame::Invitation(asked) => {
            let second = Generation::FIRST.next().expect("there are more");
            let mut offers = Batch::default();
            for slot in asked.slots.iter() {
                let offer = scene.offer_of(second, to, workload, *slot, 1);
                assert!(offers.push(offer.signed().clone().into()));
            }
            Some(Frame::Told(offers))
        }
        Frame::Told(batch) => {
            for record in batch.records() {
                match record {
                    SignedRecord::Promise(_) => bound += 1,
                    _ => let_go += 1,
                }
            }
            None
        }
        _ => None,
    });
    (bound, let_go)
}

#[test]
fn an_update_goes_as_fast_as_its_owner_has_it() {
    for (max_surge, max_unavailable, begun) in [
        (1, 0, (1, 0)),
        (2, 0, (2, 0)),
        (0, 1, (1, 1)),
        (0, 2, (2, 2)),
        (1, 1, (2, 1)),
        (9, 9, (3, 0)),
    ] {
        let pace = Pace::new(max_surge, max_unavailable).expect("one is not zero");
        assert_eq!(begun_at(pace), begun, "{pace:?}");
    }
}

#[test]
fn what_fails_is_tried_again_and_nothing_else_and_says_why_until_it_runs() {
    let mut scene = Scene::new(3);
    let (workload, earlier) = hosted(&mut scene);
    let second = Generation::FIRST.next().expect("there are more");
    scene.update_at(Pace::default(), workload, 3);
    let mut asked_for: BTreeSet<Slot> = BTreeSet::new();
    let mut offered: Vec<Own<Promise>> = Vec::new();
    let mut hear = |scene: &mut Scene, to: AgentId, frame: &Frame| match frame {
        Frame::Invitation(asked) => {
            asked_for.extend(asked.slots.iter().copied());
            let offer = scene.offer_of(second, to, workload, first(asked), 1);
            let answer = told(offer.signed().clone());
            offered.push(offer);
            Some(answer)
        }
        // Whatever is bound fails.
        Frame::Told(batch) => {
            let accepts = |its: &SignedRecord| matches!(its, SignedRecord::Promise(_));
            let is_bound = batch.records().iter().any(accepts);
            let offer = offered.iter().rfind(|its| its.by() == to)?;
            let of = offer.version();
            let version = scene.peers.get_mut(&to).expect("it hosts").stamp();
            let failure = Failure::Ended;
            is_bound.then_some(Frame::Denial(Denial {
                version,
                of,
                failure,
            }))
        }
        _ => None,
    };
    scene.run(Duration::from_secs(3), &mut hear);
    let account = scene.me.account(&workload, scene.now).expect("it is kept");
    let rolling = account.rolling.expect("two are of the first generation");
    assert!(rolling.stands_still && !rolling.makes_do);
    let failing: Vec<_> = account
        .failing
        .iter()
        .map(|its| (its.slot, its.failure))
        .collect();
    assert_eq!(failing, [(Slot(0), Failure::Ended)]);
    assert_eq!(asked_for, BTreeSet::from([Slot(0)]), "and none besides");
    assert!(offered.len() > 2, "it is tried again");

    // It comes to run after all.
    let mut runs: BTreeSet<Slot> = BTreeSet::new();
    for offer in earlier.values() {
        scene.renew(offer.by(), offer.id());
    }
    scene.run(Duration::from_secs(5), |scene, to, frame| {
        let Frame::Invitation(asked) = frame else {
            return None;
        };
        let slot = first(asked);
        let offer = scene.offer_of(second, to, workload, slot, 1);
        let answer = told(offer.signed().clone());
        runs.insert(slot);
        scene
            .runs
            .push((scene.now.after(Duration::from_millis(700)), offer));
        Some(answer)
    });
    assert_eq!(runs.len(), 3, "it goes on: {runs:?}");
    let account = scene.me.account(&workload, scene.now).expect("it is kept");
    assert_eq!((account.failing, account.rolling), (vec![], None));
}

#[test]
fn a_slot_that_nobody_has_room_for_keeps_no_other_from_going_on() {
    let mut scene = Scene::new(3);
    let (workload, mut hosted) = hosted(&mut scene);
    let second = Generation::FIRST.next().expect("there are more");
    // Whoever hosts the first is too small for anything by now, and the others have no room besides what they host.
    let small = hosted[&Slot(0)].by();
    scene.show_machine(small, capacity(1, 1));
    let intent = scene.update_at(Pace::default(), workload, 3);
    let slots: BTreeMap<AgentId, Slot> = hosted.iter().map(|(its, by)| (by.by(), *its)).collect();
    let mut offered: BTreeMap<AgentId, Own<Promise>> = BTreeMap::new();
    // Until then they have something else to do.
    let has_time_at = scene.now.after(Duration::from_secs(15));
    for _ in 0..20 {
        scene.run(Duration::from_secs(2), |scene, to, frame| match frame {
            Frame::Invitation(asked) => {
                let slot = slots[&to];
                let is_in_place = asked.slots.contains(&slot) && !asked.beside.contains(&slot);
                if !is_in_place || scene.now < has_time_at {
                    let (needed, left) = (portion().resources(), Resources::NONE);
                    let why = Why::NoRoom { needed, left };
                    return Some(refused(workload, intent, asked, why));
                }
                let offer = scene.offer_of(second, to, workload, slot, 1);
                let answer = told(offer.signed().clone());
                offered.insert(to, offer);
                Some(answer)
            }
            Frame::Told(batch) => {
                let accepts = |its: &SignedRecord| matches!(its, SignedRecord::Promise(_));
                if batch.records().iter().any(accepts) {
                    let offer = offered.remove(&to).expect("it has offered");
                    hosted.insert(slots[&to], offer);
                }
                None
            }
            _ => None,
        });
        for offer in hosted.values() {
            scene.renew(offer.by(), offer.id());
        }
    }
    let generation = |its: &Own<Promise>| match its.body() {
        Body::Host(host) => host.generation,
        _ => panic!("hosting is offered"),
    };
    let generations: Vec<Generation> = hosted.values().map(generation).collect();
    assert_eq!(generations, [Generation::FIRST, second, second]);
}

#[test]
fn what_stood_before_is_remembered_across_a_start_and_can_be_had_again() {
    let mut scene = Scene::new(0);
    let (workload, founded) = scene.deploy(2, Condition::default());
    let name = "hello".parse().expect("it is a name");
    let mut generation = Generation::FIRST;
    for valency in 0..u32::try_from(HISTORY_MAX).expect("there are few") + 2 {
        generation = generation.next().expect("there are more");
        scene.intend(generation, Pace::default(), workload, 3 + valency);
    }
    for epoch in 2..4 {
        let history = scene.me.history(&name);
        assert_eq!(history.len(), HISTORY_MAX + 1, "and the one that stands");
        assert_eq!(history.last().map(Stood::generation), Some(generation));
        assert!(history.iter().all(|its| its.intent.id() != founded));

        let earlier = history[0].generation();
        let back = scene.me.go_back(&name, earlier).expect("it is remembered");
        assert_eq!(Some(back.wanted.lineage.generation()), generation.next());
        let Body::Use(before) = history[0].intent.body() else {
            panic!("an intent is remembered");
        };
        assert_eq!(back.wanted.valency, before.valency);
        let refused = |generation| {
            scene
                .me
                .go_back(&name, generation)
                .expect_err("it is refused")
        };
        assert!(matches!(refused(generation), GoBackError::Stands { .. }));
        let first = refused(Generation::FIRST);
        assert!(matches!(first, GoBackError::NotRemembered { .. }));
        scene.start_again(BootEpoch(epoch));
    }
}

/// Which slots the keeper asks for within a while, and how many acceptances it takes back.
fn asked_for(scene: &mut Scene) -> (BTreeSet<Slot>, usize) {
    let (mut asked, mut taken_back) = (BTreeSet::new(), 0);
    scene.run(Duration::from_secs(2), |_, _, frame| {
        match frame {
            Frame::Invitation(invitation) => asked.extend(invitation.slots.iter().copied()),
            Frame::Told(batch) => {
                let withdrawals = |its: &&SignedRecord| matches!(its, SignedRecord::Withdrawal(_));
                taken_back += batch.records().iter().filter(withdrawals).count();
            }
            _ => {}
        }
        None
    });
    (asked, taken_back)
}

#[test]
fn what_is_stopped_is_kept_and_hosted_by_nobody_until_it_is_wanted_again() {
    let mut scene = Scene::new(3);
    let (workload, offers) = hosted(&mut scene);
    scene.stop(workload, 3);
    let (asked, taken_back) = asked_for(&mut scene);
    assert_eq!((asked.len(), taken_back), (0, offers.len()));
    let kept = scene
        .me
        .kept()
        .map(|(its, generation, _)| (its, generation.get()));
    assert_eq!(Vec::from_iter(kept), [(workload, 2)]);

    let third = Generation::new(3).expect("it is a number");
    scene.intend(third, Pace::default(), workload, 3);
    let (asked, _) = asked_for(&mut scene);
    assert_eq!(asked.len(), 3);
}
