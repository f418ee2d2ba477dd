//! The conversation of a deploy, through the public door alone: what a neighbour of this crate can
//! say, and what it learns from it.

use std::{cell::RefCell, collections::BTreeMap, fmt::Debug, time::Duration};

use gary_promise::{
    Accept, AgentKey, Bid, Binding, Body, BootEpoch, Broken, Capacity, ClusterId, Codec,
    ComponentDigest, Condition, Consider, Evidence, Generation, Host, Interfaces, Judgement, Kept,
    Labels, Lease, Lineage, Mode, Needs, Observer, Pace, Portion, Promise, Promiser, Reason,
    Record, Resources, Routes, Scope, Signed, Slot, Spec, Spread, Standing, Submitters, Time, Use,
    Valency, Verified, Verifier, Withdrawal, Word,
};

const CLUSTER: ClusterId = ClusterId::from_bytes([0xc1; 32]);

/// Stands in for the wire: it knows what it packed.
struct Book<T>(RefCell<BTreeMap<Vec<u8>, T>>);

impl<T: Clone + Debug> Codec<T> for Book<T> {
    type Error = std::fmt::Error;

    fn pack(&self, value: &T) -> Vec<u8> {
        let bytes = format!("{value:?}").into_bytes();
        self.0.borrow_mut().insert(bytes.clone(), value.clone());
        bytes
    }

    fn unpack(&self, bytes: &[u8]) -> Result<T, std::fmt::Error> {
        self.0.borrow().get(bytes).cloned().ok_or(std::fmt::Error)
    }
}

fn promiser(seed: u8) -> Promiser {
    Promiser::new(AgentKey::from_seed(&[seed; 32]), CLUSTER, BootEpoch(1))
}

fn capacity() -> Capacity {
    Capacity {
        resources: Resources::new(4_000_000, 1 << 30).expect("a small machine"),
        labels: Labels::default(),
        architecture: "aarch64".parse().expect("an architecture"),
        interfaces: Interfaces::new(["wasi:http/types@0.2.12".parse().expect("an interface")])
            .expect("one"),
    }
}

fn intent() -> Use {
    let imports = ["wasi:http/types@0.2.3".parse().expect("an interface")];
    Use {
        lineage: Lineage::Founds,
        name: "hello".parse().expect("a name"),
        component: ComponentDigest::from_bytes([7; 32]),
        valency: Valency::new(3).expect("few"),
        is_stopped: false,
        exclusive: false,
        mode: Mode::Service,
        needs: Needs {
            portion: Portion::new(100_000, 64 << 20).expect("something of both"),
            labels: Labels::default(),
            architecture: None,
            interfaces: Interfaces::new(imports).expect("one"),
        },
        spread: Spread::default(),
        routes: Routes::new(["hello.localhost".parse().expect("a route")]).expect("one"),
        updaters: Submitters::AnyClient,
        spec: Spec::new(b"").expect("short"),
        pace: Pace::default(),
    }
}

/// What a peer makes of a promise that came over the network.
fn received(signed: &Signed<Promise>, book: &Book<Promise>) -> Verified<Promise> {
    let came = Signed::claimed(signed.by(), signed.bytes(), *signed.signature());
    let verified = Verifier::new(CLUSTER, 0).verify(came, book);
    verified.expect("it is genuine")
}

#[test]
fn an_intent_is_hosted_renewed_and_withdrawn() {
    let promises = Book(RefCell::new(BTreeMap::new()));
    let withdrawals = Book::<Withdrawal>(RefCell::new(BTreeMap::new()));
    let none = Condition::default;
    let [mut owner, mut keeper, mut host] = [1, 2, 3].map(promiser);

    // The host says what it has and whose submissions it looks at, to everyone.
    let has = host.promise(Body::Capacity(capacity().into()), none(), &promises);
    let has = received(has.expect("short").signed(), &promises);
    let submitters = Submitters::AnyClient;
    let considers = host.promise(Body::Consider(Consider { submitters }), none(), &promises);
    assert_eq!(considers.expect("short").scope(), Scope::Everyone);

    // The owner deploys. Its intent founds a workload, whose details are for its own.
    let wants = owner.promise(Body::Use(Box::new(intent())), none(), &promises);
    let wants = received(wants.expect("short").signed(), &promises);
    let workload = wants.workload().expect("it founds one");
    assert_eq!(wants.scope(), Scope::Workload(workload));

    // A keeper finds that the host's capacity fits, and the host knows that it has room for it.
    let (Body::Capacity(capacity), Body::Use(intent)) = (has.body(), wants.body()) else {
        panic!("these are their types");
    };
    assert_eq!(capacity.fits(&intent.needs), Ok(()));
    assert_eq!(
        capacity.resources.valency_for(intent.needs.portion).get(),
        16
    );

    // The host offers more than is needed; the keeper accepts; the overlap is in force.
    let offer = Host {
        promisee: keeper.id(),
        asked_in: BootEpoch(1),
        workload,
        generation: Generation::FIRST,
        slot: Slot(0),
        portion: Portion::new(200_000, 64 << 20).expect("something of both"),
        bid: Bid(1),
        besides: 0,
        lease: Lease::from_ms(10_000).expect("legal"),
    };
    let own_offer = host.promise(Body::Host(offer), none(), &promises);
    let own_offer = own_offer.expect("short");
    let offer = received(own_offer.signed(), &promises);
    let accept = Accept {
        workload,
        intent: wants.id(),
        offer: offer.id(),
    };
    let accepts = keeper.promise(Body::Accept(accept), none(), &promises);
    let accepts = accepts.expect("short");
    let binding = Binding::of(&wants, &offer, &accepts).expect("all three match");
    assert_eq!(binding.enforced(), intent.needs.portion);

    // The keeper assesses what it depends on.
    let at = |s: u64| Time::from_us(s * 1_000_000);
    let observer = Observer::new(&keeper, Duration::from_secs(6));
    let judged = |evidence: &Evidence, now: Time| {
        let assessment = observer.assess(&offer, evidence, |_| true, now);
        assessment.expect("it has no condition").judgement()
    };
    let heard = Evidence::heard(Word::Renewal, offer.version(), at(0));
    let renewed = heard.join(Evidence::heard(Word::Renewal, host.stamp(), at(4)));
    assert_eq!(
        judged(&renewed, at(9)),
        Judgement::Kept(Kept::Renewed { at: at(4) })
    );
    assert_eq!(
        judged(&renewed, at(14)),
        Judgement::Broken(Broken::Expired { at: at(14) })
    );

    // The host withdraws, and it does not matter which record comes first.
    let withdrawal = host.withdraw(&own_offer, Reason::Leaving, &withdrawals);
    let withdrawal = Record::Withdrawal(withdrawal.expect("short").into_verified());
    let withdrawn: Vec<Standing> = withdrawal.standings().collect();
    let made: Vec<Standing> = Record::Promise(offer).standings().collect();
    let mut standing = withdrawn[0].clone();
    assert!(!standing.join(made[0].clone()));
    assert_eq!(standing.promise(), None);
    assert_eq!(standing.withdrawn_by(), Some(&withdrawal));
}
