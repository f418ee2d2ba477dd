//! Which version of a workload.

use super::counted::counted;

counted! {
    /// How often a workload was deployed: 1 when it is founded, one more with every update.
    Generation, first: "The generation that founds a workload."
}
