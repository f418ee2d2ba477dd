//! What hostings are made with: engines, compiled code, components, and the sites that they serve.

use std::path::Path;
use std::sync::Arc;

use gary_host::{
    Artifact, ArtifactError, CACHE_BYTES_MAX, Cache, CompileError, Engines, LinkError, Program,
};
use gary_promise::{Generation, Use};
use tokio::task::spawn_blocking;

use super::Records;
use crate::chronicle::Chronicle;
use crate::components::{Components, FetchError, Likely};
use crate::logs::{Logs, ReplicaKey, Scribe};
use crate::run_spec::RunSpecError;
use crate::sites::Sites;
use crate::stores::Stores;

/// What hostings are made with.
pub(crate) struct Workshop {
    pool: Arc<Engines>,
    on_demand: Arc<Engines>,
    cache: Option<Arc<Cache>>,
    pub(super) tools: Tools,
}

/// What a workshop works with, which others do too.
pub(crate) struct Tools {
    /// What people call the node.
    pub(crate) node: String,
    pub(crate) components: Arc<Components>,
    pub(crate) sites: Arc<Sites>,
    pub(crate) logs: Logs,
    pub(crate) records: Arc<Records>,
    pub(crate) chronicle: Arc<Chronicle>,
    pub(crate) stores: Arc<Stores>,
}

/// A hosting cannot be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotRun {
    #[error("how it is to be run: {0}")]
    Spec(#[from] RunSpecError),
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    #[error(transparent)]
    Compile(#[from] CompileError),
    #[error(transparent)]
    Link(LinkError),
    #[error("its stores cannot be used: {0}")]
    Stores(std::io::Error),
    #[error("the compiler has panicked")]
    Panicked,
}

impl Workshop {
    pub(crate) fn new(cache: &Path, key: &Path, tools: Tools) -> Self {
        let cache = Cache::open(cache.to_owned(), key, CACHE_BYTES_MAX);
        let cache = cache
            .inspect_err(|error| tracing::warn!(%error, "compiled code will not be kept"))
            .ok();
        Self {
            pool: Arc::new(Engines::pooling()),
            on_demand: Arc::new(Engines::on_demand()),
            cache: cache.map(Arc::new),
            tools,
        }
    }

    /// Takes what the next run of a replica writes.
    pub(super) fn scribe(&self, key: ReplicaKey, generation: Generation) -> Scribe {
        Scribe::new(self.tools.logs.clone(), key, generation, &self.tools.node)
    }

    /// The program that an owner's component is, which is fetched and compiled where this node does not have it yet.
    pub(super) async fn program(&self, wanted: &Use) -> Result<Program, NotRun> {
        let likely = Likely::KeepersOf(wanted.name.clone());
        let bytes = self.tools.components.get(wanted.component, likely).await?;
        let (pool, on_demand) = (Arc::clone(&self.pool), Arc::clone(&self.on_demand));
        let cache = self.cache.clone();
        let compiled = spawn_blocking(move || {
            let artifact = Artifact::new(bytes)?;
            let engines = match artifact.serves() {
                true => pool,
                false => on_demand,
            };
            let known = cache.as_ref();
            let known = known.and_then(|cache| Program::cached(&engines, cache, &artifact));
            match known {
                Some(program) => Ok(program),
                None => Ok(Program::compile(&engines, cache.as_deref(), &artifact)?),
            }
        });
        compiled.await.unwrap_or(Err(NotRun::Panicked))
    }
}
