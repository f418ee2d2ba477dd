//! How a person was admitted to a cluster, so that its nodes answer them over the network.

use std::net::SocketAddr;

use gary_promise::ClusterId;
use serde::{Deserialize, Serialize};

use super::person::Person;
use crate::cluster::{Chain, Credentials, Role, Token};
use crate::joining;
use crate::node::StartError;

/// How a person was admitted to a cluster, and where its nodes are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admittance {
    cluster: String,
    /// What is presented to nodes.
    admission: String,
    /// Nodes to ask, the first that answers of them.
    pub addresses: Vec<SocketAddr>,
}

impl Admittance {
    /// Has a person admitted by a token.
    ///
    /// # Errors
    /// When nobody lets them in.
    pub async fn by(person: &Person, token: &Token) -> Result<Self, StartError> {
        if token.invitation().role() == Role::Member {
            let why = "the token lets nodes in, and no people";
            return Err(StartError::NotAdmitted(why.to_owned()));
        }
        let any = SocketAddr::from(([0; 16], 0));
        let (chain, peer) = joining::admitted(person.seed(), token, any).await?;
        let others = token.addresses().iter().filter(|its| **its != peer.address);
        Ok(Self {
            cluster: token.cluster().to_string(),
            admission: hex::encode(Credentials::Admitted(chain).pack()),
            addresses: [peer.address].into_iter().chain(others.copied()).collect(),
        })
    }

    /// The same, for the node at this address alone.
    #[must_use]
    pub fn at(self, address: SocketAddr) -> Self {
        Self {
            addresses: vec![address],
            ..self
        }
    }

    /// The cluster, and what is presented to its nodes; nothing where that was changed by somebody.
    pub(super) fn read(&self) -> Option<(ClusterId, Chain)> {
        let cluster = self.cluster.parse().ok()?;
        let packed = hex::decode(&self.admission).ok()?;
        match Credentials::unpack(&packed)? {
            Credentials::Admitted(chain) => Some((cluster, chain)),
            Credentials::Invited(_) => None,
        }
    }
}
