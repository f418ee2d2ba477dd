//! Records over the real codec: what is packed comes back, and what a peer sends is judged.

mod saying;

use gary_promise::{
    AgentKey, Body, BootEpoch, ClusterId, Codec, Condition, HeadCodec, Promise, Promiser, Reading,
    Reason, Record, STATEMENT_BYTES_MAX, SheetHead, Signed, SignedRecord, Statement, Verifier,
    VerifyError, Withdrawal,
};
use gary_wire::{DecodeError, WireCodec};
use proptest::prelude::*;
use saying::{promises, sheet_heads, withdrawals};

const CLUSTER: ClusterId = ClusterId::from_bytes([0xc1; 32]);

fn promiser() -> Promiser {
    Promiser::new(AgentKey::from_seed(&[1; 32]), CLUSTER, BootEpoch(1))
}

fn unpack(bytes: &[u8]) -> Result<Promise, DecodeError> {
    WireCodec.unpack(bytes)
}

fn pack(promise: &Promise) -> Vec<u8> {
    WireCodec.pack(promise)
}

fn admit() -> Vec<u8> {
    let own = promiser().promise(Body::Admit, Condition::default(), &WireCodec);
    own.expect("short").signed().bytes().to_vec()
}

/// Signs bytes as they are: what a peer of another release may have packed.
struct Raw(Vec<u8>);

impl Codec<Promise> for Raw {
    type Error = DecodeError;

    fn pack(&self, _: &Promise) -> Vec<u8> {
        self.0.clone()
    }

    fn unpack(&self, bytes: &[u8]) -> Result<Promise, DecodeError> {
        unpack(bytes)
    }
}

fn signed(bytes: &[u8]) -> Signed<Promise> {
    let raw = Raw(bytes.to_vec());
    let own = promiser().promise(Body::Admit, Condition::default(), &raw);
    own.expect("short").signed().clone()
}

fn relayed<T>(signed: &Signed<T>) -> Signed<T> {
    Signed::claimed(signed.by(), signed.bytes(), *signed.signature())
}

fn flipped<T: Statement>(signed: &Signed<T>, bit: usize) -> Signed<T> {
    let mut bytes = signed.bytes().to_vec();
    let mut signature = *signed.signature();
    let bit = bit % (8 * (bytes.len() + signature.len()));
    match bytes.get_mut(bit / 8) {
        Some(byte) => *byte ^= 1 << (bit % 8),
        None => signature[bit / 8 - bytes.len()] ^= 1 << (bit % 8),
    }
    Signed::claimed(signed.by(), &bytes, signature)
}

#[test]
fn unknown_fields_are_skipped_relayed_and_still_signed() {
    let mut bytes = admit();
    bytes.extend([0x82, 0x04, 3, 1, 2, 3]); // field 64, which no promise has yet
    let came = relayed(&signed(&bytes));
    let mut verifier = Verifier::new(CLUSTER, 0);
    let verified = verifier.verify(came, &WireCodec).expect("genuine");
    assert_eq!(verified.body(), &Body::Admit);
    assert_eq!(verified.signed().bytes(), bytes);
    let again = relayed(verified.signed());
    assert_eq!(
        verifier.verify(again, &WireCodec).expect("genuine"),
        verified
    );
}

/// The promise to admit, as two later releases may have packed it: with another body, and in another
/// way altogether.
fn of_later_releases() -> [Vec<u8>; 2] {
    let mut later_body = admit()[..admit().len() - 3].to_vec();
    later_body.extend([0x8a, 0x01, 0]); // body 17
    let mut later_needs = admit();
    later_needs[1] = 2;
    later_needs.extend([0x82, 0x01, 0]); // a second body
    [later_body, later_needs]
}

#[test]
fn what_is_of_a_later_version_is_said_to_be() {
    for bytes in of_later_releases() {
        let came = relayed(&signed(&bytes));
        let refused = Verifier::new(CLUSTER, 0).verify(came, &WireCodec);
        let Err(VerifyError::Unpack { source, .. }) = refused else {
            panic!("it was understood: {refused:?}");
        };
        assert!(source.is_later(), "{source}");
    }
}

#[test]
fn what_is_of_a_later_version_keeps_its_place_and_is_relayed_as_it_came() {
    let version = unpack(&admit()).expect("ours").version();
    for mut bytes in of_later_releases() {
        // It revises 1.9, wherever that stands in it.
        bytes.extend([0x1a, 4, 0x08, 1, 0x10, 9]);
        let came = relayed(&signed(&bytes));
        let mut verifier = Verifier::new(CLUSTER, 0);
        let reading = verifier.read(came, &WireCodec).expect("genuine");
        let Record::Later(later) = Record::from(reading) else {
            panic!("it was understood");
        };
        assert_eq!(later.version(), version);
        let revised = later.takes_back().expect("it revises one");
        assert_eq!(revised.version.to_string(), "1.9");

        let envelope = WireCodec.pack(later.signed());
        let relayed: SignedRecord = WireCodec.unpack(&envelope).expect("ours");
        assert_eq!(&relayed, later.signed());
        assert_eq!(relayed.bytes(), bytes);

        // Without a good signature, not even the head is believed.
        let forged = flipped(later.promise().expect("a promise"), 77);
        let refused = verifier.read(forged, &WireCodec);
        assert!(matches!(refused, Err(VerifyError::Signature { .. })));
    }
}

#[test]
fn what_this_release_reads_is_no_later_record() {
    let came = relayed(&signed(&admit()));
    let reading = Verifier::new(CLUSTER, 0).read(came, &WireCodec);
    assert!(matches!(reading, Ok(Reading::Now(_))));
    let refused = Verifier::new(CLUSTER, 0).read(signed(&admit()[..8]), &WireCodec);
    let Err(VerifyError::Unpack { source, .. }) = refused else {
        panic!("it was understood: {refused:?}");
    };
    assert!(!source.is_later(), "{source}");
}

#[test]
fn what_is_missing_or_illegal_is_named() {
    let version = [0x12, 4, 0x08, 1, 0x10, 1];
    let with = |rest: &[u8]| [&[0x08, 1], &version[..], rest].concat();
    for (bytes, why) in [
        (vec![], "record.needs is not legal"),
        (vec![0x08, 1], "record.version is missing"),
        (vec![0x08, 1, 0x12, 0], "version.sequence is not legal"),
        (with(&[]), "promise.body is missing"),
        (with(&[0x42, 0]), "capacity.resources is missing"),
        (with(&[0x7a, 3, 0x12, 1, 7]), "have.component is not legal"),
        (
            with(&[0x82, 0x01, 0, 0x42, 0]),
            "promise.capacity stands more than 1 times",
        ),
        (
            [
                &[0x08, 1],
                &version[..],
                &[0x1a, 4],
                &version[2..],
                &[0x82, 0x01, 0],
            ]
            .concat(),
            "record.takes_back is not legal",
        ),
    ] {
        let error = unpack(&bytes).expect_err(why);
        assert_eq!(error.to_string(), why);
    }
}

#[test]
fn a_million_labels_are_refused_before_they_are_read() {
    // As many labels of two bytes as fit, in a capacity of that length.
    let labels = [0x12, 0].repeat(60_000);
    let mut bytes = vec![0x08, 1, 0x12, 4, 0x08, 1, 0x10, 1, 0x42, 0xc0, 0xa9, 0x07];
    bytes.extend(labels);
    let error = unpack(&bytes).expect_err("too many");
    assert_eq!(
        error.to_string(),
        "capacity.labels stands more than 64 times"
    );
    let error = unpack(&vec![0; STATEMENT_BYTES_MAX + 1]).expect_err("too long");
    assert!(matches!(error, DecodeError::TooLong { .. }));
}

#[test]
fn a_withdrawal_for_an_unknown_reason_is_one() {
    let bytes = [
        0x08, 1, 0x12, 4, 0x08, 1, 0x10, 2, 0x1a, 4, 0x08, 1, 0x10, 1, 0x20, 99,
    ];
    let withdrawal: Withdrawal = WireCodec.unpack(&bytes).expect("final");
    assert_eq!(withdrawal.reason(), Reason::Unstated);
}

proptest! {
    #[test]
    fn a_promise_comes_back_the_same(promise in promises()) {
        let bytes = pack(&promise);
        let head = WireCodec.head(&bytes).expect("it has one");
        prop_assert_eq!((head.version(), head.takes_back()), (promise.version(), promise.revises()));
        prop_assert_eq!(unpack(&bytes).expect("ours"), promise);
    }

    #[test]
    fn a_withdrawal_comes_back_the_same(withdrawal in withdrawals()) {
        let bytes = WireCodec.pack(&withdrawal);
        let head = WireCodec.head(&bytes).expect("it has one");
        prop_assert_eq!(head.takes_back(), Some(withdrawal.of()));
        let unpacked: Withdrawal = WireCodec.unpack(&bytes).expect("ours");
        prop_assert_eq!(unpacked, withdrawal);
    }

    #[test]
    fn the_head_of_a_sheet_comes_back_the_same(sheet in sheet_heads()) {
        let bytes = WireCodec.pack(&sheet);
        let head = WireCodec.head(&bytes).expect("it has one");
        prop_assert_eq!((head.version(), head.takes_back()), (sheet.version, None));
        let unpacked: SheetHead = WireCodec.unpack(&bytes).expect("ours");
        prop_assert_eq!(unpacked, sheet);
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let _ = unpack(&bytes);
        let _: Result<Withdrawal, _> = WireCodec.unpack(&bytes);
        let _: Result<SheetHead, _> = WireCodec.unpack(&bytes);
        let _ = WireCodec.head(&bytes);
    }

    #[test]
    fn no_bytes_that_are_nearly_right_panic(
        promise in promises(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = pack(&promise);
        for (index, byte) in changes {
            *index.get_mut(&mut bytes) = byte;
        }
        // What is understood nevertheless is legal and can be said again.
        if let Ok(other) = unpack(&bytes) {
            prop_assert_eq!(unpack(&pack(&other)).expect("ours"), other);
        }
    }

    #[test]
    fn a_record_with_a_bit_changed_never_verifies(promise in promises(), bit: usize) {
        let genuine = signed(&pack(&promise));
        let mut verifier = Verifier::new(CLUSTER, 4);
        let verified = verifier.verify(relayed(&genuine), &WireCodec).expect("genuine");
        prop_assert_eq!(&*verified, &promise);
        let refused = verifier.verify(flipped(&genuine, bit), &WireCodec);
        let is_forged = matches!(refused, Err(VerifyError::Signature { .. }));
        prop_assert!(is_forged);
    }
}
