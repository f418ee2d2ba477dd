//! Bad input is a peer: whatever is refused is counted with its reason, and moves nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use gary_agent::{
    ANSWERS_INQUIRY_WITHIN, Dealings, Fault, HostReport, REPLACES_AFTER, Setup, Shown, Transmit,
};
use gary_promise::{
    Absence, Accept, AgentId, AgentKey, Batch, Bid, Body, BootEpoch, BootNonce, Bound, BoundedSet,
    Claim, Condition, Configuration, ConfigurationEpoch, Consider, Denial, Dismissal, Failure,
    FencingEpoch, Frame, Generation, Hint, Host, Inquiry, Invitation, Lease, Lineage, Notice,
    Offers, Own, Portion, Promise, PromiseId, Promiser, Reason, Refusal, Renewal, Sequence, Signed,
    SignedRecord, Slot, Submitters, Tenancy, TenancyWord, Time, Update, Use, Value, Version, Why,
    WorkloadId,
};
use gary_sim::{CLUSTER, Frailty, capacity, intent};
use gary_wire::WireCodec;

const CORE: u64 = 1_000_000;
const MEBIBYTE: u64 = 1 << 20;

fn promiser(number: u8) -> Promiser {
    Promiser::new(AgentKey::from_seed(&[number; 32]), CLUSTER, BootEpoch(1))
}

fn promised(by: &mut Promiser, body: Body) -> Own<Promise> {
    let made = by.promise(body, Condition::default(), &WireCodec);
    made.expect("it is short")
}

fn told(record: impl Into<SignedRecord>) -> Frame {
    let mut batch = Batch::default();
    assert!(batch.push(record.into()));
    Frame::Told(batch)
}

fn wanted(valency: u32) -> Use {
    let portion = Portion::new(CORE / 10, MEBIBYTE).expect("something of both");
    intent(valency, portion, Frailty::Sound)
}

fn consider() -> Option<Consider> {
    let submitters = Submitters::AnyClient;
    Some(Consider { submitters })
}

/// An agent that keeps a workload of one slot, which a host fills, and that hosts a slot of another workload for
/// the same one.
struct Scene {
    now: Time,
    me: Dealings<WireCodec>,
    peer: Promiser,
    stranger: Promiser,
    /// What the peer hosts for the agent.
    theirs: Own<Promise>,
    /// The intent of that, and its workload.
    intent: Signed<Promise>,
    workload: WorkloadId,
    /// What the agent hosts for the peer, and by which acceptance.
    mine: PromiseId,
    acceptance: Own<Promise>,
    other: WorkloadId,
    other_intent: PromiseId,
    renewed: Version,
}

impl Scene {
    fn new() -> Self {
        let now = Time::from_us(1_000_000);
        let setup = Setup {
            key: AgentKey::from_seed(&[1; 32]),
            cluster: CLUSTER,
            epoch: BootEpoch(1),
            capacity: capacity(4 * CORE, 1024 * MEBIBYTE),
            consider: None,
            declines: false,
            replaces_after: REPLACES_AFTER,
            seed: 1,
        };
        // It hosts nothing of its own, so that whoever it invites is the peer.
        let setup = Setup {
            consider: consider(),
            capacity: capacity(CORE / 10, MEBIBYTE),
            ..setup
        };
        let mut me = Dealings::new(setup, WireCodec, now);
        let [mut peer, stranger, mut owner] = [2, 3, 4].map(promiser);
        let shown = Shown {
            capacity: Some(capacity(4 * CORE, 1024 * MEBIBYTE).into()),
            consider: consider(),
            ..Shown::default()
        };
        me.handle_sheet(now, peer.id(), shown);
        me.handle_liveness(now, peer.id(), true);

        // What it hosts for the peer, so that it has no room for more.
        let founding = promised(&mut owner, Body::Use(Box::new(wanted(1))));
        let other = founding.workload().expect("it founds one");
        let invitation =
            Invitation::new(founding.signed().clone(), BootEpoch(1), [Slot(0)]).expect("one");
        me.handle_frame(now, peer.id(), Frame::Invitation(invitation));
        let mine = offers(&drain(&mut me)).remove(0);
        let accept = Body::Accept(Accept {
            workload: other,
            intent: founding.id(),
            offer: mine,
        });
        let acceptance = promised(&mut peer, accept);
        me.handle_frame(now, peer.id(), told(acceptance.signed().clone()));
        drain(&mut me);
        me.handle_report(now, HostReport::Started { offer: mine });
        assert_eq!(me.hosted(), (0, 1));

        // What the peer hosts for it.
        let updated = promised(&mut owner, Body::Use(Box::new(wanted(1))));
        let workload = updated.workload().expect("it founds one");
        let intent = updated.signed().clone();
        me.deploy(now, intent.clone()).expect("it is considered");
        drain(&mut me);
        let theirs = promised(&mut peer, host(me.id(), workload, Slot(0)));
        me.handle_frame(now, peer.id(), told(theirs.signed().clone()));
        let now = now.after(Duration::from_millis(600));
        me.handle_timeout(now);
        drain(&mut me);
        assert_eq!(me.kept().next(), Some((workload, Generation::FIRST, 1)));

        let renewed = peer.stamp();
        let renewal = Renewal {
            version: renewed,
            offered: Offers::default(),
            bound: Offers::new([theirs.version()]).expect("one"),
            by_others: Offers::default(),
            idle: BoundedSet::default(),
            ends_within: None,
        };
        me.handle_frame(now, peer.id(), Frame::Renewal(renewal));
        drain(&mut me);
        Self {
            now,
            me,
            peer,
            stranger,
            theirs,
            intent,
            workload,
            mine,
            acceptance,
            other,
            other_intent: founding.id(),
            renewed,
        }
    }

    fn update(&mut self) {
        let mut owner = promiser(4);
        for _ in 0..8 {
            owner.stamp();
        }
        let second = Generation::FIRST.next().expect("there are more");
        let mut updated = wanted(1);
        updated.lineage =
            Lineage::Updates(Update::new(self.workload, second).expect("not the first"));
        let updated = promised(&mut owner, Body::Use(Box::new(updated)));
        let taken = self.me.deploy(self.now, updated.signed().clone());
        taken.expect("it is the next generation");
        drain(&mut self.me);
    }

    /// The peer's offer for the generation that it is invited for.
    fn offer_anew(&mut self, memory_bytes: u64, lease_ms: u32) -> Frame {
        let Body::Host(mut host) = host(self.me.id(), self.workload, Slot(0)) else {
            unreachable!("it is an offer");
        };
        host.generation = Generation::FIRST.next().expect("there are more");
        host.portion = Portion::new(CORE / 10, memory_bytes).expect("something of both");
        host.lease = Lease::from_ms(lease_ms).expect("less than an hour");
        let made = promised(&mut self.peer, Body::Host(host));
        told(made.signed().clone())
    }

    /// The peer hosts nothing any more. A stranger renews what it hosts for the peer, is asked after it, and would tell of it
    /// by this. Between its offer and that renewal it has said something else.
    fn asked_after(&mut self) -> (Bound, Version) {
        let peer = &mut self.peer;
        let withdrawn = peer.withdraw(&self.theirs, Reason::Unstated, &WireCodec);
        let withdrawn = told(withdrawn.expect("it is their own").signed().clone());
        self.me.handle_frame(self.now, peer.id(), withdrawn);
        drain(&mut self.me);
        let bound = bound(self.workload, &mut self.stranger, &mut self.peer);
        let (offer, between) = (offer_of(&bound), self.stranger.stamp());
        let renewal = Renewal {
            by_others: Offers::new([offer]).expect("one"),
            ..nothing_at(self.stranger.stamp())
        };
        let from = self.stranger.id();
        self.me
            .handle_frame(self.now, from, Frame::Renewal(renewal));
        let said = drain(&mut self.me);
        let [
            Transmit {
                frame: Frame::Inquiry(inquiry),
                ..
            },
        ] = &said[..]
        else {
            panic!("it asks: {said:?}");
        };
        assert!(inquiry.offers.contains(&offer));
        let bound = Bound {
            asked_in: inquiry.epoch,
            answers: inquiry.number,
            ..bound
        };
        (bound, between)
    }

    /// What the agent holds a hosting of the stranger's for, if it counts it.
    fn holds(&self, offer: Version) -> Option<Value> {
        let promise = PromiseId {
            promiser: self.stranger.id(),
            version: offer,
        };
        let account = self.me.account(&self.workload, self.now);
        let counted = account.expect("it is kept").counted;
        let mut assessments = counted.iter().map(|its| its.assessment);
        let its = assessments.find(|its| its.promise() == promise);
        its.map(|its| its.judgement().value())
    }

    /// What there is to be seen of the agent.
    fn state(&self) -> impl PartialEq + std::fmt::Debug + use<> {
        (
            self.me.kept().collect::<Vec<_>>(),
            self.me.hosted(),
            self.me.account(&self.workload, self.now),
            self.me.journal().copied().collect::<Vec<_>>(),
        )
    }
}

fn host(promisee: AgentId, workload: WorkloadId, slot: Slot) -> Body {
    Body::Host(Host {
        promisee,
        asked_in: BootEpoch(1),
        workload,
        generation: Generation::FIRST,
        slot,
        portion: Portion::new(CORE / 10, MEBIBYTE).expect("something of both"),
        bid: Bid(1),
        besides: 0,
        lease: Lease::from_ms(10_000).expect("ten seconds"),
    })
}

/// Stores everything, and takes what is said.
fn drain(me: &mut Dealings<WireCodec>) -> Vec<Transmit> {
    while let Some(write) = me.poll_write() {
        me.handle_stored(write.id);
    }
    while me.poll_order().is_some() {}
    std::iter::from_fn(|| me.poll_transmit()).collect()
}

/// The offers that were told.
fn offers(said: &[Transmit]) -> Vec<PromiseId> {
    let frames = said.iter().map(|its| &its.frame);
    let records = frames.filter_map(|frame| match frame {
        Frame::Told(batch) => Some(batch.records().to_vec()),
        _ => None,
    });
    let mut verifier = gary_promise::Verifier::new(CLUSTER, 0);
    let promises = records.flatten().filter_map(|record| match record {
        SignedRecord::Promise(signed) => verifier.verify(signed, &WireCodec).ok(),
        _ => None,
    });
    promises.map(|promise| promise.id()).collect()
}

/// Both halves of what one hosts for the other.
fn bound(workload: WorkloadId, by: &mut Promiser, keeper: &mut Promiser) -> Bound {
    let offer = promised(by, host(keeper.id(), workload, Slot(0)));
    let accept = Body::Accept(Accept {
        workload,
        intent: offer.id(),
        offer: offer.id(),
    });
    let acceptance = promised(keeper, accept);
    Bound {
        asked_in: BootEpoch(1),
        answers: 1,
        offer: offer.signed().clone(),
        acceptance: acceptance.signed().clone(),
    }
}

/// Which offer is bound.
fn offer_of(bound: &Bound) -> Version {
    let mut verifier = gary_promise::Verifier::new(CLUSTER, 0);
    let offer = verifier.verify(bound.offer.clone(), &WireCodec);
    offer.expect("it is genuine").version()
}

fn altered(signed: &Signed<Promise>) -> Signed<Promise> {
    let mut bytes = signed.bytes().to_vec();
    *bytes.last_mut().expect("it says something") ^= 1;
    Signed::claimed(signed.by(), &bytes, *signed.signature())
}

type Bad = fn(&mut Scene) -> (AgentId, Frame);

/// What is said of a claim that nobody has made.
fn tenancy(workload: WorkloadId, word: TenancyWord) -> Frame {
    let claim = Claim {
        offer: Version::first(BootEpoch(1)),
        start: BootNonce(1),
        epoch: FencingEpoch::first(ConfigurationEpoch::FIRST),
    };
    Frame::Tenancy(Box::new(Tenancy {
        workload,
        claim,
        word,
    }))
}

/// What a peer may say that is refused, and why.
const BAD: &[(&str, Fault, Bad)] = &[
    (
        "what was changed after it was signed",
        Fault::Signature,
        |its| (its.peer.id(), told(altered(its.theirs.signed()))),
    ),
    ("an intent that was changed", Fault::Signature, |its| {
        let invitation =
            Invitation::new(altered(&its.intent), BootEpoch(1), [Slot(0)]).expect("one");
        (its.peer.id(), Frame::Invitation(invitation))
    }),
    ("what another has signed", Fault::NotTheirs, |its| {
        (its.stranger.id(), told(its.theirs.signed().clone()))
    }),
    ("what is said of sheets", Fault::OutOfPlace, |its| {
        let (agent, version) = (its.peer.id(), its.renewed);
        (agent, Frame::Hint(Hint { agent, version }))
    }),
    (
        "a capacity that belongs on a sheet",
        Fault::OutOfPlace,
        |its| {
            let body = Body::Capacity(capacity(CORE, MEBIBYTE).into());
            let made = promised(&mut its.stranger, body);
            (its.stranger.id(), told(made.signed().clone()))
        },
    ),
    (
        "an invitation for what is no intent",
        Fault::OutOfPlace,
        |its| {
            let offer = its.theirs.signed().clone();
            let invitation = Invitation::new(offer, BootEpoch(1), [Slot(0)]).expect("one");
            (its.peer.id(), Frame::Invitation(invitation))
        },
    ),
    ("an offer to somebody else", Fault::NotForMe, |its| {
        let body = host(its.peer.id(), its.workload, Slot(0));
        let made = promised(&mut its.stranger, body);
        (its.stranger.id(), told(made.signed().clone()))
    }),
    ("an acceptance of another's offer", Fault::NotForMe, |its| {
        let body = Body::Accept(Accept {
            workload: its.workload,
            intent: its.other_intent,
            offer: its.theirs.id(),
        });
        let made = promised(&mut its.stranger, body);
        (its.stranger.id(), told(made.signed().clone()))
    }),
    ("a dismissal by another", Fault::NotForMe, |its| {
        let offers = BoundedSet::new([its.mine.version]).expect("one");
        (
            its.stranger.id(),
            Frame::Dismissal(Dismissal {
                epoch: BootEpoch(1),
                offers,
            }),
        )
    }),
    ("an inquiry by another", Fault::NotForMe, |its| {
        let offers = BoundedSet::new([its.mine.version]).expect("one");
        (
            its.stranger.id(),
            Frame::Inquiry(Inquiry {
                epoch: BootEpoch(1),
                number: 1,
                offers,
            }),
        )
    }),
    ("a claim to what it does not keep", Fault::NotForMe, |its| {
        let asks = TenancyWord::Asks(its.stranger.stamp());
        (its.stranger.id(), tenancy(its.workload, asks))
    }),
    ("an answer to no claim", Fault::Unasked, |its| {
        let keepers = Configuration::new(ConfigurationEpoch::FIRST, [its.stranger.id()]);
        let grants = TenancyWord::Grants {
            asked: its.stranger.stamp(),
            keepers: keepers.expect("one"),
        };
        (its.stranger.id(), tenancy(its.workload, grants))
    }),
    ("a release of nothing", Fault::Gone, |its| {
        (
            its.stranger.id(),
            tenancy(its.workload, TenancyWord::Releases),
        )
    }),
    ("what another hosts for somebody", Fault::NotTheirs, |its| {
        let bound = Bound {
            asked_in: BootEpoch(1),
            answers: 1,
            offer: its.theirs.signed().clone(),
            acceptance: its.acceptance.signed().clone(),
        };
        (its.stranger.id(), Frame::Bound(bound.into()))
    }),
    (
        "two halves that are of two things",
        Fault::Mismatch,
        |its| {
            let bound = Bound {
                asked_in: BootEpoch(1),
                answers: 1,
                offer: its.theirs.signed().clone(),
                acceptance: its.acceptance.signed().clone(),
            };
            (its.peer.id(), Frame::Bound(bound.into()))
        },
    ),
    (
        "what is bound and nobody asked after",
        Fault::Unasked,
        |its| {
            let bound = bound(its.workload, &mut its.peer, &mut its.stranger);
            (its.peer.id(), Frame::Bound(bound.into()))
        },
    ),
    ("an offer that nobody asked for", Fault::Unasked, |its| {
        let body = host(its.me.id(), its.workload, Slot(0));
        let made = promised(&mut its.stranger, body);
        (its.stranger.id(), told(made.signed().clone()))
    }),
    ("an offer for what is not kept", Fault::Unasked, |its| {
        let body = host(its.me.id(), its.other, Slot(0));
        let made = promised(&mut its.stranger, body);
        (its.stranger.id(), told(made.signed().clone()))
    }),
    ("a refusal of what is not kept", Fault::Unasked, |its| {
        let refusal = Refusal {
            intent: its.other_intent,
            workload: its.other,
            slots: BoundedSet::new([Slot(0)]).expect("one"),
            why: Why::Declined,
        };
        (its.stranger.id(), Frame::Refusal(refusal))
    }),
    ("an absence of who hosts nothing", Fault::Unasked, |its| {
        let version = its.stranger.stamp();
        let notice = Notice::from_ms(1_000).expect("a second");
        let absence = Absence { version, notice };
        (its.stranger.id(), Frame::Absence(absence))
    }),
    ("an offer asked for in another life", Fault::Stale, |its| {
        let Body::Host(mut host) = host(its.me.id(), its.workload, Slot(0)) else {
            unreachable!("it is an offer");
        };
        host.asked_in = BootEpoch(7);
        let made = promised(&mut its.stranger, Body::Host(host));
        (its.stranger.id(), told(made.signed().clone()))
    }),
    ("an offer of an earlier generation", Fault::Stale, |its| {
        its.update();
        let body = host(its.me.id(), its.workload, Slot(0));
        let made = promised(&mut its.stranger, body);
        (its.stranger.id(), told(made.signed().clone()))
    }),
    ("a refusal of an earlier generation", Fault::Stale, |its| {
        let refusal = Refusal {
            intent: its.other_intent,
            workload: its.workload,
            slots: BoundedSet::new([Slot(0)]).expect("one"),
            why: Why::Declined,
        };
        (its.peer.id(), Frame::Refusal(refusal))
    }),
    ("a renewal of an earlier start", Fault::Stale, |its| {
        let sequence = Sequence::new(99).expect("not zero");
        let version = Version {
            epoch: BootEpoch(0),
            sequence,
        };
        (its.peer.id(), Frame::Renewal(nothing_at(version)))
    }),
    ("a renewal once more", Fault::Replay, |its| {
        (its.peer.id(), Frame::Renewal(nothing_at(its.renewed)))
    }),
    ("an offer once more", Fault::Replay, |its| {
        (its.peer.id(), told(its.theirs.signed().clone()))
    }),
    ("an acceptance once more", Fault::Replay, |its| {
        (its.peer.id(), told(its.acceptance.signed().clone()))
    }),
    (
        "a denial from before the last renewal",
        Fault::Replay,
        |its| {
            let version = its.theirs.version();
            let (of, failure) = (version, Failure::Start);
            let denial = Denial {
                version,
                of,
                failure,
            };
            (its.peer.id(), Frame::Denial(denial))
        },
    ),
    ("an offer whose withdrawal came first", Fault::Gone, |its| {
        let body = host(its.me.id(), its.workload, Slot(0));
        let made = promised(&mut its.peer, body);
        let withdrawn = its.peer.withdraw(&made, Reason::Surplus, &WireCodec);
        let withdrawn = withdrawn.expect("it is their own").signed().clone();
        its.me.handle_frame(its.now, its.peer.id(), told(withdrawn));
        drain(&mut its.me);
        (its.peer.id(), told(made.signed().clone()))
    }),
    ("a denial of what another promised", Fault::Gone, |its| {
        let version = its.stranger.stamp();
        let (of, failure) = (its.theirs.version(), Failure::Start);
        let denial = Denial {
            version,
            of,
            failure,
        };
        (its.stranger.id(), Frame::Denial(denial))
    }),
    (
        "a withdrawal of what was never promised",
        Fault::Gone,
        |its| {
            let made = promised(&mut its.stranger, Body::Admit);
            let withdrawn = its.stranger.withdraw(&made, Reason::Unstated, &WireCodec);
            let withdrawn = withdrawn.expect("it is their own");
            (its.stranger.id(), told(withdrawn.signed().clone()))
        },
    ),
    ("a dismissal of what does not stand", Fault::Gone, |its| {
        let offers = BoundedSet::new([never()]).expect("one");
        (
            its.peer.id(),
            Frame::Dismissal(Dismissal {
                epoch: BootEpoch(1),
                offers,
            }),
        )
    }),
    ("an acceptance of what does not stand", Fault::Gone, |its| {
        let version = never();
        let offer = PromiseId {
            promiser: its.me.id(),
            version,
        };
        let body = Body::Accept(Accept {
            workload: its.other,
            intent: its.other_intent,
            offer,
        });
        let made = promised(&mut its.peer, body);
        (its.peer.id(), told(made.signed().clone()))
    }),
    ("an offer of less than is needed", Fault::Mismatch, |its| {
        its.update();
        let (little, lease) = (MEBIBYTE / 2, 10_000);
        (its.peer.id(), its.offer_anew(little, lease))
    }),
    (
        "an offer that stands for too long by itself",
        Fault::Mismatch,
        |its| {
            its.update();
            let (enough, long) = (MEBIBYTE, 10_001);
            (its.peer.id(), its.offer_anew(enough, long))
        },
    ),
    (
        "an invitation for a slot that the intent does not have",
        Fault::Mismatch,
        |its| {
            let invitation =
                Invitation::new(its.intent.clone(), BootEpoch(1), [Slot(1)]).expect("one");
            (its.peer.id(), Frame::Invitation(invitation))
        },
    ),
];

/// A version of which nobody has said anything.
fn never() -> Version {
    let sequence = Sequence::new(99).expect("not zero");
    Version {
        epoch: BootEpoch(1),
        sequence,
    }
}

fn nothing_at(version: Version) -> Renewal {
    Renewal {
        version,
        offered: Offers::default(),
        bound: Offers::default(),
        by_others: Offers::default(),
        idle: BoundedSet::default(),
        ends_within: None,
    }
}

#[test]
fn what_another_has_bound_is_asked_after_and_taken_while_it_can_be_an_answer() {
    for (late, is_taken) in [
        (ANSWERS_INQUIRY_WITHIN, true),
        (2 * ANSWERS_INQUIRY_WITHIN, false),
    ] {
        let mut its = Scene::new();
        let (from, (bound, _)) = (its.stranger.id(), its.asked_after());
        let later = its.now.after(late);
        // What it slept through would not count.
        while let Some(due_at) = its.me.poll_timeout().filter(|at| *at <= later) {
            its.me.handle_timeout(due_at);
            drain(&mut its.me);
        }
        its.me.handle_frame(later, from, Frame::Bound(bound.into()));
        let refused = its.me.counters().of(Fault::Unasked);
        assert_eq!(refused, u64::from(!is_taken), "after {late:?}");
    }
}

#[test]
fn what_answers_an_earlier_inquiry_is_not_taken_for_an_answer_to_the_last() {
    let mut its = Scene::new();
    let (from, (bound, _)) = (its.stranger.id(), its.asked_after());
    let answers = [
        (bound.asked_in, bound.answers - 1),
        (BootEpoch(0), bound.answers),
    ];
    for (asked_in, answers) in answers {
        let earlier = Bound {
            asked_in,
            answers,
            ..bound.clone()
        };
        let before = its.me.counters().of(Fault::Unasked);
        its.me
            .handle_frame(its.now, from, Frame::Bound(earlier.into()));
        assert_eq!(its.me.counters().of(Fault::Unasked), before + 1);
    }
    let offer = offer_of(&bound);
    assert_eq!(its.holds(offer), None);
    its.me
        .handle_frame(its.now, from, Frame::Bound(bound.into()));
    assert_eq!(its.holds(offer), Some(Value::Kept));
}

#[test]
fn what_a_host_said_before_its_hosting_was_asked_after_is_no_news() {
    let mut its = Scene::new();
    let (from, (bound, between)) = (its.stranger.id(), its.asked_after());
    let offer = offer_of(&bound);
    its.me
        .handle_frame(its.now, from, Frame::Bound(bound.into()));
    // Both come late.
    let denial = Denial {
        failure: Failure::Unstated,
        version: between,
        of: offer,
    };
    let nothing = nothing_at(between);
    for frame in [Frame::Denial(denial), Frame::Renewal(nothing)] {
        let before = its.me.counters().of(Fault::Replay);
        its.me.handle_frame(its.now, from, frame);
        assert_eq!(its.me.counters().of(Fault::Replay), before + 1);
        assert_eq!(its.holds(offer), Some(Value::Kept));
    }
}

#[test]
fn whatever_is_refused_is_counted_with_its_reason_and_moves_nothing() {
    for (what, fault, bad) in BAD {
        let mut scene = Scene::new();
        let (from, frame) = bad(&mut scene);
        let (state, before) = (scene.state(), scene.me.counters().of(*fault));
        let all: u64 = scene.me.counters().iter().map(|(_, count)| count).sum();
        scene.me.handle_frame(scene.now, from, frame);
        let counted = scene.me.counters();
        assert_eq!(counted.of(*fault), before + 1, "{what}: {counted:?}");
        let sum: u64 = counted.iter().map(|(_, count)| count).sum();
        assert_eq!(sum, all + 1, "{what}: {counted:?}");
        assert_eq!(scene.state(), state, "{what}");
        assert!(scene.me.poll_order().is_none(), "{what}");
        // Whoever offers what is not used is told so; nobody else hears anything.
        let said = drain(&mut scene.me);
        let is_harmless =
            |its: &Transmit| matches!(its.frame, Frame::Dismissal(_)) && its.to == from;
        assert!(said.iter().all(is_harmless), "{what}: {said:?}");
    }
}

#[test]
fn an_acceptance_that_does_not_match_binds_nothing() {
    let mut scene = Scene::new();
    let withdrawn = scene
        .peer
        .withdraw(&scene.acceptance, Reason::Unstated, &WireCodec);
    let withdrawn = withdrawn.expect("it is their own").signed().clone();
    scene
        .me
        .handle_frame(scene.now, scene.peer.id(), told(withdrawn));
    drain(&mut scene.me);
    scene
        .me
        .handle_report(scene.now, HostReport::Stopped { offer: scene.mine });

    let mut owner = promiser(5);
    let founding = promised(&mut owner, Body::Use(Box::new(wanted(1))));
    let invitation =
        Invitation::new(founding.signed().clone(), BootEpoch(1), [Slot(0)]).expect("one");
    scene
        .me
        .handle_frame(scene.now, scene.peer.id(), Frame::Invitation(invitation));
    let offer = offers(&drain(&mut scene.me)).remove(0);
    let body = Body::Accept(Accept {
        workload: founding.workload().expect("it founds one"),
        intent: founding.id(),
        offer,
    });
    // By another than it was made to.
    let made = promised(&mut scene.stranger, body);
    scene
        .me
        .handle_frame(scene.now, scene.stranger.id(), told(made.signed().clone()));
    assert_eq!(scene.me.counters().of(Fault::Mismatch), 1);
    assert_eq!(scene.me.hosted(), (1, 0));
    assert!(scene.me.poll_order().is_none());
}

#[test]
fn whoever_accepts_what_is_no_news_is_told_once_what_stands() {
    let mut scene = Scene::new();
    let body = |version| {
        Body::Accept(Accept {
            workload: scene.other,
            intent: scene.other_intent,
            offer: PromiseId {
                promiser: scene.me.id(),
                version,
            },
        })
    };
    let accepted = [never(), scene.mine.version].map(body);
    let mut told_by = BTreeMap::new();
    for who in [&mut scene.peer, &mut scene.stranger] {
        for body in &accepted {
            let made = promised(who, body.clone());
            let frame = told(made.signed().clone());
            scene.me.handle_frame(scene.now, who.id(), frame);
        }
    }
    assert_eq!(drain(&mut scene.me), [], "answers wait for one another");
    let due_at = scene.me.poll_timeout().expect("answers are owed");
    scene.me.handle_timeout(due_at);
    for Transmit { to, frame } in drain(&mut scene.me) {
        let Frame::Renewal(renewal) = frame else {
            panic!("a renewal, not {frame:?}");
        };
        let bound: Vec<Version> = renewal.bound.iter().copied().collect();
        assert_eq!(
            (told_by.insert(to, bound), renewal.offered.len()),
            (None, 0)
        );
    }
    let stands = [
        (scene.peer.id(), vec![scene.mine.version]),
        (scene.stranger.id(), vec![]),
    ];
    assert_eq!(told_by, BTreeMap::from(stands));
}
