//! Which workload.

use sha2::{Digest, Sha256};

use super::{PromiseId, byte_id::byte_id};

byte_id! {
    /// A workload (its uid): 16 bytes that follow from the promise that founded it.
    ///
    /// Nobody chooses it, so nobody can found a workload under the uid of another, and none is ever
    /// used twice, because no promise is.
    WorkloadId, 16, ""
}

/// Before what is hashed, so that these hashes are of nothing else.
const DOMAIN: &[u8] = b"gary workload 1";

impl WorkloadId {
    /// The workload that the intent `founder` founds.
    ///
    /// Half of a SHA-256: to meet a given uid takes 2¹²⁸ attempts, and who makes two of their own
    /// workloads share one harms only these.
    pub fn founded_by(founder: PromiseId) -> Self {
        let mut hash = Sha256::new();
        hash.update(DOMAIN);
        hash.update(founder.promiser.as_bytes());
        hash.update(founder.version.epoch.0.to_le_bytes());
        hash.update(founder.version.sequence.get().to_le_bytes());
        let hash: [u8; 32] = hash.finalize().into();

        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        Self(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{AgentId, BootEpoch, Sequence, Version};

    fn founded(agent: u8, epoch: u64, sequence: u64) -> WorkloadId {
        WorkloadId::founded_by(PromiseId {
            promiser: AgentId::from_bytes([agent; 32]),
            version: Version {
                epoch: BootEpoch(epoch),
                sequence: Sequence::new(sequence).expect("not zero"),
            },
        })
    }

    #[test]
    fn differs_with_agent_epoch_and_sequence() {
        let one = founded(1, 1, 1);
        assert_eq!(one, founded(1, 1, 1));
        for other in [founded(2, 1, 1), founded(1, 2, 1), founded(1, 1, 2)] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn stays_what_it_was_in_earlier_releases() {
        assert_eq!(
            founded(1, 1, 1).to_string(),
            "fbf0c154671009eec96c203e1dbfcf76"
        );
    }
}
