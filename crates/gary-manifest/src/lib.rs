//! gary.toml and the command line's workload flags become one checked workload description.
//!
//! What this crate promises its neighbours:
//!
//! - It is pure: text in, values out. It opens no file, resolves no name and reads no clock. Files
//!   that a workload names (the component, env files, directories) stay paths for the caller.
//! - A value that exists is legal: every type is made by [`str::parse`] or by serde through it, so
//!   `--memory 0` and `memory = "0"` are refused in the same words.
//! - Every refusal says what was given, why it was refused and, in `hint()`, what to try. Messages
//!   of [`ManifestError`] also say where, as a line and a column.
//!
//! The way through: [`Manifest::parse`], then [`Manifest::relative_to`] the directory the file was
//! read from, then [`Workload::resolve`] with the [`Flags`] that were typed.

mod color;
mod component;
mod config_entry;
mod count;
mod cpu;
mod digest;
mod dir_grant;
mod entry_table;
mod env_file;
mod env_source;
mod env_var;
mod flags;
mod guest_path;
mod host_name;
mod http_path;
mod ingress;
mod listen_addr;
mod manifest;
mod manifest_error;
mod manifest_keys;
mod memory_size;
mod name;
mod net_grant;
mod node_file;
mod one_or_many;
mod parse_error;
mod period;
mod schema;
mod tables;
mod text_value;
mod toml_words;
mod verbose_level;
mod workload;
mod workload_error;

pub use color::Color;
pub use component::Component;
pub use config_entry::ConfigEntry;
pub use count::Count;
pub use cpu::Cpu;
pub use digest::Digest;
pub use dir_grant::DirGrant;
pub use env_file::{ENV_FILE_BYTES_MAX, EnvFileError, parse_env_file};
pub use env_source::EnvSource;
pub use env_var::EnvVar;
pub use flags::Flags;
pub use host_name::HostName;
pub use http_path::HttpPath;
pub use ingress::Ingress;
pub use listen_addr::ListenAddr;
pub use manifest::{MANIFEST_BYTES_MAX, Manifest};
pub use manifest_error::{ManifestError, Problem};
pub use memory_size::MemorySize;
pub use name::Name;
pub use net_grant::{NetGrant, NetHost};
pub use node_file::{NodeFile, NodeFileError, NodePromise};
pub use parse_error::ParseError;
pub use period::Period;
pub use schema::json_schema;
pub use tables::{Build, Grant, Health, Http, Job, Place, Promise, Run, StoreScope, Update};
pub use verbose_level::VerboseLevel;
pub use workload::{
    DEFAULT_ADDR, DEFAULT_DRAIN, DEFAULT_HEALTH_INTERVAL, DEFAULT_MAX_BODY, Workload,
};
pub use workload_error::WorkloadError;
