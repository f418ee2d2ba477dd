//! What people call a workload.

use super::bounded_text::{bounded_text, dns_flaw};

bounded_text! {
    /// The name of a workload, such as `hello`: a DNS label, so that it can stand in a host name.
    ///
    /// People use it, and custody is by name. It may come to mean another workload, which a
    /// [`WorkloadId`](crate::WorkloadId) never does.
    WorkloadName,
    what: "the name of a workload",
    bytes_max: 63,
    legal: |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-',
    flaw: dns_flaw,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_dns_label() {
        for name in ["hello", "web-2", "9"] {
            assert_eq!(name.parse::<WorkloadName>().expect(name).as_str(), name);
        }
        for name in ["", "Hello", "a.b", "-a", "a-", "a b"] {
            name.parse::<WorkloadName>().expect_err(name);
        }
    }
}
