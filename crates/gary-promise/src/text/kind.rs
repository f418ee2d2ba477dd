//! What a statement is said to be.

use super::bounded_text::{bounded_text, flawless};

bounded_text! {
    /// What a statement is said to be, such as `promise`: lower-case letters, digits, blanks and `-`.
    ///
    /// It goes under the signature and travels beside it. So whoever does not know the kind can tell
    /// nevertheless that it was signed as one.
    Kind,
    what: "the kind of a statement",
    bytes_max: 32,
    legal: |c| c.is_ascii_lowercase() || c.is_ascii_digit() || " -".contains(c),
    flaw: flawless,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Promise, SheetHead, Statement, Withdrawal};

    #[test]
    fn every_kind_of_record_is_one() {
        for kind in [Promise::KIND, Withdrawal::KIND, SheetHead::KIND] {
            assert_eq!(kind.parse::<Kind>().expect(kind).as_str(), kind);
        }
        for text in ["", "Promise", "a\nb", &"k".repeat(Kind::BYTES_MAX + 1)] {
            assert!(text.parse::<Kind>().is_err(), "{text:?}");
        }
    }
}
