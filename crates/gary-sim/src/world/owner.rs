//! A person who deploys.

use gary_promise::{
    AgentId, AgentKey, Body, BootEpoch, BoundedSet, ClusterId, Condition, Generation, Lineage,
    Needs, Promise, PromiseId, Promiser, Reason, Requirement, Signed, Update, Use, Valency,
    Verified, Withdrawal, WorkloadId, WorkloadName,
};

use super::act::Submission;
use super::node::NodeNo;
use gary_wire::WireCodec;

/// A person with a key, who signs what they intend and nothing else.
#[derive(Debug)]
pub(super) struct Owner {
    promiser: Promiser,
    /// What the names of its workloads begin with.
    named: String,
    deployed: Vec<Deployed>,
}

/// A workload, as its owner knows it.
#[derive(Debug)]
struct Deployed {
    workload: WorkloadId,
    keeper: NodeNo,
    wanted: Use,
    condition: Condition,
    is_deleted: bool,
    /// All that the owner has ever signed of it, the first first.
    signed: Vec<Signed<Promise>>,
}

impl Owner {
    pub(super) fn new(key: AgentKey, cluster: ClusterId, epoch: BootEpoch, number: usize) -> Self {
        Self {
            promiser: Promiser::new(key, cluster, epoch),
            named: format!("p{}", number + 1),
            deployed: Vec::new(),
        }
    }

    pub(super) const fn id(&self) -> AgentId {
        self.promiser.id()
    }

    /// Signs what is submitted, and says which node it goes to. `None` where there is nothing to update.
    pub(super) fn sign(
        &mut self,
        what: &Submission,
        to: NodeNo,
    ) -> Option<(Signed<Promise>, NodeNo)> {
        match what {
            Submission::Founds(wanted) => self.found((**wanted).clone(), Condition::default(), to),
            Submission::FoundsAgain { nth, wanted } => {
                let name = self.deployed.get(*nth)?.wanted.name.clone();
                self.found_as(name, (**wanted).clone(), Condition::default(), to)
            }
            Submission::FoundsIf {
                wanted,
                needed,
                needed_at,
            } => {
                let (needed, _) =
                    self.found((**needed).clone(), Condition::default(), *needed_at)?;
                let needed = PromiseId {
                    promiser: needed.by(),
                    version: self.promiser.last()?,
                };
                let requirements = BoundedSet::new([Requirement::Promised(needed)]).ok()?;
                self.found((**wanted).clone(), Condition { requirements }, to)
            }
            Submission::Updates {
                nth,
                valency,
                component,
            } => {
                let valency = valency.map(Valency::new).transpose().ok()?;
                self.update(*nth, |wanted| {
                    wanted.valency = valency.unwrap_or(wanted.valency);
                    wanted.component = component.unwrap_or(wanted.component);
                })
            }
            Submission::AsksAnew { nth, needs } => {
                self.update(*nth, |wanted| wanted.needs = Needs::clone(needs))
            }
            // It takes two: the one who signs, and the one whose it is.
            Submission::Meddles { .. } => None,
            Submission::Repeats { nth, is_first } => {
                let deployed = self.deployed.get(*nth)?;
                // Who has deleted it means that. What becomes of an old submission that comes after a
                // deletion, tombstones decide, which come with custody.
                if deployed.is_deleted {
                    return None;
                }
                let signed = match is_first {
                    true => deployed.signed.first()?,
                    false => deployed.signed.last()?,
                };
                Some((signed.clone(), deployed.keeper))
            }
        }
    }

    fn update(
        &mut self,
        nth: usize,
        change: impl FnOnce(&mut Use),
    ) -> Option<(Signed<Promise>, NodeNo)> {
        let deployed = self.deployed.get(nth)?;
        let mut wanted = deployed.wanted.clone();
        let generation = wanted.lineage.generation().next()?;
        change(&mut wanted);
        let update = Update::new(deployed.workload, generation).ok()?;
        wanted.lineage = Lineage::Updates(update);
        let condition = deployed.condition.clone();
        let (_, signed) = self.promise(wanted.clone(), condition)?;
        let deployed = self.deployed.get_mut(nth)?;
        deployed.is_deleted |= wanted.valency == Valency::NONE;
        deployed.wanted = wanted;
        deployed.signed.push(signed.clone());
        Some((signed, deployed.keeper))
    }

    /// The submission of this generation was refused, or nobody knows what became of it: the next is signed
    /// for the generation after the one that is known to be kept.
    pub(super) fn knows(&mut self, workload: WorkloadId, kept: Generation) {
        for deployed in &mut self.deployed {
            if deployed.workload == workload {
                // Only the first generation is no update.
                deployed.wanted.lineage =
                    Update::new(workload, kept).map_or(Lineage::Founds, Lineage::Updates);
            }
        }
    }

    /// What another owner would need to know to change a workload: the latest intent, and where it is kept.
    pub(super) fn shows(&self, nth: usize) -> Option<(WorkloadId, Use, NodeNo)> {
        let deployed = self.deployed.get(nth)?;
        let wanted = deployed.wanted.clone();
        (!deployed.is_deleted).then_some((deployed.workload, wanted, deployed.keeper))
    }

    /// Signs a change of what another owner deployed.
    pub(super) fn meddle(
        &mut self,
        workload: WorkloadId,
        mut wanted: Use,
        valency: u32,
    ) -> Option<Signed<Promise>> {
        let generation = wanted.lineage.generation().next()?;
        wanted.valency = Valency::new(valency).ok()?;
        wanted.lineage = Lineage::Updates(Update::new(workload, generation).ok()?);
        let (_, signed) = self.promise(wanted, Condition::default())?;
        Some(signed)
    }

    /// Signs what was known to stand of a workload for this generation, to have it recovered.
    pub(super) fn recover(
        &mut self,
        stands: &Verified<Promise>,
        next: Generation,
    ) -> Option<Signed<Promise>> {
        let (Body::Use(wanted), Some(workload)) = (stands.body(), stands.workload()) else {
            return None;
        };
        let mut wanted = Use::clone(wanted);
        wanted.lineage = Lineage::Updates(Update::new(workload, next).ok()?);
        let condition = stands.condition().clone();
        let (_, signed) = self.promise(wanted, condition)?;
        self.knows(workload, next);
        Some(signed)
    }

    /// Takes one of its intents back, which is pending somewhere.
    pub(super) fn withdraw(&mut self, intent: Verified<Promise>) -> Option<Signed<Withdrawal>> {
        let own = self.promiser.recognise(intent).ok()?;
        let withdrawn = self.promiser.withdraw(&own, Reason::Unstated, &WireCodec);
        Some(withdrawn.ok()?.signed().clone())
    }

    /// Founds a workload, each under a name of its own.
    fn found(
        &mut self,
        wanted: Use,
        condition: Condition,
        keeper: NodeNo,
    ) -> Option<(Signed<Promise>, NodeNo)> {
        let name = format!("{}-{}", self.named, self.deployed.len() + 1);
        self.found_as(name.parse().ok()?, wanted, condition, keeper)
    }

    fn found_as(
        &mut self,
        name: WorkloadName,
        mut wanted: Use,
        condition: Condition,
        keeper: NodeNo,
    ) -> Option<(Signed<Promise>, NodeNo)> {
        wanted.name = name;
        let (workload, signed) = self.promise(wanted.clone(), condition.clone())?;
        self.deployed.push(Deployed {
            workload,
            keeper,
            wanted,
            condition,
            is_deleted: false,
            signed: vec![signed.clone()],
        });
        Some((signed, keeper))
    }

    fn promise(
        &mut self,
        wanted: Use,
        condition: Condition,
    ) -> Option<(WorkloadId, Signed<Promise>)> {
        let body = Body::Use(Box::new(wanted));
        let made = self.promiser.promise(body, condition, &WireCodec).ok()?;
        Some((made.workload()?, made.signed().clone()))
    }
}
