//! One replica of a workload: its instances, and what they share.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use thiserror::Error;
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use crate::config::Config;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::guest::Guest;
use crate::interfaces::{self, Answer, Import};
use crate::keyvalue::Stores;
use crate::memory::{ReplicaMemory, Reservation};
use crate::meter::{Meter, Metered};
use crate::net::NetPolicy;
use crate::program::Program;
use crate::spec::Spec;

/// A program linked with what its workload was given; instances are made from it.
#[derive(Clone)]
pub struct Replica {
    pub(crate) pre: InstancePre<Guest>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) program: Program,
}

/// What all instances of a replica share.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) spec: Spec,
    pub(crate) net: Arc<NetPolicy>,
    pub(crate) stores: Arc<Stores>,
    pub(crate) config: Config,
    pub(crate) memory: Arc<ReplicaMemory>,
    pub(crate) meter: Arc<Meter>,
    /// How long the first instance took to make.
    pub(crate) instantiated_in: OnceLock<Duration>,
}

/// What a replica has used so far.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// Memory that its instances hold, in bytes.
    pub memory_bytes: u64,
    /// The most memory its instances held at once, in bytes.
    pub memory_peak_bytes: u64,
    /// Processor time of all its instances; zero where the spec neither limits it nor asks for it.
    pub cpu: Duration,
    /// How long the first instance took to make; `None` before there was one.
    pub instantiated_in: Option<Duration>,
}

/// The program cannot be linked.
#[derive(Debug, Error)]
pub enum LinkError {
    /// It imports interfaces that Gary does not provide.
    #[error("it needs {} that is not provided", .0.first().map_or("an interface", |i| &i.name))]
    Missing(Vec<Import>),
    /// An interface is there, but not in the shape it wants: it was built for a newer version.
    #[error("{0}")]
    Mismatch(String),
}

impl Replica {
    /// Links a program with what a workload is given.
    ///
    /// # Errors
    /// When an import is missing or has another shape.
    pub fn new(program: &Program, spec: Spec) -> Result<Self, LinkError> {
        let missing: Vec<Import> = program
            .imports()
            .into_iter()
            .filter(|import| import.answer != Answer::Provided)
            .collect();
        if !missing.is_empty() {
            return Err(LinkError::Missing(missing));
        }
        let pre = interfaces::linker(&program.engine, &program.component)
            .and_then(|linker| linker.instantiate_pre(&program.component))
            .map_err(|error| LinkError::Mismatch(format!("{error:#}")))?;
        let shared = Shared {
            engine: program.engine.clone(),
            net: Arc::new(NetPolicy::new(
                spec.net.clone(),
                spec.listen,
                spec.denials.clone(),
            )),
            stores: Arc::new(Stores::new(spec.stores.clone(), &spec.name)),
            config: Config::new(&spec.config),
            memory: ReplicaMemory::new(spec.limits.memory_bytes),
            meter: Meter::new(spec.limits.cpu_cores, spec.metered),
            instantiated_in: OnceLock::new(),
            spec,
        };
        Ok(Self {
            pre,
            shared: Arc::new(shared),
            program: program.clone(),
        })
    }

    /// What has been used so far.
    pub fn usage(&self) -> Usage {
        Usage {
            memory_bytes: self.shared.memory.held_bytes(),
            memory_peak_bytes: self.shared.memory.peak_bytes(),
            cpu: self.shared.meter.used(),
            instantiated_in: self.shared.instantiated_in.get().copied(),
        }
    }

    /// The workload's name.
    pub fn name(&self) -> &str {
        &self.shared.spec.name
    }

    /// Makes an instance and drops it again, to see whether it can be made.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn try_instantiate(&self) -> Result<(), Failure> {
        // A start function is guest code like any other: it may loop, and must be stoppable.
        let work = async {
            let mut store = self.store(Reservation::none())?;
            let made = self.instantiate(&mut store).await;
            made.map(drop)
                .map_err(|error| Failure::of(&error, store.data().memory.refused()))
        };
        self.drive(work).await
    }

    /// Makes an instance in `store`.
    pub(crate) async fn instantiate(&self, store: &mut Store<Guest>) -> wasmtime::Result<Instance> {
        let started = Instant::now();
        let made = self.pre.instantiate_async(store).await?;
        // Only the first is kept; the others would not be told apart from waiting for a processor.
        let _ = self.shared.instantiated_in.set(started.elapsed());
        Ok(made)
    }

    /// Instances that the engine has room for at once, by the memories and tables each takes.
    pub(crate) fn instances_max(&self) -> u32 {
        let engine = &self.shared.engine;
        match self.program.component.resources_required() {
            Some(needs) => (engine.memories_max() / needs.num_memories.max(1))
                .min(engine.tables_max() / needs.num_tables.max(1)),
            // It brings modules that are chosen as it runs; nobody can count them beforehand.
            None => 1,
        }
    }

    pub(crate) fn store(&self, room: Reservation) -> Result<Store<Guest>, Failure> {
        Guest::store(&self.shared, room).map_err(|error| Failure::Host(error.to_string()))
    }

    /// Drives a guest's work: metered where that is wanted, held to its share, and stopped at the time limit.
    pub(crate) async fn drive<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let metered = Metered::new(
            self.shared.meter.clone(),
            self.shared.engine.ticker().clone(),
            work,
        );
        let timed = async {
            match self.shared.spec.limits.timeout {
                None => metered.await,
                Some(limit) => tokio::time::timeout(limit, metered)
                    .await
                    .unwrap_or(Err(Failure::TimedOut(limit))),
            }
        };
        match &self.shared.spec.term {
            None => timed.await,
            Some(term) => term.within(timed).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::Artifact;
    use crate::engines::Engines;
    use crate::spec::Limits;

    #[tokio::test]
    async fn a_start_function_that_never_ends_is_stopped() {
        let text = "(component
            (core module $m (func $f (loop br 0)) (start $f))
            (core instance (instantiate $m)))";
        let bytes = wat::parse_str(text).expect("it is well formed");
        let engines = Engines::on_demand();
        let artifact = Artifact::new(bytes).expect("it is WebAssembly");
        let program = Program::compile(&engines, None, &artifact).expect("it is valid");
        let limit = Duration::from_millis(100);
        let spec = Spec {
            limits: Limits {
                timeout: Some(limit),
                ..Limits::default()
            },
            ..Spec::default()
        };
        let replica = Replica::new(&program, spec).expect("it imports nothing");
        let ended = replica.try_instantiate().await;
        assert!(matches!(ended, Err(Failure::TimedOut(reached)) if reached == limit));
    }
}
