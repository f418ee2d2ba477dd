//! The hello: the one message that every version reads.

use gary_wire::{DecodeError, HELLO_BYTES_MAX, Spoken};
use proptest::prelude::*;

#[test]
fn a_hello_of_a_later_release_is_understood() {
    // From 7 to 8, and two fields that nobody knows.
    let bytes = [0x08, 7, 0x10, 8, 0x1a, 2, 1, 2, 0x40, 1];
    let theirs = Spoken::decode(&bytes).expect("a hello");
    assert_eq!(theirs.to_string(), "7 to 8");
    assert!(Spoken::HERE.agree(theirs).is_err());
}

#[test]
fn what_is_missing_or_illegal_is_named() {
    for (bytes, why) in [
        (&[][..], "hello.current is not legal"),
        (&[0x08, 2, 0x10, 1], "hello.current is not legal"),
        (&[0x08, 1, 0x08, 1], "hello.oldest stands more than 1 times"),
        (&[0x08], "hello is malformed"),
    ] {
        let error = Spoken::decode(bytes).expect_err(why);
        assert_eq!(error.to_string(), why);
    }
    let error = Spoken::decode(&[0; HELLO_BYTES_MAX + 1]).expect_err("too long");
    assert!(matches!(error, DecodeError::TooLong { .. }));
}

proptest! {
    #[test]
    fn a_hello_comes_back_the_same(oldest in 1..=u32::MAX, more: u32) {
        let spoken = Spoken::new(oldest, oldest.saturating_add(more)).expect("a span");
        prop_assert_eq!(Spoken::decode(&spoken.encode()).expect("ours"), spoken);
    }

    #[test]
    fn no_bytes_panic_or_are_later(bytes: Vec<u8>) {
        if let Err(error) = Spoken::decode(&bytes) {
            prop_assert!(!error.is_later());
        }
    }
}
