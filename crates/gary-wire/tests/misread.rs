//! What a peer can get wrong in bytes, each counted by its reason.

use std::{collections::BTreeMap, error::Error};

use gary_promise::{Codec, EARLIER_MAX, Frame, KEEPERS_MAX, Promise, STATEMENT_BYTES_MAX};
use gary_wire::{FRAME_BYTES_MAX, Misread, WireCodec};
use prost::encoding::encode_varint;

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
            frame(&[0x08, 1, 0xfa, 0x01, 0]),
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

/// A field of bytes, or of a message.
fn field(tag: u32, inside: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_varint(u64::from(tag << 3 | 2), &mut bytes);
    encode_varint(inside.len() as u64, &mut bytes);
    bytes.extend(inside);
    bytes
}

/// A configuration of an epoch, and of keepers by the byte that their ids are made of.
fn configuration(epoch: u8, keepers: impl IntoIterator<Item = u8>) -> Vec<u8> {
    let keepers = keepers.into_iter().map(|byte| field(2, &[byte; 32]));
    [vec![0x08, epoch], keepers.flatten().collect()].concat()
}

/// The same of a register that was begun again so often, by an agent of so many bytes.
fn again(number: u8, by: usize) -> Vec<u8> {
    let era = [vec![0x08, number], field(2, &vec![7; by])].concat();
    [configuration(1, [1, 2]), field(3, &era)].concat()
}

/// A frame of a kind, with what is in it.
fn kind(tag: u32, inside: &[Vec<u8>]) -> Vec<u8> {
    [vec![0x08, 1], field(tag, &inside.concat())].concat()
}

/// What these keepers have committed, in which all else is right.
fn committed(keepers: &[u8]) -> Vec<u8> {
    kind(23, &[field(1, &promise_id()), field(8, keepers)])
}

/// Something that was chosen, of this configuration, with so many intents before it.
fn chosen(configuration: &[u8], earlier: usize) -> Vec<u8> {
    let earlier = field(2, &promise_id()).repeat(earlier);
    let content = [field(1, &signed()), earlier].concat();
    let entrusted = [field(1, configuration), field(2, &content)].concat();
    kind(21, &[field(1, b"hello"), field(10, &field(2, &entrusted))])
}

/// An answer of a keeper who was not asked, in this epoch.
fn answered(epoch: u8) -> Vec<u8> {
    let ballot = field(2, &[7; 32]);
    let answered = [vec![0x08, epoch], field(2, &ballot), field(14, &[])].concat();
    kind(21, &[field(1, b"hello"), field(9, &answered)])
}

/// An intent conflicts with this generation.
fn conflict(generation: u8) -> Vec<u8> {
    kind(23, &[field(1, &promise_id()), vec![0x48, generation]])
}

fn signed() -> Vec<u8> {
    [field(1, &[7; 32]), field(2, &[7; 64]), field(3, b"intent")].concat()
}

fn promise_id() -> Vec<u8> {
    [field(1, &[7; 32]), field(2, &[0x08, 1, 0x10, 1])].concat()
}

#[test]
fn what_keepers_get_wrong_is_refused_by_its_own_reason() {
    let right = configuration(1, [1, 2]);
    for bytes in [
        committed(&configuration(1, 1..=KEEPERS_MAX as u8)),
        committed(&again(1, 32)),
        chosen(&right, EARLIER_MAX),
        answered(1),
        conflict(1),
    ] {
        assert_eq!(frame(&bytes), None, "all of it is right");
    }

    let nobody = "configuration.keepers is not legal: a register has no keeper";
    let epoch_zero = "configuration.epoch is not legal: 0 is not from 1 to 18446744073709551615";
    let agent = "01".repeat(32);
    let twice = format!("configuration.keepers is not legal: {agent} keeps a register twice");
    for (bytes, why, expected) in [
        (
            committed(&configuration(0, [1, 2])),
            epoch_zero,
            Misread::Illegal,
        ),
        (
            chosen(&configuration(0, [1, 2]), 0),
            epoch_zero,
            Misread::Illegal,
        ),
        (
            answered(0),
            "answered.epoch is not legal: 0 is not from 1 to 18446744073709551615",
            Misread::Illegal,
        ),
        (
            conflict(0),
            "settlement.conflict is not legal: 0 is not from 1 to 18446744073709551615",
            Misread::Illegal,
        ),
        (
            committed(&again(0, 32)),
            "era.number is not legal: 0 is not from 1 to 18446744073709551615",
            Misread::Illegal,
        ),
        (
            committed(&again(1, 31)),
            "era.by is not legal: there are 31 bytes instead of 32",
            Misread::Illegal,
        ),
        (committed(&configuration(1, [])), nobody, Misread::Illegal),
        (chosen(&configuration(1, []), 0), nobody, Misread::Illegal),
        (
            committed(&configuration(1, 1..=KEEPERS_MAX as u8 + 1)),
            "configuration.keepers stands more than 6 times",
            Misread::TooOften,
        ),
        (
            committed(&configuration(1, [1, 2, 1])),
            twice.as_str(),
            Misread::Illegal,
        ),
        (
            chosen(&right, EARLIER_MAX + 1),
            "entry.earlier stands more than 16 times",
            Misread::TooOften,
        ),
    ] {
        let read: Result<Frame, _> = WireCodec.unpack(&bytes);
        let error = read.expect_err(why);
        let flaw = error.source().map(|flaw| format!(": {flaw}"));
        assert_eq!(format!("{error}{}", flaw.unwrap_or_default()), why);
        assert_eq!(error.misread(), expected, "{why}");
    }
}
