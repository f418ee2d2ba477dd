//! What a workload asked for and was not granted, for somebody who could grant it.

use std::net::{IpAddr, SocketAddr};

/// Something that a workload asked for and was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// To reach a host, by HTTP, TCP or UDP.
    Host {
        /// The name or the address, IPv6 without brackets.
        host: String,
        /// The port.
        port: u16,
        /// Whether it is an address that only a grant of its own covers: loopback, private,
        /// link-local and the like.
        special: bool,
    },
    /// To look a name up.
    Name(String),
    /// To reach a granted name that leads to special addresses only, which are not granted.
    Special {
        /// The name.
        name: String,
        /// One of the addresses.
        addr: IpAddr,
        /// The port, where one is known.
        port: Option<u16>,
    },
    /// To bind a socket to any free port, where nothing of the network is granted. It may have been
    /// to send from there, to a host that nobody knows by now, or to be sent to.
    Bind,
    /// To bind or to listen, at first here. Leave to listen is for every port, so others are not told.
    Listen(SocketAddr),
    /// More of the network than is told; the last that is.
    More,
    /// Directories: it looked for those that it was given, and there are none. Some languages look
    /// as they start and others once a path is opened, so this alone is no sign of trouble.
    Directories,
}

/// Who is told of what is denied.
pub trait DenialSink: Send + Sync {
    /// Takes one denial. Of the network each is told once a replica and no more than a few dozen
    /// are; [`Denied::Directories`] comes as often as the guest asks. Called where the guest runs,
    /// by several instances at once: it should not wait for long. Names are a guest's own words.
    fn denied(&self, denied: &Denied);
}
