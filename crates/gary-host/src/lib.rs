//! Hosts WebAssembly components in wasmtime: inspects, compiles, caches, runs, serves, meters and
//! stops them.
//!
//! It takes plain specs and gives plain outcomes, and knows nothing of promises, manifests or
//! terminals. To its neighbours it promises that
//!
//! - a guest gets nothing that its [`Spec`] does not grant;
//! - whatever a guest does, it ends in a value or a [`Failure`], never in a panic, and never keeps
//!   another guest, a timer or a socket waiting for longer than a slice of a few milliseconds (but for
//!   filling or copying memory, which WebAssembly does in one step);
//! - memory and processor time are counted where they are used, and a limit that is reached is named;
//! - compiled code is run only if this user's own key vouches for it;
//! - every queue and table has a named limit.

mod apart;
mod artifact;
mod cache;
mod call;
mod call_error;
mod callable;
mod command;
mod config;
mod denied;
mod engine;
mod engines;
mod example;
mod failure;
mod guest;
pub mod http;
mod interfaces;
mod keyvalue;
mod limit;
mod logging;
mod memory;
mod meter;
mod net;
mod output;
mod pages;
mod preopens;
mod program;
mod replica;
mod signature;
mod sink;
mod spec;
mod surplus;
mod term;
mod ticker;
mod wasip1;
mod wave;

pub use artifact::{ARTIFACT_BYTES_MAX, Artifact, ArtifactError, Digest};
pub use cache::{CACHE_BYTES_MAX, Cache, OpenCacheError};
pub use call::{Call, Returned};
pub use call_error::{CallError, Mistake};
pub use callable::Callable;
pub use denied::{DenialSink, Denied};
pub use engine::EngineError;
pub use engines::Engines;
pub use failure::{Failure, TrapReport};
pub use interfaces::{Answer, Import, provided};
pub use keyvalue::{StoreRoom, StoresDir};
pub use limit::MemoryLimit;
pub use logging::{Level, LogSink};
pub use net::{HostPattern, NetGrant};
pub use pages::give_back_startup;
pub use program::{CompileError, Export, Function, Kind, Program, Wasi};
pub use replica::{LinkError, Replica, Usage};
pub use sink::{OutputSink, StandardStream};
pub use spec::{Dir, Limits, Spec, Stdio};
pub use term::Term;
