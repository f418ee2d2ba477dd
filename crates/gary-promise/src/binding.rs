//! What is in force when a gift is accepted.

use crate::{
    Accept, AgentId, BindingError, Body, Generation, Host, Lease, Part, Portion, Promise,
    PromiseId, Slot, Use, Verified, WorkloadId,
};

/// A hosting in force: an offer, and the acceptance that counts it against an intent.
///
/// There is none on one half alone. What it enforces is the overlap of what is offered and what is
/// used, and never exceeds either. It says nothing of whether its halves still stand: whoever asks
/// after that asks for their [`Standing`](crate::Standing).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    id: BindingId,
    intent: PromiseId,
    workload: WorkloadId,
    generation: Generation,
    slot: Slot,
    enforced: Portion,
    lease: Lease,
}

/// Which binding: the records of its two halves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BindingId {
    /// The offer, of the host.
    pub offer: PromiseId,
    /// The acceptance, of the keeper.
    pub acceptance: PromiseId,
}

impl Binding {
    /// Binds an offer to an intent by an acceptance. Whether the acceptor is a keeper of the
    /// workload, the caller knows.
    ///
    /// # Errors
    ///
    /// The first thing that does not match.
    pub fn of(
        intent: &Verified<Promise>,
        offer: &Verified<Promise>,
        acceptance: &Verified<Promise>,
    ) -> Result<Self, BindingError> {
        let (workload, wanted) = as_intent(intent)?;
        let offered = as_offer(offer)?;
        let accepted = as_acceptance(acceptance)?;
        check_halves(intent, offer, acceptance.by(), offered, accepted)?;
        check_workload(Part::Offer, offered.workload, workload)?;
        check_workload(Part::Acceptance, accepted.workload, workload)?;

        let generation = wanted.lineage.generation();
        if offered.generation != generation {
            return Err(BindingError::OtherGeneration {
                offered: offered.generation,
                intended: generation,
            });
        }
        if !wanted.valency.has(offered.slot) {
            return Err(BindingError::NoSlot { slot: offered.slot });
        }
        Ok(Self {
            id: BindingId {
                offer: offer.id(),
                acceptance: acceptance.id(),
            },
            intent: intent.id(),
            workload,
            generation,
            slot: offered.slot,
            enforced: offered.portion.overlap(wanted.needs.portion),
            lease: offered.lease,
        })
    }

    /// Which binding it is.
    pub const fn id(&self) -> BindingId {
        self.id
    }

    /// The intent it serves.
    pub const fn intent(&self) -> PromiseId {
        self.intent
    }

    /// The agent that hosts.
    pub const fn host(&self) -> AgentId {
        self.id.offer.promiser
    }

    /// The agent that accepted.
    pub const fn keeper(&self) -> AgentId {
        self.id.acceptance.promiser
    }

    /// The workload that is hosted.
    pub const fn workload(&self) -> WorkloadId {
        self.workload
    }

    /// The generation of it.
    pub const fn generation(&self) -> Generation {
        self.generation
    }

    /// The slot of it.
    pub const fn slot(&self) -> Slot {
        self.slot
    }

    /// What the hosting gets and may not exceed.
    pub const fn enforced(&self) -> Portion {
        self.enforced
    }

    /// How long it holds without being renewed by the host.
    pub const fn lease(&self) -> Lease {
        self.lease
    }
}

fn as_intent(promise: &Verified<Promise>) -> Result<(WorkloadId, &Use), BindingError> {
    match (promise.body(), promise.workload()) {
        (Body::Use(intent), Some(workload)) => Ok((workload, intent)),
        _ => Err(not_a(Part::Intent, promise)),
    }
}

fn as_offer(promise: &Verified<Promise>) -> Result<&Host, BindingError> {
    match promise.body() {
        Body::Host(host) => Ok(host),
        _ => Err(not_a(Part::Offer, promise)),
    }
}

fn as_acceptance(promise: &Verified<Promise>) -> Result<&Accept, BindingError> {
    match promise.body() {
        Body::Accept(accept) => Ok(accept),
        _ => Err(not_a(Part::Acceptance, promise)),
    }
}

fn not_a(wanted: Part, promise: &Verified<Promise>) -> BindingError {
    BindingError::Type {
        promise: promise.id(),
        found: promise.body().notation(),
        wanted,
    }
}

/// Whether the acceptance is of this offer, counts it against this intent, and was the acceptor's to
/// give.
fn check_halves(
    intent: &Verified<Promise>,
    offer: &Verified<Promise>,
    acceptor: AgentId,
    offered: &Host,
    accepted: &Accept,
) -> Result<(), BindingError> {
    if accepted.offer != offer.id() {
        return Err(BindingError::OtherOffer {
            accepted: accepted.offer,
            offer: offer.id(),
        });
    }
    if accepted.intent != intent.id() {
        return Err(BindingError::OtherIntent {
            accepted: accepted.intent,
            intent: intent.id(),
        });
    }
    if offered.promisee != acceptor {
        return Err(BindingError::OtherPromisee {
            promisee: offered.promisee,
            acceptor,
        });
    }
    Ok(())
}

fn check_workload(part: Part, found: WorkloadId, intended: WorkloadId) -> Result<(), BindingError> {
    if found != intended {
        return Err(BindingError::OtherWorkload {
            part,
            found,
            intended,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        Generation, Own,
        testing::{Agent, acceptance, intent, offer, portions},
    };

    /// An owner, a keeper, a host, and what they say to each other.
    struct Deploy {
        keeper: Agent,
        host: Agent,
        intent: Own<Promise>,
        offer: Own<Promise>,
        acceptance: Own<Promise>,
    }

    impl Deploy {
        fn new(valency: u32, wanted: Portion, offered: Portion) -> Self {
            Self::with(valency, wanted, offered, |_| {})
        }

        /// With the offer changed before it is made.
        fn with(
            valency: u32,
            wanted: Portion,
            offered: Portion,
            change: impl FnOnce(&mut Host),
        ) -> Self {
            let [mut owner, mut keeper, mut host] = [1, 2, 3].map(Agent::new);
            let intent = owner.promise(Body::Use(Box::new(intent(valency, wanted))));
            let workload = intent.workload().expect("it founds one");
            let mut offered = offer_of(&keeper, workload, offered);
            change(&mut offered);
            let offer = host.promise(Body::Host(offered));
            let acceptance = keeper.promise(Body::Accept(acceptance(&intent, offer.id())));
            Self {
                keeper,
                host,
                intent,
                offer,
                acceptance,
            }
        }

        fn bind(&self) -> Result<Binding, BindingError> {
            Binding::of(&self.intent, &self.offer, &self.acceptance)
        }
    }

    fn offer_of(keeper: &Agent, workload: WorkloadId, portion: Portion) -> Host {
        offer(keeper.id(), workload, portion)
    }

    fn portion(cpu: u64, memory: u64) -> Portion {
        Portion::new(cpu, memory).expect("something of both")
    }

    fn small() -> Portion {
        portion(1, 1)
    }

    #[test]
    fn both_halves_bind_to_their_overlap() {
        let deploy = Deploy::new(1, portion(100, 64), portion(200, 32));
        let binding = deploy.bind().expect("they match");
        assert_eq!(binding.enforced(), portion(100, 32));
        assert_eq!(binding.host(), deploy.host.id());
        assert_eq!(binding.keeper(), deploy.keeper.id());
        assert_eq!(binding.id().offer, deploy.offer.id());
        assert_eq!(Some(binding.workload()), deploy.intent.workload());
    }

    #[test]
    fn one_half_alone_binds_nothing() {
        let Deploy {
            intent,
            offer,
            acceptance,
            ..
        } = Deploy::new(1, small(), small());
        for (parts, wanted, found) in [
            ([&offer, &offer, &acceptance], Part::Intent, "+host"),
            ([&intent, &acceptance, &acceptance], Part::Offer, "-host"),
            ([&intent, &offer, &offer], Part::Acceptance, "+host"),
            ([&intent, &offer, &intent], Part::Acceptance, "-use"),
        ] {
            let error = Binding::of(parts[0], parts[1], parts[2]).expect_err("a half is missing");
            assert!(
                matches!(&error, BindingError::Type { wanted: w, found: f, .. } if *w == wanted && *f == found),
                "{error}"
            );
        }
    }

    #[test]
    fn what_is_about_something_else_does_not_bind() {
        let mut deploy = Deploy::new(1, small(), small());
        let workload = deploy.intent.workload().expect("it founds one");
        let elsewhere = WorkloadId::from_bytes([9; 16]);
        let second = deploy.host.promise(deploy.offer.body().clone());
        let error = Binding::of(&deploy.intent, &second, &deploy.acceptance);
        assert!(matches!(error, Err(BindingError::OtherOffer { .. })));

        let same_again = Agent::new(4).promise(deploy.intent.body().clone());
        let error = Binding::of(&same_again, &deploy.offer, &deploy.acceptance);
        assert!(matches!(error, Err(BindingError::OtherIntent { .. })));

        let astray = Accept {
            workload: elsewhere,
            ..acceptance(&deploy.intent, deploy.offer.id())
        };
        deploy.acceptance = deploy.keeper.promise(Body::Accept(astray));
        let error = deploy.bind().expect_err("about something else");
        assert_eq!(
            error,
            BindingError::OtherWorkload {
                part: Part::Acceptance,
                found: elsewhere,
                intended: workload
            }
        );

        let deploy = Deploy::with(1, small(), small(), |host| host.workload = elsewhere);
        let error = deploy.bind().expect_err("about something else");
        assert!(matches!(
            error,
            BindingError::OtherWorkload {
                part: Part::Offer,
                ..
            }
        ));

        let second = Generation::new(2).expect("not zero");
        let deploy = Deploy::with(1, small(), small(), |host| host.generation = second);
        let error = deploy.bind().expect_err("of another generation");
        assert_eq!(
            error.to_string(),
            "the offer is for generation 2 and the intent of 1"
        );

        let error = Deploy::with(3, small(), small(), |host| host.slot = Slot(3)).bind();
        assert_eq!(error, Err(BindingError::NoSlot { slot: Slot(3) }));
    }

    #[test]
    fn only_whom_it_was_made_to_accepts_an_offer() {
        let mut deploy = Deploy::new(1, small(), small());
        let mut stranger = Agent::new(5);
        let accept = Body::Accept(acceptance(&deploy.intent, deploy.offer.id()));
        deploy.acceptance = stranger.promise(accept);
        assert_eq!(
            deploy.bind(),
            Err(BindingError::OtherPromisee {
                promisee: deploy.keeper.id(),
                acceptor: stranger.id(),
            })
        );
    }

    proptest! {
        #[test]
        fn what_is_enforced_never_exceeds_either_half(
            (wanted, offered) in (portions(), portions()),
        ) {
            let binding = Deploy::new(1, wanted, offered).bind().expect("they match");
            let enforced = binding.enforced().resources();
            prop_assert!(wanted.resources().covers(enforced));
            prop_assert!(offered.resources().covers(enforced));
        }

        #[test]
        fn no_more_bind_than_the_valency(valency in 0..5_u32, slot in 0..10_u32) {
            let deploy = Deploy::with(valency, small(), small(), |host| host.slot = Slot(slot));
            prop_assert_eq!(deploy.bind().is_ok(), slot < valency);
        }
    }
}
