//! What an agent refuses: to a person who deploys, and to whoever invites it. It says why, and nothing changes.

use gary_agent::{Dealings, DeployError, REPLACES_AFTER, Setup, Unverified};
use gary_promise::{
    Accept, AgentKey, Agents, Batch, Body, BootEpoch, BoundedSet, Condition, Consider, Frame,
    Generation, Invitation, Lineage, Misfit, Own, Portion, Promise, PromiseId, Promiser, Reason,
    Resources, Signed, SignedRecord, Slot, Submitters, Time, Update, Use, UseError, Valency,
    Verifier, Why, WorkloadId,
};
use gary_sim::{CLUSTER, Frailty, capacity, intent};
use gary_wire::WireCodec;

const CORE: u64 = 1_000_000;
const MEBIBYTE: u64 = 1 << 20;
const NOW: Time = Time::from_us(1_000_000);

fn promiser(number: u8) -> Promiser {
    Promiser::new(AgentKey::from_seed(&[number; 32]), CLUSTER, BootEpoch(1))
}

fn wanted(memory_bytes: u64) -> Use {
    let portion = Portion::new(CORE / 10, memory_bytes).expect("something of both");
    intent(1, portion, Frailty::Sound)
}

fn signed(by: &mut Promiser, body: Body) -> Own<Promise> {
    let made = by.promise(body, Condition::default(), &WireCodec);
    made.expect("it is short")
}

fn intended(by: &mut Promiser, wanted: Use) -> Own<Promise> {
    signed(by, Body::Use(Box::new(wanted)))
}

/// The same as a later generation of a workload.
fn later(wanted: Use, of: WorkloadId, generation: Generation) -> Use {
    let lineage = Lineage::Updates(Update::new(of, generation).expect("it is not the first"));
    Use { lineage, ..wanted }
}

fn generation(number: u32) -> Generation {
    let mut generation = Generation::FIRST;
    for _ in 1..number {
        generation = generation.next().expect("there are more");
    }
    generation
}

fn told(record: &Own<Promise>) -> Frame {
    let mut batch = Batch::default();
    assert!(batch.push(SignedRecord::Promise(record.signed().clone())));
    Frame::Told(batch)
}

/// An agent with four mebibytes, that looks at what two owners submit, or at nobody's.
fn agent(submitters: Option<Submitters>, declines: bool) -> Dealings<WireCodec> {
    let setup = Setup {
        key: AgentKey::from_seed(&[1; 32]),
        cluster: CLUSTER,
        epoch: BootEpoch(1),
        capacity: capacity(4 * CORE, 4 * MEBIBYTE),
        consider: submitters.map(|submitters| Consider { submitters }),
        declines,
        replaces_after: REPLACES_AFTER,
        seed: 1,
    };
    Dealings::new(setup, WireCodec, NOW)
}

/// Stores everything, and takes what is said.
fn drain(me: &mut Dealings<WireCodec>) -> Vec<Frame> {
    while let Some(write) = me.poll_write() {
        me.handle_stored(write.id);
    }
    std::iter::from_fn(|| me.poll_transmit())
        .map(|its| its.frame)
        .collect()
}

fn altered(signed: &Signed<Promise>) -> Signed<Promise> {
    let mut bytes = signed.bytes().to_vec();
    *bytes.last_mut().expect("it says something") ^= 1;
    Signed::claimed(signed.by(), &bytes, *signed.signature())
}

#[test]
fn what_a_person_submits_is_refused_with_its_reason_and_changes_nothing() {
    let [mut owner, mut friend, mut stranger] = [2, 3, 4].map(promiser);
    let considered = Agents::new([owner.id(), friend.id()]).expect("two");
    let mut me = agent(Some(Submitters::Only(considered)), true);

    // It is at its second generation, and its owner lets nobody else change it.
    let mine = Use {
        updaters: Submitters::Only(Agents::default()),
        ..wanted(MEBIBYTE)
    };
    let founding = intended(&mut owner, mine.clone());
    let workload = founding.workload().expect("it founds one");
    let second = intended(&mut owner, later(mine.clone(), workload, generation(2)));
    for intent in [&founding, &second] {
        me.deploy(NOW, intent.signed().clone())
            .expect("it is considered");
    }
    drain(&mut me);

    let other = WorkloadId::from_bytes([7; 16]);
    let update = |by: &mut Promiser, of, number| {
        let wanted = later(mine.clone(), of, generation(number));
        intended(by, wanted).signed().clone()
    };
    let conflict = DeployError::Conflict {
        workload,
        current: generation(2),
    };
    let strange = intended(&mut stranger, mine.clone());
    let twice = Use {
        exclusive: true,
        valency: Valency::new(2).expect("few"),
        ..mine.clone()
    };
    let tries = [
        (
            "what is no intent",
            signed(&mut owner, Body::Admit).signed().clone(),
            DeployError::NotAnIntent { found: "+admit" },
        ),
        (
            "a stranger's",
            strange.signed().clone(),
            DeployError::NotConsidered {
                owner: stranger.id(),
            },
        ),
        (
            "what is exclusive, twice",
            intended(&mut owner, twice).signed().clone(),
            DeployError::Contrary(UseError::ExclusiveTwice {
                valency: Valency::new(2).expect("few"),
            }),
        ),
        (
            "what is not kept",
            update(&mut owner, other, 2),
            DeployError::NotKept { workload: other },
        ),
        (
            "a change of what is another's",
            update(&mut friend, workload, 3),
            DeployError::NotAllowed {
                by: friend.id(),
                workload,
            },
        ),
        (
            "another second generation",
            update(&mut owner, workload, 2),
            conflict.clone(),
        ),
        (
            "a generation that skips one",
            update(&mut owner, workload, 4),
            conflict.clone(),
        ),
        (
            "what founded it, once more",
            founding.signed().clone(),
            conflict,
        ),
    ];
    let kept: Vec<_> = me.kept().collect();
    for (what, intent, error) in tries {
        assert_eq!(me.deploy(NOW, intent), Err(error), "{what}");
        assert!(me.poll_write().is_none(), "{what}");
        assert_eq!(me.kept().collect::<Vec<_>>(), kept, "{what}");
    }
    let forged = me.deploy(NOW, altered(founding.signed()));
    let is_forged = matches!(
        forged,
        Err(DeployError::Refused(Unverified { by, is_signed: false, .. })) if by == owner.id()
    );
    assert!(is_forged, "{forged:?}");
    // The same submission again is no fault, and changes nothing.
    let again = me
        .deploy(NOW, second.signed().clone())
        .map(|its| its.generation);
    assert_eq!(again, Ok(generation(2)));
    assert_eq!(me.kept().collect::<Vec<_>>(), kept);
}

/// What an agent answers who is invited for the first slot of an intent.
fn asked(me: &mut Dealings<WireCodec>, by: &Promiser, intent: &Own<Promise>) -> Vec<Frame> {
    let invitation = Invitation::new(intent.signed().clone(), BootEpoch(1), [Slot(0)]);
    let invitation = invitation.expect("one slot");
    me.handle_frame(NOW, by.id(), Frame::Invitation(invitation));
    drain(me)
}

/// The one offer that is all that is said.
fn offered(said: &[Frame]) -> PromiseId {
    let [Frame::Told(batch)] = said else {
        panic!("one offer, not {said:?}");
    };
    let SignedRecord::Promise(offer) = &batch.records()[0] else {
        panic!("an offer, not {batch:?}");
    };
    let mut verifier = Verifier::new(CLUSTER, 0);
    let verified = verifier.verify(offer.clone(), &WireCodec);
    verified.expect("it is signed").id()
}

/// Has an agent host the first slot of an intent: it offers, and this is what accepts that.
fn bound(me: &mut Dealings<WireCodec>, by: &mut Promiser, intent: &Own<Promise>) -> Own<Promise> {
    let accept = Body::Accept(Accept {
        workload: intent.workload().expect("it is an intent"),
        intent: intent.id(),
        offer: offered(&asked(me, by, intent)),
    });
    let acceptance = signed(by, accept);
    me.handle_frame(NOW, by.id(), told(&acceptance));
    drain(me);
    assert_eq!(me.hosted(), (0, 1));
    acceptance
}

fn why(said: &[Frame]) -> Option<Why> {
    match said {
        [Frame::Refusal(refusal)] => Some(refusal.why.clone()),
        _ => None,
    }
}

#[test]
fn who_is_invited_and_will_not_says_truly_why() {
    let [keeper, mut owner, mut stranger, other_keeper] = [2, 3, 4, 5].map(promiser);
    let mebibytes = |count| Resources::new(CORE / 10, count * MEBIBYTE).expect("not absurd");
    let considered = || Agents::new([owner.id()]).ok().map(Submitters::Only);
    let (mut me, mut unwilling) = (agent(considered(), false), agent(considered(), true));

    let large = intended(&mut owner, wanted(3 * MEBIBYTE));
    assert_eq!(
        why(&asked(&mut unwilling, &keeper, &large)),
        Some(Why::Declined)
    );
    let strange = intended(&mut stranger, wanted(MEBIBYTE));
    assert_eq!(
        why(&asked(&mut me, &keeper, &strange)),
        Some(Why::NotConsidered)
    );
    let huge = intended(&mut owner, wanted(5 * MEBIBYTE));
    let misfit = Misfit::Resources {
        needed: mebibytes(5),
        promised: capacity(4 * CORE, 4 * MEBIBYTE).resources,
    };
    assert_eq!(
        why(&asked(&mut me, &keeper, &huge)),
        Some(Why::Misfit(misfit))
    );

    // It offers what fits, and whoever asks for the same slot besides is told so.
    let said = asked(&mut me, &keeper, &large);
    assert_eq!((said.len(), me.hosted()), (1, (1, 0)));
    assert_eq!(
        why(&asked(&mut me, &other_keeper, &large)),
        Some(Why::Hosting)
    );
    let more = intended(&mut owner, wanted(2 * MEBIBYTE));
    let left = Resources::new(4 * CORE - CORE / 10, MEBIBYTE).expect("not absurd");
    let no_room = Why::NoRoom {
        needed: mebibytes(2),
        left,
    };
    assert_eq!(why(&asked(&mut me, &keeper, &more)), Some(no_room));
    assert_eq!(me.hosted(), (1, 0));
}

#[test]
fn what_it_does_not_host_comes_before_what_it_does() {
    let [mut keeper, mut owner] = [2, 3].map(promiser);
    let mut me = agent(Some(Submitters::AnyClient), false);
    let of_two = |memory_bytes| Use {
        valency: Valency::new(2).expect("two"),
        ..wanted(memory_bytes)
    };
    let first = intended(&mut owner, of_two(2 * MEBIBYTE));
    let workload = first.workload().expect("it founds one");
    bound(&mut me, &mut keeper, &first);

    // There is room for one more: it goes to the slot that is not hosted here, and the other makes room for itself.
    let second = later(of_two(2 * MEBIBYTE), workload, generation(2));
    let second = intended(&mut owner, second);
    let slots = [Slot(0), Slot(1)];
    let invitation = Invitation::new(second.signed().clone(), BootEpoch(1), slots);
    let invitation = invitation.expect("two slots");
    me.handle_frame(NOW, keeper.id(), Frame::Invitation(invitation));
    let said = drain(&mut me);
    let refused: Vec<_> = said
        .iter()
        .filter_map(|its| match its {
            Frame::Refusal(refusal) => Some((refusal.slots.clone(), refusal.why.clone())),
            _ => None,
        })
        .collect();
    let only = |slot| BoundedSet::new([slot]).expect("one");
    assert_eq!(refused, [(only(Slot(0)), Why::Busy)]);
    assert_eq!(me.hosted(), (1, 0));
}

#[test]
fn who_hosts_a_later_generation_says_so() {
    let [mut keeper, mut owner] = [2, 3].map(promiser);
    let mut me = agent(Some(Submitters::AnyClient), false);
    let first = intended(&mut owner, wanted(MEBIBYTE));
    let workload = first.workload().expect("it founds one");
    let second = intended(&mut owner, later(wanted(MEBIBYTE), workload, generation(2)));
    let acceptance = bound(&mut me, &mut keeper, &second);

    let superseded = Why::Superseded { by: generation(2) };
    assert_eq!(why(&asked(&mut me, &keeper, &first)), Some(superseded));
    assert_eq!(why(&asked(&mut me, &keeper, &second)), Some(Why::Hosting));
    let all = intended(&mut owner, wanted(4 * MEBIBYTE));
    assert!(matches!(
        why(&asked(&mut me, &keeper, &all)),
        Some(Why::NoRoom { .. })
    ));
    // While what was withdrawn stops, it is busy where that makes room enough.
    let withdrawn = keeper.withdraw(&acceptance, Reason::Unstated, &WireCodec);
    let withdrawn = withdrawn.expect("it is its own").signed().clone();
    let mut batch = Batch::default();
    assert!(batch.push(SignedRecord::Withdrawal(withdrawn)));
    me.handle_frame(NOW, keeper.id(), Frame::Told(batch));
    drain(&mut me);
    assert_eq!(why(&asked(&mut me, &keeper, &all)), Some(Why::Busy));
}
