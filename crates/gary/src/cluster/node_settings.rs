//! What a node is started with: by what is typed, then by node.toml, then by its machine.

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv6Addr, SocketAddr};
use std::path::Path;

use gary_manifest::NodeFile;
use gary_node::{SOCKET, Settings, SocketPlace};

use super::context;
use super::typed::NodeRunArgs;
use crate::places;
use crate::problem::{Code, Problem};

/// The UDP port of a node where nothing says another.
const PORT: u16 = 4270;

/// The TCP port at which a node serves where nothing says another.
const INGRESS_PORT: u16 = 8080;

/// What a node leaves of its machine to everything else, unless it is told what to promise: a quarter.
const RESERVE: u64 = 4;

/// What is in the configuration directory.
const FILE: &str = "node.toml";

pub(super) fn of(typed: &NodeRunArgs) -> Result<Settings, Problem> {
    let said = match &typed.config {
        Some(file) => read(file)?.ok_or_else(|| {
            let what = format!("cannot read {}", file.display());
            Problem::new(Code::NotFound, what).why("there is no such file")
        })?,
        None => read(&places::config()?.join(FILE))?.unwrap_or_default(),
    };
    let cores = std::thread::available_parallelism().map_or(1, |its| its.get() as u64);
    let own_cpu = cores * 1_000_000 * (RESERVE - 1) / RESERVE;
    let state = match &typed.node_dir {
        Some(dir) => dir.clone(),
        None => context::node_dir()?,
    };
    let socket = match typed.socket.clone().or(said.socket) {
        Some(path) => SocketPlace::At(path),
        None => match places::runtime() {
            Some(dir) => SocketPlace::Under(dir),
            None => SocketPlace::At(state.join(SOCKET)),
        },
    };
    let everywhere = |port| SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
    let ingress = match typed.ingress.or(said.ingress) {
        Some(ingress) => ingress.socket_addr(),
        None => Some(everywhere(INGRESS_PORT)),
    };
    let cpu = typed.promise_cpu.or(said.promise.cpu);
    let memory = typed.promise_memory.or(said.promise.memory);
    let mut labels = said.labels;
    labels.extend(labels_typed(&typed.label)?);
    Ok(Settings {
        state,
        socket,
        cache: places::cache()?,
        cache_key: places::state()?.join("cache.key"),
        listen: typed
            .listen
            .or(said.listen)
            .unwrap_or_else(|| everywhere(PORT)),
        advertise: typed.advertise.or(said.advertise),
        ingress,
        metrics: typed.metrics.or(said.metrics),
        cpu_cores_micro: cpu.map_or(own_cpu, |cpu| cpu.cores_micro().into()),
        memory_bytes: match memory {
            Some(memory) => memory.bytes(),
            None => memory_bytes() * (RESERVE - 1) / RESERVE,
        },
        labels: labels.into_iter().collect(),
    })
}

fn labels_typed(labels: &[String]) -> Result<Vec<(String, String)>, Problem> {
    let labels = labels.iter().map(|label| {
        let parts = label.split_once('=');
        let parts = parts.map(|(key, value)| (key.to_owned(), value.to_owned()));
        parts.ok_or_else(|| {
            Problem::new(Code::Usage, format!("{label} is no label")).hint("--label KEY=VALUE")
        })
    });
    labels.collect()
}

/// What a node.toml says; nothing where there is none.
fn read(file: &Path) -> Result<Option<NodeFile>, Problem> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let what = format!("cannot read {}", file.display());
            return Err(Problem::new(Code::BadInput, what).why(error));
        }
    };
    NodeFile::parse(&text).map(Some).map_err(|error| {
        Problem::new(Code::BadInput, format!("{} is wrong", file.display()))
            .why(error)
            .hint("known: socket, listen, advertise, ingress, metrics, [promise] cpu and memory, [labels]")
    })
}

/// The memory of this machine; none where that cannot be told.
fn memory_bytes() -> u64 {
    let info = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = info.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kibibytes = total.and_then(|total| total.trim().strip_suffix(" kB"));
    let kibibytes: Option<u64> = kibibytes.and_then(|its| its.parse().ok());
    kibibytes.unwrap_or(0) << 10
}
