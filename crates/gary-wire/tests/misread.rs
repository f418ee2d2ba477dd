//! What a peer can get wrong in bytes, each counted by its reason.

use std::collections::BTreeMap;

use gary_promise::{Codec, Frame, Promise, STATEMENT_BYTES_MAX};
use gary_wire::{FRAME_BYTES_MAX, Misread, WireCodec};

/// A promise of the first version: what needs what, and when it was made.
const HEAD: [u8; 8] = [0x08, 1, 0x12, 4, 0x08, 1, 0x10, 1];

fn promise(rest: &[u8]) -> Option<Misread> {
    let bytes = [&HEAD[..], rest].concat();
    let read: Result<Promise, _> = WireCodec.unpack(&bytes);
    read.err().map(|error| error.misread())
}

fn frame(bytes: &[u8]) -> Option<Misread> {
    let read: Result<Frame, _> = WireCodec.unpack(bytes);
    read.err().map(|error| error.misread())
}

#[test]
fn what_a_peer_gets_wrong_is_refused_and_counted_by_its_reason() {
    // As many labels of two bytes as fit, in a capacity of that length.
    let a_million_labels = [&[0x42, 0xc0, 0xa9, 0x07][..], &[0x12, 0].repeat(60_000)].concat();
    // 2^63 cores, in a capacity of an architecture.
    let most = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01];
    let absurd_capacity = [
        &[0x42, 23, 0x0a, 13, 0x08][..],
        &most,
        &[0x10, 1, 0x1a, 6],
        b"x86_64",
    ];
    let absurd_capacity = absurd_capacity.concat();
    let mut counted: BTreeMap<Misread, u32> = BTreeMap::new();
    for (what, refused, expected) in [
        (
            "a million labels",
            promise(&a_million_labels),
            Misread::TooOften,
        ),
        (
            "an absurd capacity",
            promise(&absurd_capacity),
            Misread::Illegal,
        ),
        ("a promise of nothing", promise(&[]), Misread::Missing),
        ("a later body", promise(&[0x8a, 0x01, 0]), Misread::Later),
        (
            "a frame of a future version",
            frame(&[0x08, 2]),
            Misread::Later,
        ),
        (
            "a frame of a future kind",
            frame(&[0x08, 1, 0xb2, 0x01, 0]),
            Misread::Later,
        ),
        ("a frame of nothing", frame(&[0x08, 1]), Misread::Missing),
        (
            "two frames in one",
            frame(&[0x08, 1, 0x42, 0, 0x4a, 0]),
            Misread::TooOften,
        ),
        (
            "no frame at all",
            frame(&[0x08, 1, 0x42]),
            Misread::Malformed,
        ),
        (
            "an endless frame",
            frame(&vec![0; FRAME_BYTES_MAX + 1]),
            Misread::TooLong,
        ),
        (
            "an endless promise",
            promise(&vec![0; STATEMENT_BYTES_MAX]),
            Misread::TooLong,
        ),
    ] {
        assert_eq!(refused, Some(expected), "{what}");
        *counted.entry(expected).or_default() += 1;
    }
    assert_eq!(counted.len(), 6, "every reason there is: {counted:?}");
}
