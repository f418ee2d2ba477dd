//! Deploying: what a person wants becomes an intent, which they sign.

use bytes::Bytes;
use gary_promise::{
    Axis, Body, Codec, ComponentDigest, Condition, Interfaces, Labels, Lineage, Mode, Needs, Pace,
    Portion, Promise, Retries, Routes, Schedule, SignedRecord, Spread, Submitters, Tick, Update,
    Use, Valency, Verifier, WorkloadName,
};
use gary_wire::WireCodec;

use super::asking::{AskError, Client};
use super::person::{Person, PersonError};
use super::storing::{self, Moved, StoreError};
use crate::api::{NAME_LABEL, SettlementShown};
use crate::clock::Clock;
use crate::run_spec::{RunSpec, RunSpecError};
use crate::store_node;

/// What a person wants to have run.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// What it is called.
    pub name: String,
    /// The component's bytes.
    pub component: Vec<u8>,
    /// Their digest.
    pub digest: [u8; 32],
    /// How many times at once.
    pub replicas: u32,
    /// Processor time that each needs, in millionths of a core.
    pub cpu_cores_micro: u64,
    /// Memory that each needs, in bytes.
    pub memory_bytes: u64,
    /// Whether it runs on and on.
    pub kind: Kind,
    /// The host names that it wants to be reached under.
    pub hosts: Vec<String>,
    /// Labels that its nodes must have; `node` is what people call the node itself.
    pub labels: Vec<(String, String)>,
    /// Labels whose values replicas should not share, the most important first; `node` is the node.
    pub spread: Vec<String>,
    /// How many hostings an update may be over.
    pub max_surge: u32,
    /// How many hostings an update may be under.
    pub max_unavailable: u32,
    /// The interfaces that its component imports, as it names them.
    pub interfaces: Vec<String>,
    /// How it is run.
    pub spec: RunSpec,
}

/// Whether something runs on and on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// On and on; where it is exclusive, on one node at most at any time.
    Service {
        /// Whether it is.
        exclusive: bool,
    },
    /// To completion, once for each replica.
    Job {
        /// How often a run that has failed is tried again.
        retries: u32,
    },
    /// To completion for each replica, again and again.
    Schedule {
        /// How often, in milliseconds; counted from 1970 on.
        every_ms: u64,
        /// How often a run that has failed is tried again.
        retries: u32,
    },
}

/// Something was submitted.
#[derive(Debug, Clone)]
pub struct Deployed {
    /// What a node has to promise that hosts a replica.
    pub(super) needs: Needs,
    /// Where it begins with empty stores, if it had some elsewhere.
    pub moved: Option<Moved>,
    /// How many replicas its owner used before, and uses now.
    pub replicas: (Option<u32>, u32),
    /// Which generation it is.
    pub generation: u64,
    /// What has become of it.
    pub settlement: SettlementShown,
}

/// What stands under a name.
#[derive(Debug, Clone)]
pub struct Standing {
    wanted: Use,
    workload: gary_promise::WorkloadId,
}

impl Standing {
    /// Which generation it is.
    pub const fn generation(&self) -> u64 {
        self.wanted.lineage.generation().get()
    }

    /// How many replicas its owner uses.
    pub const fn replicas(&self) -> u32 {
        self.wanted.valency.get()
    }

    /// Whether none of it is to run for now.
    pub const fn is_stopped(&self) -> bool {
        self.wanted.is_stopped
    }

    /// Of which name it is.
    pub fn name(&self) -> &str {
        self.wanted.name.as_str()
    }

    /// Whether it says what an earlier generation of it said, and nothing else.
    pub fn says_the_same(&self, earlier: &Self) -> bool {
        let lineage = self.wanted.lineage;
        let earlier = earlier.wanted.clone();
        self.wanted == Use { lineage, ..earlier }
    }

    pub(super) const fn workload(&self) -> gary_promise::WorkloadId {
        self.workload
    }

    pub(super) const fn wanted(&self) -> &Use {
        &self.wanted
    }
}

/// Something was not submitted. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// The node.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// The person's key.
    #[error(transparent)]
    Person(#[from] PersonError),
    /// Somebody else has signed it.
    #[error("another key has signed generation {generation} of {name}")]
    NotTheirs {
        /// The name that it is for.
        name: String,
        /// Its generation.
        generation: u64,
    },
    /// It is nothing that can be deployed.
    #[error("{0}")]
    Nonsense(String),
    /// Its stores.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// How it is to be run.
    #[error(transparent)]
    Spec(#[from] RunSpecError),
}

pub(super) fn nonsense(error: impl std::fmt::Display) -> DeployError {
    DeployError::Nonsense(error.to_string())
}

impl Client {
    /// Deploys something, in the place of what stands under its name.
    ///
    /// # Errors
    /// When it is not submitted.
    pub async fn deploy(
        &self,
        person: &Person,
        deployment: Deployment,
        ack: &str,
    ) -> Result<Deployed, DeployError> {
        let standing = match ack {
            "local" => self.standing_or_left(person, &deployment.name).await?,
            _ => self.standing(&deployment.name).await?,
        };
        let digest = ComponentDigest::from_bytes(deployment.digest);
        let component = Bytes::from(deployment.component.clone());
        let wanted = deployment.wanted(digest)?;
        let (wanted, moved) = self.bind(wanted, standing.as_ref()).await?;
        self.put_component(&digest.to_string(), component).await?;
        let deployed = self.sign_and_submit(person, wanted, standing.as_ref(), ack);
        Ok(Deployed {
            moved,
            ..deployed.await?
        })
    }

    /// What stands under a name; `None` where nothing does.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn standing(&self, name: &str) -> Result<Option<Standing>, DeployError> {
        self.stood(name, None).await
    }

    /// What will stand under a name once all is kept that a person has left with the node, unless that is superseded already:
    /// what is left there next follows from that.
    pub(super) async fn standing_or_left(
        &self,
        person: &Person,
        name: &str,
    ) -> Result<Option<Standing>, DeployError> {
        let Some(left) = self.left_last(person, name).await? else {
            return self.standing(name).await;
        };
        let left = {
            let name = name.parse().map_err(nonsense)?;
            self.standing_by(&left, &name).await?
        };
        match self.standing(name).await {
            Ok(Some(stands))
                if stands.workload != left.workload || stands.generation() >= left.generation() =>
            {
                Ok(Some(stands))
            }
            // Those who keep it cannot be reached, which is why something is left here.
            Ok(_) | Err(DeployError::Ask(AskError::Refused { status: 503, .. })) => Ok(Some(left)),
            Err(error) => Err(error),
        }
    }

    /// What stands under a name, or stood at an earlier generation; `None` where there is none.
    pub(super) async fn stood(
        &self,
        name: &str,
        generation: Option<u64>,
    ) -> Result<Option<Standing>, DeployError> {
        let name: WorkloadName = name.parse().map_err(nonsense)?;
        let bytes = match self.intent(name.as_str(), generation).await {
            Ok(bytes) => bytes,
            Err(AskError::Refused { status: 404, .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let standing = self.standing_by(&bytes, &name).await?;
        // What is deleted stands no more.
        let is_there = standing.wanted.valency != Valency::NONE;
        Ok(is_there.then_some(standing))
    }

    /// What a node says that stands under a name, by what somebody has signed.
    pub(super) async fn standing_by(
        &self,
        packed: &[u8],
        name: &WorkloadName,
    ) -> Result<Standing, DeployError> {
        let record: SignedRecord = WireCodec.unpack(packed).map_err(nonsense)?;
        let SignedRecord::Promise(signed) = record else {
            return Err(nonsense("what stands is no intent"));
        };
        // What is signed anew is what somebody has signed before, under this name and no other.
        let cluster = self.node().await?.cluster.parse().map_err(nonsense)?;
        let verified = Verifier::new(cluster, 0).verify::<Promise, _>(signed, &WireCodec);
        let promise = verified.map_err(nonsense)?;
        let (Body::Use(wanted), Some(workload)) = (promise.body(), promise.workload()) else {
            return Err(nonsense("what stands is no intent"));
        };
        if wanted.name != *name {
            return Err(nonsense("what the node shows is of another name"));
        }
        Ok(Standing {
            wanted: Use::clone(wanted),
            workload,
        })
    }

    /// Has another number of replicas of what stands; none deletes it.
    ///
    /// # Errors
    /// When it is not submitted.
    pub async fn scale(
        &self,
        person: &Person,
        standing: &Standing,
        replicas: u32,
    ) -> Result<Deployed, DeployError> {
        let wanted = Use {
            valency: Valency::new(replicas).map_err(nonsense)?,
            is_stopped: false,
            ..standing.wanted.clone()
        };
        self.update(person, standing, wanted).await
    }

    /// Has all replicas of what stands made anew, as fast as its owner has updates go.
    ///
    /// # Errors
    /// When it is not submitted.
    pub async fn renew(
        &self,
        person: &Person,
        standing: &Standing,
    ) -> Result<Deployed, DeployError> {
        let wanted = Use {
            is_stopped: false,
            ..standing.wanted.clone()
        };
        self.update(person, standing, wanted).await
    }

    /// Has none of what stands run for now. It is kept, and runs again once it is renewed or scaled.
    ///
    /// # Errors
    /// When it is not submitted.
    pub async fn stop_workload(
        &self,
        person: &Person,
        standing: &Standing,
    ) -> Result<Deployed, DeployError> {
        let wanted = Use {
            is_stopped: true,
            ..standing.wanted.clone()
        };
        self.update(person, standing, wanted).await
    }

    /// What stood under its name at an earlier generation; `None` where that is not remembered.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn earlier(
        &self,
        standing: &Standing,
        generation: u64,
    ) -> Result<Option<Standing>, DeployError> {
        let name = standing.wanted.name.as_str();
        self.stood(name, Some(generation)).await
    }

    /// Goes back to what stood at an earlier generation: a new one with its content.
    ///
    /// # Errors
    /// When it is not submitted.
    pub async fn go_back(
        &self,
        person: &Person,
        standing: &Standing,
        earlier: Standing,
    ) -> Result<Deployed, DeployError> {
        let (wanted, moved) = self.bind(earlier.wanted, Some(standing)).await?;
        let deployed = self.update(person, standing, wanted).await?;
        Ok(Deployed { moved, ..deployed })
    }

    /// Has something else in the place of what stands.
    async fn update(
        &self,
        person: &Person,
        standing: &Standing,
        wanted: Use,
    ) -> Result<Deployed, DeployError> {
        self.sign_and_submit(person, wanted, Some(standing), "majority")
            .await
    }

    async fn sign_and_submit(
        &self,
        person: &Person,
        wanted: Use,
        follows: Option<&Standing>,
        ack: &str,
    ) -> Result<Deployed, DeployError> {
        let lineage = match follows {
            None => Lineage::Founds,
            Some(standing) => {
                let now = standing.wanted.lineage.generation();
                let next = now
                    .next()
                    .ok_or_else(|| nonsense("there are no more generations"))?;
                let update = Update::new(standing.workload, next).map_err(nonsense)?;
                Lineage::Updates(update)
            }
        };
        let generation = lineage.generation().get();
        let before = follows.map(|standing| standing.wanted.valency.get());
        let replicas = (before, wanted.valency.get());
        let wanted = Use { lineage, ..wanted };
        let needs = wanted.needs.clone();
        let record = self.sign(person, wanted).await?;
        let settlement = self.submit(record, ack).await?;
        Ok(Deployed {
            needs,
            moved: None,
            replicas,
            generation,
            settlement,
        })
    }

    /// An intent as a person signs it, packed.
    pub(super) async fn sign(&self, person: &Person, wanted: Use) -> Result<Vec<u8>, DeployError> {
        wanted.check().map_err(nonsense)?;
        storing::check(&wanted)?;
        let cluster = self.node().await?.cluster.parse().map_err(nonsense)?;
        let mut promiser = person.promiser(cluster)?;
        let body = Body::Use(Box::new(wanted));
        let signed = promiser.promise(body, Condition::default(), &WireCodec);
        let signed = signed.map_err(nonsense)?.signed().clone();
        Ok(WireCodec.pack(&SignedRecord::Promise(signed)))
    }
}

impl Kind {
    fn mode(self) -> Result<Mode, DeployError> {
        let retries = |count| Retries::new(count).map_err(nonsense);
        match self {
            Self::Service { .. } => Ok(Mode::Service),
            Self::Job { retries: count } => Ok(Mode::Job(retries(count)?)),
            Self::Schedule {
                every_ms,
                retries: count,
            } => {
                // What was due before it was deployed is not late.
                let next = Clock::wall().0 / every_ms.max(1) + 1;
                let schedule = Schedule::new(every_ms, 0, Tick(next)).map_err(nonsense)?;
                Ok(Mode::Schedule(schedule, retries(count)?))
            }
        }
    }
}

impl Deployment {
    pub(super) fn wanted(self, component: ComponentDigest) -> Result<Use, DeployError> {
        let routes = self.hosts.iter().map(|host| host.parse().map_err(nonsense));
        let routes: Vec<_> = routes.collect::<Result<_, _>>()?;
        let labels = self.labels.iter().map(|(key, value)| {
            let key = match key.as_str() {
                "node" => NAME_LABEL,
                store_node::LABEL => return Err(StoreError::Label.into()),
                label => label,
            };
            let key = key.parse().map_err(nonsense)?;
            Ok((key, value.parse().map_err(nonsense)?))
        });
        let labels: Vec<_> = labels.collect::<Result<_, DeployError>>()?;
        let interfaces = self
            .interfaces
            .iter()
            .map(|its| its.parse().map_err(nonsense));
        let interfaces: Vec<_> = interfaces.collect::<Result<_, DeployError>>()?;
        let spread = self.spread.iter().map(|axis| match axis.as_str() {
            "node" => Ok(Axis::Node),
            label => Ok(Axis::Label(label.parse().map_err(nonsense)?)),
        });
        let spread: Vec<_> = spread.collect::<Result<_, DeployError>>()?;
        Ok(Use {
            lineage: Lineage::Founds,
            name: self.name.parse().map_err(nonsense)?,
            component,
            valency: Valency::new(self.replicas).map_err(nonsense)?,
            is_stopped: false,
            exclusive: self.kind == Kind::Service { exclusive: true },
            mode: self.kind.mode()?,
            needs: Needs {
                portion: Portion::new(self.cpu_cores_micro, self.memory_bytes).map_err(nonsense)?,
                labels: Labels::new(labels).map_err(nonsense)?,
                architecture: None,
                interfaces: Interfaces::new(interfaces).map_err(nonsense)?,
            },
            spread: Spread::new(spread).map_err(nonsense)?,
            routes: Routes::new(routes).map_err(nonsense)?,
            updaters: Submitters::AnyClient,
            spec: self.spec.pack()?,
            pace: Pace::new(self.max_surge, self.max_unavailable).map_err(nonsense)?,
        })
    }
}
