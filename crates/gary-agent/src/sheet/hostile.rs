//! What peers may claim, send unasked or leave unsaid, and what comes of it: not much.

use gary_promise::{
    AgentId, Body, BootEpoch, BoundedSet, Branch, DIGEST_BRANCHES, DIGEST_DEPTH_MAX, Digest, Fetch,
    Frame, Hint, LISTING_MAX, Listing, Time, Version,
};
use proptest::prelude::*;

use super::{
    EVENTS_MAX, FETCH_ATTEMPTS_MAX, FETCHES_MAX, FETCHES_PER_PEER_MAX, Refused, SHEET_PROMISES_MAX,
    SheetChange, Sheets,
    cut::cut,
    scene::Scene,
    testing::{Agent, version},
};

#[test]
fn nothing_is_taken_that_was_not_asked_for() {
    let mut scene = Scene::new();
    let honest = scene.honest();
    let third = Agent::new(9);
    scene.give_from(third.id(), honest.clone());
    assert_eq!(scene.sheets.refusals().of(Refused::Unasked), 1);

    scene.give(honest.clone());
    assert!(scene.sheets.poll_change().is_some());
    scene.give(honest);
    assert_eq!(scene.sheets.refusals().of(Refused::Unasked), 2);
    assert_eq!(scene.sheets.poll_change(), None);
}

#[test]
fn nobody_tells_an_agent_what_it_has_promised_itself() {
    let mut scene = Scene::new();
    let mut clone = Agent::new(2);
    clone.keep(1);
    clone.sign();
    let (agent, version) = (clone.id(), clone.head());
    let relay = Some(scene.relay.id());
    scene
        .sheets
        .handle_hint(scene.now, relay, Hint { agent, version });
    let sheet = clone.sheet.sheet().expect("it is signed");
    let part = cut(sheet, None).pop().expect("one part");
    scene.give(part);
    assert_eq!(scene.sheets.refusals().of(Refused::OwnSheet), 2);
    assert_eq!(
        (scene.frames(), scene.sheets.sheet(agent).is_none()),
        (vec![], true)
    );
}

#[test]
fn strangers_take_no_room() {
    let mut scene = Scene::new();
    let relay = scene.relay.id();
    for number in 0..100 {
        let agent = AgentId::from_bytes([number; 32]);
        let hint = Hint {
            agent,
            version: version(1),
        };
        scene.sheets.handle_hint(scene.now, Some(relay), hint);
    }
    assert_eq!(scene.sheets.refusals().of(Refused::Stranger), 100);
    assert_eq!(scene.frames(), []);
}

#[test]
fn a_listing_of_one_branch_says_nothing_of_another() {
    let mut scene = Scene::new();
    let [owner, relay] = [scene.owner.id(), scene.relay.id()];
    let elsewhere = Branch::new(&[Branch::ROOT.next_digit(&relay) + 1]).expect("one digit");
    let listing = Listing {
        branch: elsewhere,
        known: BoundedSet::new([(relay, version(7))]).expect("one"),
        asks: false,
    };
    scene.sheets.handle_listing(scene.now, owner, listing);
    assert_eq!(scene.sheets.refusals().of(Refused::Shape), 1);
    assert_eq!(scene.frames(), []);
}

#[test]
fn a_lie_about_a_sheet_costs_a_few_frames() {
    let mut scene = Scene::new();
    let honest = scene.honest();
    scene.give(honest);
    let (owner, relay) = (scene.owner.id(), scene.relay.id());
    let version = version(u64::MAX);
    let version = Version {
        epoch: scene.owner.head().epoch,
        ..version
    };
    let lie = Hint {
        agent: owner,
        version,
    };
    scene.sheets.handle_hint(scene.now, Some(relay), lie);
    let truth = Hint {
        agent: owner,
        version: scene.owner.head(),
    };
    assert!(matches!(scene.frames()[..], [(to, Frame::Fetch(_))] if to == relay));
    scene.sheets.handle_hint(scene.now, Some(relay), truth);
    let (to, fetch) = scene.next_fetch().expect("the owner is asked");
    assert_eq!((to, fetch.have), (owner, Some(truth.version)));
    scene.sheets.handle_hint(scene.now, Some(owner), truth);
    assert_eq!(scene.next_fetch(), None);
}

#[test]
fn a_silent_peer_is_given_up() {
    let mut scene = Scene::new();
    let asked: Vec<AgentId> = std::iter::from_fn(|| Some(scene.next_fetch()?.0)).collect();
    // The relay was asked before, and each of the two there are once.
    assert_eq!(asked, [scene.owner.id()]);
    // What comes too late is not taken, until somebody says again that there is something.
    let honest = scene.honest();
    scene.give(honest.clone());
    assert_eq!(scene.sheets.refusals().of(Refused::Unasked), 1);
    scene.hint();
    scene.give(honest);
    assert!(scene.sheets.poll_change().is_some());
}

#[test]
fn what_waits_for_a_silent_peer_waits_for_one_silence() {
    let mut scene = Scene::new();
    let silent = AgentId::from_bytes([1; 32]);
    for byte in 10..200 {
        let agent = AgentId::from_bytes([byte; 32]);
        scene.sheets.handle_up(scene.now, agent, BootEpoch(0));
        let version = version(1);
        let hint = Hint { agent, version };
        scene.sheets.handle_hint(scene.now, Some(silent), hint);
    }
    assert_eq!(scene.frames().len(), FETCHES_PER_PEER_MAX);
    // Each of those few is then asked for elsewhere, and the others are found again in a sweep.
    let asked = std::iter::from_fn(|| {
        scene.now = scene.sheets.fetches.timeout()?;
        scene.sheets.handle_timeout(scene.now);
        Some(scene.frames())
    });
    let asked: Vec<_> = asked.flatten().collect();
    assert!(asked.iter().all(|(to, _)| *to != silent));
    let fetches = asked
        .iter()
        .filter(|(_, frame)| matches!(frame, Frame::Fetch(_)));
    let again = FETCH_ATTEMPTS_MAX as usize - 1;
    assert!(fetches.count() <= (FETCHES_PER_PEER_MAX + 1) * again);
}

#[test]
fn no_sheet_is_asked_for_without_end() {
    let mut scene = Scene::new();
    for number in 10..30 {
        scene
            .sheets
            .handle_up(scene.now, Agent::new(number).id(), BootEpoch(0));
    }
    let asked = 1 + std::iter::from_fn(|| scene.next_fetch()).count();
    assert!(asked <= FETCH_ATTEMPTS_MAX as usize);
}

#[test]
fn what_came_in_part_is_dropped_when_the_rest_does_not() {
    let mut scene = Scene::new();
    (0..SHEET_PROMISES_MAX - 3).for_each(|_| {
        scene.owner.promise(Body::Admit);
    });
    scene.owner.sign();
    let known = scene.sheets.version_of(scene.owner.id());
    let sheet = scene.owner.sheet.sheet().expect("it is signed").clone();
    let parts = cut(&sheet, known);
    assert!(parts.len() > 1);
    scene.give(parts[0].clone());
    assert!(scene.sheets.fetches.staged_bytes() > 0);

    let (to, fetch) = scene.next_fetch().expect("somebody else is asked");
    assert_eq!((to, fetch.have), (scene.owner.id(), None));
    assert_eq!(scene.sheets.fetches.staged_bytes(), 0);
    assert_eq!(scene.sheets.version_of(to), known);
    for part in cut(&sheet, None) {
        scene.give_from(to, part);
    }
    assert!(scene.sheets.poll_change().is_some());
    assert_eq!(scene.sheets.fetches.staged_bytes(), 0);
}

#[test]
fn no_change_is_lost_on_who_does_not_look() {
    let mut scene = Scene::new();
    let change = SheetChange {
        owner: scene.owner.id(),
        version: version(1),
        came: Vec::new(),
        went: Vec::new(),
    };
    (0..EVENTS_MAX).for_each(|_| scene.sheets.outbox.change(change.clone()));
    let honest = scene.honest();
    scene.give(honest);
    assert_eq!(scene.sheets.refusals().of(Refused::Busy), 1);
    while scene.sheets.poll_change().is_some() {}
    let (to, _) = scene.next_fetch().expect("it is asked for again");
    let whole = scene.answer(None);
    scene.give_from(to, whole);
    assert!(scene.sheets.poll_change().is_some());
}

#[test]
fn who_claims_everything_delays_nobody_else() {
    let mut scene = Scene::new();
    let [liar, honest] = [1, 2].map(|byte| AgentId::from_bytes([byte; 32]));
    let owners: Vec<AgentId> = (10..200_u8)
        .map(|byte| AgentId::from_bytes([byte; 32]))
        .collect();
    for owner in &owners {
        scene.sheets.handle_up(scene.now, *owner, BootEpoch(0));
    }
    let claim = |sheets: &mut Sheets, by: AgentId, agent: AgentId| {
        let version = version(1);
        sheets.handle_hint(Time::from_us(0), Some(by), Hint { agent, version });
    };
    let (all, few) = owners.split_at(180);
    for owner in all {
        claim(&mut scene.sheets, liar, *owner);
    }
    for owner in few {
        claim(&mut scene.sheets, honest, *owner);
    }
    let asked = scene.frames();
    let of = |peer: AgentId| asked.iter().filter(|(to, _)| *to == peer).count();
    assert_eq!((of(liar), of(honest)), (FETCHES_PER_PEER_MAX, few.len()));

    // What the liar holds up, others may deliver, but for what it was asked for.
    for owner in all {
        claim(&mut scene.sheets, honest, *owner);
    }
    let asked = scene.frames();
    assert_eq!(asked.len(), FETCHES_PER_PEER_MAX - few.len());
    assert!(asked.iter().all(|(to, _)| *to == honest));

    // However many claim something, only so much is asked for at once.
    for owner in all.iter().rev() {
        scene.sheets.forget(scene.now, *owner);
        scene.sheets.handle_up(scene.now, *owner, BootEpoch(0));
        claim(&mut scene.sheets, *owner, *owner);
    }
    assert_eq!(scene.sheets.fetches.asked_count(), FETCHES_MAX);
}

/// A frame that says anything at all, of anybody.
fn frames() -> impl Strategy<Value = Frame> {
    let agent = || prop_oneof![any::<[u8; 32]>(), Just([0xab; 32])].prop_map(AgentId::from_bytes);
    let version = || (1..u64::MAX).prop_map(version);
    let digits = prop::collection::vec(0..16_u8, 0..=DIGEST_DEPTH_MAX);
    let branch = || {
        digits
            .clone()
            .prop_map(|digits| Branch::new(&digits).expect("not deeper"))
    };
    let known = prop::collection::vec((agent(), version()), 0..LISTING_MAX);
    prop_oneof![
        (agent(), version()).prop_map(|(agent, version)| Frame::Hint(Hint { agent, version })),
        (agent(), prop::option::of(version()))
            .prop_map(|(agent, have)| Frame::Fetch(Fetch { agent, have })),
        (branch(), any::<[u64; DIGEST_BRANCHES]>())
            .prop_map(|(branch, hashes)| Frame::Digest(Digest { branch, hashes })),
        (branch(), known, any::<bool>()).prop_map(|(branch, known, asks)| {
            let known = BoundedSet::new(known).expect("few");
            Frame::Listing(Listing {
                branch,
                known,
                asks,
            })
        }),
    ]
}

proptest! {
    #[test]
    fn whatever_a_peer_says_it_gets_a_few_frames_for_it(
        said in prop::collection::vec(frames(), 1..20),
    ) {
        let mut scene = Scene::new();
        scene.sheets.handle_up(scene.now, AgentId::from_bytes([0xab; 32]), BootEpoch(0));
        let (owner, relay) = (scene.owner.id(), scene.relay.id());
        let known = scene.sheets.version_of(owner);
        for frame in said {
            match frame {
                Frame::Hint(hint) => scene.sheets.handle_hint(scene.now, Some(relay), hint),
                Frame::Fetch(fetch) => scene.sheets.handle_fetch(relay, fetch),
                Frame::Digest(digest) => scene.sheets.handle_digest(relay, digest),
                Frame::Listing(listing) => {
                    scene.sheets.handle_listing(scene.now, relay, listing);
                }
                _ => prop_assert!(false, "no other is made"),
            }
            prop_assert!(scene.frames().len() <= DIGEST_BRANCHES + FETCHES_PER_PEER_MAX);
        }
        prop_assert_eq!(scene.sheets.version_of(owner), known);
        prop_assert_eq!(scene.sheets.poll_change(), None);
        prop_assert_eq!(scene.sheets.sheets().count(), 1);
    }
}
