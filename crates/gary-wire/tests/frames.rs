//! Frames: what one agent sends comes to another the same, or is refused.

mod saying;

use gary_promise::{
    AgentId, AgentKey, BootEpoch, ClusterId, Codec, Notice, Promise, Promiser, Reason, Sequence,
    Verifier, Version, Withdrawal,
};
use gary_wire::{
    Absence, Batch, DecodeError, Denial, Frame, Hint, RECORDS_MAX, RecordCodec, Renewal, Reply,
    Request, SignedRecord, Spoken,
};
use proptest::prelude::*;
use saying::{promises, withdrawals};

const CLUSTER: ClusterId = ClusterId::from_bytes([0xc1; 32]);

fn promiser() -> Promiser {
    Promiser::new(AgentKey::from_seed(&[1; 32]), CLUSTER, BootEpoch(1))
}

fn signed(promise: &Promise) -> SignedRecord {
    let own = promiser().declare(|_| promise.clone(), &RecordCodec);
    SignedRecord::Promise(own.expect("short").signed().clone())
}

fn withdrawn(withdrawal: Withdrawal) -> SignedRecord {
    let own = promiser().declare(|_| withdrawal, &RecordCodec);
    SignedRecord::Withdrawal(own.expect("short").signed().clone())
}

fn frames() -> impl Strategy<Value = Frame> {
    let version = (any::<u64>(), 1..=u64::MAX).prop_map(|(epoch, sequence)| Version {
        epoch: BootEpoch(epoch),
        sequence: Sequence::new(sequence).expect("not zero"),
    });
    let record = prop_oneof![
        promises().prop_map(|promise| signed(&promise)),
        withdrawals().prop_map(withdrawn),
    ];
    let records = prop::collection::vec(record, 0..4);
    let span = (1..=600_000_u32).prop_map(|ms| Notice::from_ms(ms).expect("legal"));
    let agent = any::<[u8; 32]>().prop_map(AgentId::from_bytes);
    let parts = (version.clone(), version, agent, records, span, any::<u32>());
    (0..8_u8, parts).prop_map(|(kind, (version, of, agent, records, notice, count))| {
        let mut batch = Batch::default();
        assert!(records.into_iter().all(|record| batch.push(record)));
        let is_last = count % 2 == 0;
        let after = is_last.then_some(of);
        match kind {
            0 => Frame::Hello(Spoken::HERE),
            1 => Frame::Hint(Hint { agent, version }),
            2 => Frame::Request(Request { agent, after }),
            3 => Frame::Reply(Reply { batch, is_last }),
            4 => Frame::Told(batch),
            5 => Frame::Renewal(Renewal { version, count }),
            6 => Frame::Absence(Absence { version, notice }),
            _ => Frame::Denial(Denial { version, of }),
        }
    })
}

#[test]
fn what_is_of_a_later_version_is_said_to_be() {
    for bytes in [&[0x08, 2][..], &[0x08, 1, 0x10, 99]] {
        let error = Frame::decode(bytes).expect_err("it is later");
        assert!(error.is_later(), "{error}");
    }
    let error = Frame::decode(&[0x08, 1]).expect_err("it has no kind");
    assert_eq!(error.to_string(), "frame.kind is missing");
}

#[test]
fn a_record_of_an_unknown_kind_travels_as_it_came() {
    let version = |epoch| Version::first(BootEpoch(epoch));
    let withdrawal = Withdrawal::new(version(2), version(1), Reason::Leaving).expect("legal");
    let mut bytes = withdrawn(withdrawal).encode();
    bytes[1] = 99;
    bytes.extend([0x28, 7]); // field 5, which no envelope has yet
    let record = SignedRecord::decode(&bytes).expect("an envelope");
    assert!(matches!(record, SignedRecord::Unknown(_)));
    assert_eq!(record.encode(), bytes);
}

#[test]
fn a_batch_has_room_for_so_many() {
    let version = |epoch| Version::first(BootEpoch(epoch));
    let withdrawal = Withdrawal::new(version(2), version(1), Reason::Leaving).expect("legal");
    let record = withdrawn(withdrawal);
    let mut batch = Batch::default();
    assert!((0..RECORDS_MAX).all(|_| batch.push(record.clone())));
    assert!(!batch.push(record));
    let frame = Frame::Told(batch);
    assert_eq!(Frame::decode(&frame.encode()).expect("ours"), frame);
}

proptest! {
    #[test]
    fn a_frame_comes_back_the_same(frame in frames()) {
        let bytes = frame.encode();
        if matches!(frame, Frame::Hint(_) | Frame::Renewal(_)) {
            prop_assert!(bytes.len() <= 100, "they are sent often");
        }
        prop_assert_eq!(Frame::decode(&bytes).expect("ours"), frame);
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let _ = Frame::decode(&bytes);
        let _ = SignedRecord::decode(&bytes);
    }

    #[test]
    fn no_bytes_that_are_nearly_right_panic(
        frame in frames(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = frame.encode();
        for (index, byte) in changes {
            *index.get_mut(&mut bytes) = byte;
        }
        if let Ok(other) = Frame::decode(&bytes) {
            prop_assert_eq!(Frame::decode(&other.encode()).expect("ours"), other);
        }
    }

    #[test]
    fn what_two_relays_passed_on_verifies(promise in promises()) {
        let mut frame = Frame::Told({
            let mut batch = Batch::default();
            assert!(batch.push(signed(&promise)));
            batch
        });
        for _ in 0..2 {
            frame = Frame::decode(&frame.encode()).expect("ours");
        }
        let Frame::Told(batch) = frame else { panic!("it was told") };
        let [SignedRecord::Promise(came)] = batch.records() else { panic!("one promise") };
        prop_assert_eq!(came.bytes(), RecordCodec.pack(&promise));
        let verified: Result<_, gary_promise::VerifyError<DecodeError>> =
            Verifier::new(CLUSTER, 0).verify(came.clone(), &RecordCodec);
        prop_assert_eq!(&*verified.expect("genuine"), &promise);
    }
}
