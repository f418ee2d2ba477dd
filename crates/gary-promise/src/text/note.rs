//! What is said of something, for people.

use super::bounded_text::{bounded_text, flawless};

bounded_text! {
    /// What a host says of how a run ended, for people.
    Note,
    what: "a note",
    bytes_max: 256,
    legal: |c| !c.is_control(),
    flaw: flawless,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_of_one_line_that_is_not_too_long_is_one() {
        assert!("wrote 3 invoices, 0 failed".parse::<Note>().is_ok());
        for text in ["", "two\nlines", &"n".repeat(Note::BYTES_MAX + 1)] {
            assert!(text.parse::<Note>().is_err(), "{text:?}");
        }
    }
}
