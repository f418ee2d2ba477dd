//! Records over the real codec: what is packed comes back, and what a peer sends is judged.

mod saying;

use gary_promise::{
    AgentKey, Body, BootEpoch, ClusterId, Codec, Condition, Promise, Promiser, Reason,
    STATEMENT_BYTES_MAX, Signed, Statement, Verifier, VerifyError, Withdrawal,
};
use gary_wire::{DecodeError, Head, RecordCodec};
use proptest::prelude::*;
use saying::{promises, withdrawals};

const CLUSTER: ClusterId = ClusterId::from_bytes([0xc1; 32]);

fn promiser() -> Promiser {
    Promiser::new(AgentKey::from_seed(&[1; 32]), CLUSTER, BootEpoch(1))
}

fn unpack(bytes: &[u8]) -> Result<Promise, DecodeError> {
    RecordCodec.unpack(bytes)
}

fn pack(promise: &Promise) -> Vec<u8> {
    RecordCodec.pack(promise)
}

fn admit() -> Vec<u8> {
    let own = promiser().promise(Body::Admit, Condition::default(), &RecordCodec);
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
    let verified = verifier.verify(came, &RecordCodec).expect("genuine");
    assert_eq!(verified.body(), &Body::Admit);
    assert_eq!(verified.signed().bytes(), bytes);
    let again = relayed(verified.signed());
    assert_eq!(
        verifier.verify(again, &RecordCodec).expect("genuine"),
        verified
    );
}

#[test]
fn what_is_of_a_later_version_is_said_to_be_and_keeps_its_place() {
    let version = unpack(&admit()).expect("ours").version();
    let mut later_body = admit()[..admit().len() - 3].to_vec();
    later_body.extend([0x8a, 0x01, 0]); // body 17
    let mut later_needs = admit();
    later_needs[1] = 2;
    for bytes in [later_body, later_needs] {
        let came = relayed(&signed(&bytes));
        let refused = Verifier::new(CLUSTER, 0).verify(came, &RecordCodec);
        let Err(VerifyError::Unpack { source, .. }) = refused else {
            panic!("it was understood: {refused:?}");
        };
        assert!(source.is_later(), "{source}");
        assert_eq!(Head::read(&bytes).expect("it has one").version, version);
    }
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
        (with(&[0x7a, 3, 0x0a, 1, 7]), "have.workload is not legal"),
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
            "promise.revises is not legal",
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
    let withdrawal: Withdrawal = RecordCodec.unpack(&bytes).expect("final");
    assert_eq!(withdrawal.reason(), Reason::Unstated);
}

proptest! {
    #[test]
    fn a_promise_comes_back_the_same(promise in promises()) {
        let bytes = pack(&promise);
        let head = Head::read(&bytes).expect("it has one");
        prop_assert_eq!((head.version, head.takes_back), (promise.version(), promise.revises()));
        prop_assert_eq!(unpack(&bytes).expect("ours"), promise);
    }

    #[test]
    fn a_withdrawal_comes_back_the_same(withdrawal in withdrawals()) {
        let bytes = RecordCodec.pack(&withdrawal);
        let head = Head::read(&bytes).expect("it has one");
        prop_assert_eq!(head.takes_back, Some(withdrawal.of()));
        let unpacked: Withdrawal = RecordCodec.unpack(&bytes).expect("ours");
        prop_assert_eq!(unpacked, withdrawal);
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let _ = unpack(&bytes);
        let _: Result<Withdrawal, _> = RecordCodec.unpack(&bytes);
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
        let verified = verifier.verify(relayed(&genuine), &RecordCodec).expect("genuine");
        prop_assert_eq!(&*verified, &promise);
        let refused = verifier.verify(flipped(&genuine, bit), &RecordCodec);
        let is_forged = matches!(refused, Err(VerifyError::Signature { .. }));
        prop_assert!(is_forged);
    }
}
