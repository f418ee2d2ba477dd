//! How a component is run: what an intent says beyond what agents look at.

use std::time::Duration;

use gary_host::{HostPattern, Limits, NetGrant, Spec};
use gary_promise::{Portion, SPEC_BYTES_MAX};
use serde::{Deserialize, Serialize};

/// How a component is run, in words that every release reads: its owner signs them, and a host goes by them. What is not
/// said is not granted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunSpec {
    /// The first argument that the guest sees.
    pub program: String,
    /// The arguments after it.
    pub args: Vec<String>,
    /// Environment variables, in order.
    pub env: Vec<(String, String)>,
    /// What may be reached.
    pub net: Vec<Reachable>,
    /// Whether it may bind and accept on sockets of its own.
    pub listen: bool,
    /// What `wasi:config/store` answers.
    pub config: Vec<(String, String)>,
    /// Most memory of one instance, in bytes.
    pub instance_memory_bytes: Option<u64>,
    /// Longest that a run or a request may take, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// Most requests at once.
    pub concurrency_max: Option<u32>,
    /// Requests that one instance may serve.
    pub reuse: Option<u32>,
    /// Largest body of a request, in bytes.
    pub body_bytes_max: Option<u64>,
    /// How it is told that it is well; nothing where it is taken for so as long as it runs.
    pub health: Option<HealthCheck>,
    /// Whose its named keyvalue stores are; nothing where it has none.
    pub stores: Option<StoresOf>,
}

/// Whose named keyvalue stores are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoresOf {
    /// The workload's, which has one replica, on the one node that has them.
    Workload,
    /// Each replica's, on the node where that runs.
    Replica,
}

/// How it is told that something is well that answers requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// The path that it is asked for.
    pub path: String,
    /// How often, in milliseconds.
    pub interval_ms: u64,
}

/// A host and a port that a guest may reach.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reachable {
    /// Which hosts.
    pub host: ReachableHost,
    /// Which port; `None` is any.
    pub port: Option<u16>,
}

/// Which hosts a guest may reach.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReachableHost {
    /// Any.
    Any,
    /// The one of this name.
    Name(String),
    /// Those of names below this one.
    Subdomains(String),
    /// The one at this address, or those of this block.
    Address(String),
}

/// What an intent says of how its component is run cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RunSpecError {
    /// It is not in this release's words.
    #[error("it cannot be read")]
    Unreadable(#[from] serde_json::Error),
    /// An address is none.
    #[error("{0} is no address and no block of them")]
    Address(String),
    /// It is longer than an intent may say.
    #[error("environment, arguments and configuration take more than {SPEC_BYTES_MAX} bytes")]
    TooLong,
}

impl RunSpec {
    /// As an intent says it.
    ///
    /// # Errors
    /// When it is too long.
    pub(crate) fn pack(&self) -> Result<gary_promise::Spec, RunSpecError> {
        let bytes = serde_json::to_vec(self)?;
        gary_promise::Spec::new(&bytes).map_err(|_| RunSpecError::TooLong)
    }

    pub(crate) fn unpack(spec: &gary_promise::Spec) -> Result<Self, RunSpecError> {
        Ok(serde_json::from_slice(spec.as_bytes())?)
    }

    /// What the host is to grant and to enforce, within what a binding is for.
    pub(crate) fn granted(self, name: &str, enforced: Portion) -> Result<Spec, RunSpecError> {
        let net = self.net.into_iter().map(Reachable::granted);
        let resources = enforced.resources();
        Ok(Spec {
            name: name.to_owned(),
            program: self.program,
            args: self.args,
            env: self.env,
            net: net.collect::<Result<_, _>>()?,
            listen: self.listen,
            config: self.config,
            limits: Limits {
                memory_bytes: Some(resources.memory_bytes()),
                instance_memory_bytes: self.instance_memory_bytes,
                cpu_cores: Some(resources.cpu_cores_micro() as f64 / 1e6),
                timeout: self.timeout_ms.map(Duration::from_millis),
                concurrency_max: self.concurrency_max,
                reuse: self.reuse,
                body_bytes_max: self.body_bytes_max,
            },
            ..Spec::default()
        })
    }
}

impl Reachable {
    fn granted(self) -> Result<NetGrant, RunSpecError> {
        let host = match self.host {
            ReachableHost::Any => HostPattern::Any,
            ReachableHost::Name(name) => HostPattern::Name(name),
            ReachableHost::Subdomains(name) => HostPattern::Suffix(name),
            ReachableHost::Address(text) => match text.parse() {
                Ok(address) => HostPattern::Ip(address),
                Err(_) => HostPattern::Cidr(
                    text.parse()
                        .map_err(|_| RunSpecError::Address(text.clone()))?,
                ),
            },
        };
        Ok(NetGrant {
            host,
            port: self.port,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn portion() -> Portion {
        Portion::new(250_000, 64 << 20).expect("something of both")
    }

    #[test]
    fn what_a_later_release_says_besides_is_passed_over_and_what_is_not_said_is_not_granted() {
        let spec = gary_promise::Spec::new(br#"{"program":"hello","dreams":true}"#);
        let read = RunSpec::unpack(&spec.expect("it is short")).expect("it is read");
        let granted = read.granted("hello", portion()).expect("it can be");
        assert_eq!((granted.program.as_str(), granted.net.len()), ("hello", 0));
        assert!(!granted.listen && granted.dirs.is_empty() && granted.stores.is_none());
        assert_eq!(granted.limits.memory_bytes, Some(64 << 20));
        assert_eq!(granted.limits.cpu_cores, Some(0.25));
    }

    #[test]
    fn is_read_as_it_was_packed() {
        let of = |host| Reachable {
            host,
            port: Some(443),
        };
        let spec = RunSpec {
            args: vec!["a".into()],
            env: vec![("K".into(), "v".into())],
            net: vec![
                of(ReachableHost::Any),
                of(ReachableHost::Subdomains("example.com".into())),
                of(ReachableHost::Address("10.0.0.0/8".into())),
            ],
            timeout_ms: Some(5),
            ..RunSpec::default()
        };
        let packed = spec.pack().expect("it is short");
        assert_eq!(RunSpec::unpack(&packed).expect("it is one"), spec);
        assert!(spec.granted("x", portion()).is_ok());
        let wrong = RunSpec {
            net: vec![of(ReachableHost::Address("somewhere".into()))],
            ..RunSpec::default()
        };
        assert!(matches!(
            wrong.granted("x", portion()),
            Err(RunSpecError::Address(_))
        ));
        let long = RunSpec {
            args: vec!["x".repeat(SPEC_BYTES_MAX)],
            ..RunSpec::default()
        };
        assert!(matches!(long.pack(), Err(RunSpecError::TooLong)));
    }
}
