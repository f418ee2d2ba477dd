//! Tells somebody who could grant it what a guest was denied, and the flag that grants it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gary_host::{DenialSink, Denied, Replica};
use gary_manifest::{NetGrant, Workload};

use crate::report::Reporter;

/// What one workload's guest is denied.
pub(crate) struct Denials {
    reporter: Arc<Reporter>,
    name: String,
    /// Whether anything of the network is granted, which then does not cover what is denied.
    grants_net: bool,
    /// Whether the guest looked for directories and has none.
    lacks_directories: AtomicBool,
}

/// What was denied in words, and the flag that grants it.
type Told = (String, Option<String>);

impl Denials {
    pub(crate) fn of(workload: &Workload, reporter: &Arc<Reporter>) -> Arc<Self> {
        Arc::new(Self {
            reporter: reporter.clone(),
            name: workload.name.to_string(),
            grants_net: !workload.net.is_empty(),
            lacks_directories: AtomicBool::new(false),
        })
    }

    /// Tells at the end of a guest that failed that it had no directory, if it looked for one. A
    /// guest that comes to a good end has not missed any. Neither may one that makes sockets have:
    /// C libraries look for directories and sockets in one go.
    pub(crate) fn at_a_bad_end(&self, replica: &Replica) {
        if self.lacks_directories.load(Ordering::Relaxed) && !replica.made_sockets() {
            let message = format!("{} looked for files and was given no directory", self.name);
            self.reporter
                .denied(&self.name, &message, Some("--dir HOST::GUEST"));
        }
    }

    fn tell(&self, (what, hint): Told) {
        let message = format!("{} was denied {what}", self.name);
        self.reporter.denied(&self.name, &message, hint.as_deref());
    }

    /// A host, at a port where one is known.
    fn host(&self, host: &str, port: Option<u16>, special: bool) -> Told {
        let at = At { host, port };
        let why = match special && self.grants_net {
            true => ", a loopback, private or link-local address, which needs a grant of its own",
            false => "",
        };
        (format!("the network: {at}{why}"), grant(&at))
    }
}

impl DenialSink for Denials {
    fn denied(&self, denied: &Denied) {
        self.tell(match denied {
            Denied::Host {
                host,
                port,
                special,
            } => self.host(host, Some(*port), *special),
            Denied::Name(name) => {
                let at = At {
                    host: name,
                    port: None,
                };
                (format!("the network: looking up {name}"), grant(&at))
            }
            Denied::Special { name, addr, port } => {
                let host = addr.to_string();
                let (told, grant) = self.host(&host, *port, true);
                (format!("{told} ({name} leads to it)"), grant)
            }
            Denied::Bind => bind(),
            Denied::Listen(addr) => listen(*addr),
            Denied::More => ("more of the network than is told here".to_owned(), None),
            Denied::Directories => {
                return self.lacks_directories.store(true, Ordering::Relaxed);
            }
        });
    }
}

fn bind() -> Told {
    let hint = "--allow-net HOST:PORT, or --listen-net for what comes from anywhere";
    (
        "the network: binding a socket".to_owned(),
        Some(hint.to_owned()),
    )
}

fn listen(addr: SocketAddr) -> Told {
    let told = format!("the network: listening at {addr}");
    (told, Some("--listen-net".to_owned()))
}

/// The flag that grants a host, where it is one that can be granted: a guest asks for what it likes.
fn grant(at: &At<'_>) -> Option<String> {
    let grant: NetGrant = at.to_string().parse().ok()?;
    Some(format!("--allow-net {grant}"))
}

/// A host and a port as a grant is written.
struct At<'a> {
    host: &'a str,
    port: Option<u16>,
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.parse() {
            Ok(IpAddr::V6(addr)) => write!(f, "[{addr}]")?,
            _ => f.write_str(self.host)?,
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}
