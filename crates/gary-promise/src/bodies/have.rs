//! Which component an agent can give away.

use crate::ComponentDigest;

/// The constraint of `+have`: the promiser gives a component's bytes to whoever asks for them by their digest.
///
/// No workload stands in it: several may run one component, and before its first deploy is committed it is none's. So
/// neither who asks nor who answers tells which workload is made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Have {
    /// The component.
    pub component: ComponentDigest,
}
