//! What a workload needs of a machine.

use crate::{Architecture, Interfaces, Labels, Portion};

/// What each hosting of a workload needs of the machine it is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    /// Processor time and memory. The use half of what a binding enforces.
    pub portion: Portion,
    /// Labels that the machine must have, with these values.
    pub labels: Labels,
    /// What the machine must be built for, where that matters.
    pub architecture: Option<Architecture>,
    /// What the component imports.
    pub interfaces: Interfaces,
}
