//! A component ready to be instantiated: compiled just now, or taken from the cache.

use std::time::{Duration, Instant};

use thiserror::Error;
use wasmtime::component::{Component, types::ComponentItem};

use crate::artifact::{Artifact, ArtifactError, Digest};
use crate::cache::Cache;
use crate::engine::{Engine, EngineError};
use crate::engines::Engines;
use crate::interfaces::{self, Import};
use crate::signature::Names;

/// A compiled component.
#[derive(Clone)]
pub struct Program {
    pub(crate) engine: Engine,
    pub(crate) component: Component,
    digest: Digest,
    file_bytes: u64,
    is_module: bool,
    compiled_in: Option<Duration>,
}

/// What a component offers to do when it is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `wasi:cli/run`: a command with a beginning and an end.
    Command(Wasi),
    /// `wasi:http/incoming-handler` (0.2) or `wasi:http/handler` (0.3): answers requests.
    Http(Wasi),
    /// Neither: its functions can be called one by one.
    Library,
}

/// A line of WASI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wasi {
    /// WASI 0.2.
    P2,
    /// WASI 0.3.
    P3,
}

/// Something a component gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Name of the interface, or of a function at the component's top level.
    pub name: String,
    /// The signature of a function; `None` for an interface.
    pub signature: Option<String>,
    /// Functions in the interface; empty for a function itself.
    pub functions: Vec<Function>,
    /// What the interface's own types consist of, as in `record point { x: f64, y: f64 }`.
    pub types: Vec<String>,
}

/// A function of an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name in the interface.
    pub name: String,
    /// As in WIT: `func(a: s32, b: s32) -> s32`.
    pub signature: String,
}

/// The component could not be compiled.
#[derive(Debug, Error)]
pub enum CompileError {
    /// It could not be made a component in the first place.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// There is nothing to compile it with.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// It is not valid, or too large for the engine.
    #[error("it does not validate: {0}")]
    Invalid(String),
}

impl Program {
    /// The component from the cache, where its compiled form is there and can be trusted.
    pub fn cached(engines: &Engines, cache: &Cache, artifact: &Artifact) -> Option<Self> {
        artifact.calls().iter().find_map(|calls| {
            let engine = engines.get(*calls).ok()?;
            let component = cache.get(&engine, artifact.digest())?;
            Some(Self::new(engine, component, artifact, None))
        })
    }

    /// Compiles the component on all cores and keeps the result in the cache. May take seconds.
    ///
    /// # Errors
    /// When the bytes are no valid component, or no engine works on this machine.
    pub fn compile(
        engines: &Engines,
        cache: Option<&Cache>,
        artifact: &Artifact,
    ) -> Result<Self, CompileError> {
        let started = Instant::now();
        let bytes = artifact.component()?;
        let mut refused = None;
        for calls in artifact.calls() {
            let engine = engines.get(*calls)?;
            match Component::from_binary(engine.wasmtime(), &bytes) {
                Ok(component) => {
                    let compiled_in = started.elapsed();
                    if let Some(cache) = cache {
                        cache.put(&engine, artifact.digest(), &component);
                    }
                    return Ok(Self::new(engine, component, artifact, Some(compiled_in)));
                }
                // The last engine knows of everything that those before it know of.
                Err(error) => refused = Some(format!("{error:#}")),
            }
        }
        Err(CompileError::Invalid(refused.unwrap_or_default()))
    }

    fn new(
        engine: Engine,
        component: Component,
        artifact: &Artifact,
        compiled_in: Option<Duration>,
    ) -> Self {
        Self {
            engine,
            component,
            digest: artifact.digest(),
            file_bytes: artifact.file_bytes(),
            is_module: artifact.is_module(),
            compiled_in,
        }
    }

    /// SHA-256 of the file.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Size of the file.
    pub fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    /// Whether the file is a core module that was adapted.
    pub fn is_module(&self) -> bool {
        self.is_module
    }

    /// How long compiling took; `None` when the code came from the cache.
    pub fn compiled_in(&self) -> Option<Duration> {
        self.compiled_in
    }

    /// What it offers to do. A component that both serves and runs counts as one that serves.
    pub fn kind(&self) -> Kind {
        let ty = self.component.component_type();
        let has = |interface: &str| {
            ty.exports(self.engine.wasmtime()).find_map(|(name, _)| {
                let version = name.strip_prefix(interface)?.strip_prefix('@')?;
                match version {
                    _ if version.starts_with("0.2.") => Some(Wasi::P2),
                    _ if version.starts_with("0.3.") => Some(Wasi::P3),
                    _ => None,
                }
            })
        };
        None.or_else(|| has("wasi:http/handler").map(Kind::Http))
            .or_else(|| has("wasi:http/incoming-handler").map(Kind::Http))
            .or_else(|| has("wasi:cli/run").map(Kind::Command))
            .unwrap_or(Kind::Library)
    }

    /// What it needs, and what Gary has for each.
    pub fn imports(&self) -> Vec<Import> {
        interfaces::imports(&self.engine, &self.component)
    }

    /// What it gives.
    pub fn exports(&self) -> Vec<Export> {
        let engine = self.engine.wasmtime();
        let names = Names::of(engine, &self.component);
        self.component
            .component_type()
            .exports(engine)
            .filter_map(|(name, item)| {
                let mut export = Export {
                    name: name.to_owned(),
                    signature: None,
                    functions: Vec::new(),
                    types: Vec::new(),
                };
                match item.ty {
                    ComponentItem::ComponentFunc(function) => {
                        export.signature = Some(names.signature(&function));
                    }
                    ComponentItem::ComponentInstance(instance) => {
                        for (name, item) in instance.exports(engine) {
                            export.add(name, &item.ty, &names);
                        }
                    }
                    _ => return None,
                }
                Some(export)
            })
            .collect()
    }
}

impl Export {
    /// Adds what an interface has; a type that it took from another is explained there.
    fn add(&mut self, name: &str, item: &ComponentItem, names: &Names) {
        match item {
            ComponentItem::ComponentFunc(function) => self.functions.push(Function {
                name: name.to_owned(),
                signature: names.signature(function),
            }),
            ComponentItem::Type(ty) => {
                let definition = names.definition(ty).filter(|known| !known.is_foreign);
                self.types.extend(definition.map(|known| known.text));
            }
            _ => {}
        }
    }
}
