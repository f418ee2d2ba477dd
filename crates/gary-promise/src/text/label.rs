//! One label: its key and its value.

use super::bounded_text::{bounded_text, flawless};

bounded_text! {
    /// The key of a label, such as `zone` or `example.com/rack`.
    ///
    /// Lower-case letters, digits, `.`, `_`, `-` and `/`. `node` is refused: an intent spreads over
    /// `node` to mean the agents themselves, and no agent may give itself out as several.
    LabelKey,
    what: "the key of a label",
    bytes_max: 63,
    legal: |c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/".contains(c),
    flaw: |key| (key == "node").then_some("is `node`, which means the agent itself"),
}

bounded_text! {
    /// The value of a label, such as `attic`. Anything but control characters.
    LabelValue,
    what: "the value of a label",
    bytes_max: 63,
    legal: |c| !c.is_control(),
    flaw: flawless,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TextError;

    #[test]
    fn keys_and_values_are_read() {
        for key in ["zone", "example.com/rack", "a_b-9"] {
            assert_eq!(key.parse::<LabelKey>().expect(key).as_str(), key);
        }
        for value in ["attic", "Küche 2", "="] {
            assert_eq!(value.parse::<LabelValue>().expect(value).as_str(), value);
        }
    }

    #[test]
    fn the_node_itself_cannot_be_a_label() {
        let error = "node".parse::<LabelKey>().expect_err("reserved");
        assert_eq!(
            error.to_string(),
            "the key of a label is `node`, which means the agent itself"
        );
    }

    #[test]
    fn others_are_refused_with_the_reason() {
        let what = "the value of a label";
        let refused = |text: &str| text.parse::<LabelValue>().expect_err("it is none");
        assert_eq!(refused(""), TextError::Empty { what });
        assert_eq!(refused("a\nb"), TextError::Character { what, found: '\n' });
        assert_eq!(
            refused(&"é".repeat(32)),
            TextError::TooLong {
                what,
                bytes: 64,
                bytes_max: 63
            }
        );
    }
}
