//! Which cluster.

use super::byte_id::byte_id;

byte_id! {
    /// A cluster: the public key of its root, as 32 bytes.
    ///
    /// It goes into whatever an agent signs. A person has one key for all clusters, so that without
    /// it what they told a cluster for trials could be replayed to the one that matters.
    ClusterId, 32, ""
}
