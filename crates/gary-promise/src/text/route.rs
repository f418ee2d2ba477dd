//! Under which host names a workload is reached.

use super::bounded_text::{bounded_text, dns_flaw};
use crate::amount::BoundedSet;

/// The most routes of one workload.
pub const ROUTES_MAX: usize = 16;

/// The routes of one workload, at most [`ROUTES_MAX`].
pub type Routes = BoundedSet<Route, ROUTES_MAX>;

bounded_text! {
    /// A host name by which an ingress knows a workload, such as `hello.localhost`: lower case,
    /// without a final dot.
    Route,
    what: "a route",
    bytes_max: 253,
    legal: |c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c),
    flaw: |name| name.split('.').find_map(dns_flaw),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_host_name() {
        let longest = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(61));
        for name in ["hello.localhost", "a", "_x.example.com", longest.as_str()] {
            assert_eq!(name.parse::<Route>().expect(name).as_str(), name);
        }
        let long_part = "a".repeat(64);
        let too_long = format!("{longest}c");
        for name in [
            "", "a..b", "a.", "-a.b", "A.b", "a/b", &long_part, &too_long,
        ] {
            name.parse::<Route>().expect_err(name);
        }
    }
}
