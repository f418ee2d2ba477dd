//! That an agent belongs to a cluster.

use ed25519_dalek::SigningKey;
use gary_promise::{AgentId, ClusterId};

use super::signing::{has_signed, message, sign};

/// The most steps from an agent's admission back to the root. Who is so many away admits nobody.
pub const ADMISSION_STEPS_MAX: usize = 16;

/// As what somebody belongs to a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// A node: it admits others too.
    Member,
    /// A person, who deploys.
    Client,
    /// A person who looks and changes nothing.
    Reader,
}

/// One who belongs to a cluster says that another does too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    pub(super) agent: AgentId,
    pub(super) role: Role,
    /// The root's own, where it is the first.
    pub(super) by: AgentId,
    pub(super) signature: Vec<u8>,
}

/// How an agent was admitted: its own admission, that of who admitted it, and so on until the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain(Vec<Admission>);

/// An agent does not belong to a cluster, as far as it can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AdmissionError {
    /// It shows nothing, or what is no admission of its own.
    #[error("it shows no admission of its own")]
    NotTheirs,
    /// It goes back to another root, or to none.
    #[error("its admission is of another cluster")]
    OtherCluster,
    /// Somebody admitted it who was no member.
    #[error("its admission is by somebody who may admit nobody")]
    NotByAMember,
    /// It goes back in too many steps.
    #[error("its admission is more than {ADMISSION_STEPS_MAX} steps from the root")]
    TooFar,
}

impl Role {
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Member => 1,
            Self::Client => 2,
            Self::Reader => 3,
        }
    }

    pub(super) const fn of_number(number: u32) -> Option<Self> {
        match number {
            1 => Some(Self::Member),
            2 => Some(Self::Client),
            3 => Some(Self::Reader),
            _ => None,
        }
    }
}

impl Admission {
    pub(super) const fn signed(
        agent: AgentId,
        role: Role,
        by: AgentId,
        signature: Vec<u8>,
    ) -> Self {
        Self {
            agent,
            role,
            by,
            signature,
        }
    }
}

impl Chain {
    /// Of whom the root has admitted itself.
    pub fn first(admission: Admission) -> Self {
        Self(vec![admission])
    }

    pub(super) const fn of(steps: Vec<Admission>) -> Self {
        Self(steps)
    }

    pub(super) fn steps(&self) -> &[Admission] {
        &self.0
    }

    /// Admits another: `seed` is that of the key of whose chain this is.
    ///
    /// # Errors
    /// When that would be too far from the root.
    pub fn admit(
        &self,
        seed: &[u8; 32],
        cluster: ClusterId,
        agent: AgentId,
        role: Role,
    ) -> Result<Self, AdmissionError> {
        if self.0.len() >= ADMISSION_STEPS_MAX {
            return Err(AdmissionError::TooFar);
        }
        let key = SigningKey::from_bytes(seed);
        let by = AgentId::from_bytes(key.verifying_key().to_bytes());
        let signed = message_of(cluster, agent, role, by);
        let admission = Admission::signed(agent, role, by, sign(&key, &signed));
        let steps = [admission].into_iter().chain(self.0.iter().cloned());
        Ok(Self(steps.collect()))
    }

    /// Whether an agent belongs to a cluster by this, and as what.
    ///
    /// # Errors
    /// Why it does not.
    pub fn check(&self, cluster: ClusterId, agent: AgentId) -> Result<Role, AdmissionError> {
        if self.0.len() > ADMISSION_STEPS_MAX {
            return Err(AdmissionError::TooFar);
        }
        let first = self.0.first().filter(|its| its.agent == agent);
        let role = first.ok_or(AdmissionError::NotTheirs)?.role;
        let mut admitted = agent;
        for (index, step) in self.0.iter().enumerate() {
            if step.agent != admitted {
                return Err(AdmissionError::OtherCluster);
            }
            if index > 0 && step.role != Role::Member {
                return Err(AdmissionError::NotByAMember);
            }
            let signed = message_of(cluster, step.agent, step.role, step.by);
            if !has_signed(step.by.as_bytes(), &signed, &step.signature) {
                return Err(AdmissionError::OtherCluster);
            }
            admitted = step.by;
        }
        match admitted.as_bytes() == cluster.as_bytes() {
            true => Ok(role),
            false => Err(AdmissionError::OtherCluster),
        }
    }
}

pub(super) fn message_of(cluster: ClusterId, agent: AgentId, role: Role, by: AgentId) -> Vec<u8> {
    let parts: [&[u8]; 4] = [
        cluster.as_bytes(),
        agent.as_bytes(),
        &[role.number()],
        by.as_bytes(),
    ];
    message("gary admission 1", &parts)
}

#[cfg(test)]
mod tests {
    use gary_promise::AgentKey;

    use super::*;
    use crate::cluster::RootKey;

    fn id(seed: u8) -> AgentId {
        AgentKey::from_seed(&[seed; 32]).id()
    }

    #[test]
    fn goes_back_to_the_root_step_by_step() {
        let root = RootKey::from_seed(&[1; 32]);
        let cluster = root.cluster();
        let mut chain = Chain::first(root.admit(id(2), Role::Member));
        assert_eq!(chain.check(cluster, id(2)), Ok(Role::Member));
        let mut last = 2;
        while let Ok(next) = chain.admit(&[last; 32], cluster, id(last + 1), Role::Member) {
            last += 1;
            assert_eq!(next.check(cluster, id(last)), Ok(Role::Member));
            chain = next;
        }
        assert_eq!(chain.steps().len(), ADMISSION_STEPS_MAX);
    }

    #[test]
    fn nobody_is_let_in_by_what_is_not_so() {
        let [root, other] = [1, 9].map(|seed| RootKey::from_seed(&[seed; 32]));
        let cluster = root.cluster();
        let first = Chain::first(root.admit(id(2), Role::Member));
        let refused =
            |chain: &Chain, agent| chain.check(cluster, agent).expect_err("it is refused");
        assert_eq!(refused(&first, id(3)), AdmissionError::NotTheirs);
        assert_eq!(
            refused(&Chain::of(vec![]), id(3)),
            AdmissionError::NotTheirs
        );
        let elsewhere = Chain::first(other.admit(id(2), Role::Member));
        assert_eq!(refused(&elsewhere, id(2)), AdmissionError::OtherCluster);
        // By one who was never admitted, or not as a member, or in another's name.
        let own = Chain::of(vec![]).admit(&[3; 32], cluster, id(3), Role::Member);
        let own = own.expect("nothing is looked at when it is signed");
        assert_eq!(refused(&own, id(3)), AdmissionError::OtherCluster);
        let client = Chain::first(root.admit(id(4), Role::Client));
        assert_eq!(client.check(cluster, id(4)), Ok(Role::Client));
        let by_client = client.admit(&[4; 32], cluster, id(5), Role::Member);
        let by_client = by_client.expect("nothing is looked at when it is signed");
        assert_eq!(refused(&by_client, id(5)), AdmissionError::NotByAMember);
        let forged = first.admit(&[7; 32], cluster, id(5), Role::Member);
        let forged = forged.expect("nothing is looked at when it is signed");
        assert_eq!(refused(&forged, id(5)), AdmissionError::OtherCluster);
        let mut raised = client;
        raised.0[0].role = Role::Member;
        assert_eq!(refused(&raised, id(4)), AdmissionError::OtherCluster);
    }
}
