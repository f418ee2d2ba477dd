//! node.toml: where a node listens and serves, and what it promises.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use crate::manifest::MANIFEST_BYTES_MAX;
use crate::{Cpu, Ingress, MemorySize};

/// What a node.toml says. What it does not say has a default, or is typed.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeFile {
    /// Where people of its machine ask it.
    pub socket: Option<PathBuf>,
    /// Where to listen for other nodes, over UDP.
    pub listen: Option<SocketAddr>,
    /// Where others reach it, if that is another address.
    pub advertise: Option<SocketAddr>,
    /// Where to serve workloads over HTTP, if it is to.
    pub ingress: Option<Ingress>,
    /// Where Prometheus reads how it is.
    pub metrics: Option<SocketAddr>,
    /// What it promises of its machine.
    #[serde(default)]
    pub promise: NodePromise,
    /// What is said of its machine.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

/// `[promise]` of a node.toml.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodePromise {
    /// Processor cores.
    pub cpu: Option<Cpu>,
    /// Memory.
    pub memory: Option<MemorySize>,
}

/// A node.toml was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("node.toml:{line}:{column}: {message}")]
pub struct NodeFileError {
    /// The line, counted from 1.
    pub line: usize,
    /// The column, in characters counted from 1.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
}

impl NodeFile {
    /// Reads the text of a node.toml.
    ///
    /// # Errors
    ///
    /// Says the line and column of the first thing that is wrong.
    pub fn parse(text: &str) -> Result<Self, NodeFileError> {
        if text.len() > MANIFEST_BYTES_MAX {
            let message = format!("the file has more than {MANIFEST_BYTES_MAX} bytes");
            return Err(NodeFileError {
                line: 1,
                column: 1,
                message,
            });
        }
        toml::from_str(text).map_err(|error| {
            let before = error.span().map_or("", |span| &text[..span.start]);
            let line_start = before.rfind('\n').map_or(0, |end| end + 1);
            NodeFileError {
                line: before.matches('\n').count() + 1,
                column: before[line_start..].chars().count() + 1,
                message: error.message().to_owned(),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_key() {
        let text = r#"
            socket = "/run/gary/attic.sock"
            listen = "[::]:4270"
            advertise = "192.0.2.1:4270"
            ingress = "0.0.0.0:8080"
            metrics = "127.0.0.1:9270"
            [promise]
            cpu = 1.5
            memory = "1GiB"
            [labels]
            zone = "attic"
        "#;
        let read = NodeFile::parse(text).expect("it is legal");
        assert_eq!(read.listen.map(|its| its.port()), Some(4270));
        assert_eq!(read.socket, Some("/run/gary/attic.sock".into()));
        assert_eq!(read.promise.cpu.map(|its| its.cores()), Some(1.5));
        assert_eq!(read.promise.memory.map(|its| its.bytes()), Some(1 << 30));
        let ingress = read.ingress.and_then(Ingress::socket_addr);
        assert_eq!(ingress.map(|its| its.port()), Some(8080));
        assert_eq!(read.labels["zone"], "attic");
        assert_eq!(NodeFile::parse(""), Ok(NodeFile::default()));
    }

    #[test]
    fn says_where_and_what() {
        for (text, said) in [
            ("[promise]\ncpus = 2", "node.toml:2:1: unknown field `cpus`"),
            (
                "\n  listen = \"here\"",
                "node.toml:2:12: invalid socket address",
            ),
            ("[promise]\ncpu = 0", "node.toml:2:7: "),
            ("ingress = \"on\"", "node.toml:1:11: "),
            ("listen", "node.toml:1:7: "),
        ] {
            let error = NodeFile::parse(text)
                .expect_err("it is not legal")
                .to_string();
            assert!(error.starts_with(said), "{error}");
        }
    }
}
