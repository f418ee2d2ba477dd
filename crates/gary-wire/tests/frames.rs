//! Frames: what one agent sends comes to another the same, or is refused.

mod conversing;
mod saying;

use conversing::{frames, records};
use gary_promise::{
    AgentId, AgentKey, Asked, BATCH_BYTES_MAX, Ballot, Batch, BootEpoch, BoundedSet, ClusterId,
    Codec, CommitSequence, Completion, Configuration, ConfigurationEpoch, Consultation, Consults,
    EARLIER_MAX, Earlier, Entrusted, Entry, Era, Frame, IDLE_MAX, KEEPERS_MAX, NOTICE_MS_MAX, Note,
    Notice, Outcome, PromiseId, Promiser, Question, RECORDS_MAX, RENEWED_MAX, RUNS_MAX, Renewal,
    Run, RunKey, Runner, Runs, SHEET_GONE_MAX, SIGNATURE_BYTES, STATEMENT_BYTES_MAX, Sequence,
    SheetPart, Signed, SignedRecord, Slot, Statement, Tick, Verifier, VerifyError, Version,
    WallTime, WorkloadName,
};
use gary_wire::{DecodeError, FRAME_BYTES_MAX, WireCodec, WireVersion};
use proptest::prelude::*;
use prost::encoding::{decode_varint, encode_varint};
use saying::{promises, sheet_heads, withdrawals};

const CLUSTER: ClusterId = ClusterId::from_bytes([0xc1; 32]);

fn promiser() -> Promiser {
    Promiser::new(AgentKey::from_seed(&[1; 32]), CLUSTER, BootEpoch(1))
}

fn signed<T: Statement + Clone>(value: &T) -> Signed<T>
where
    WireCodec: Codec<T>,
{
    let own = promiser().declare(|_| value.clone(), &WireCodec);
    own.expect("short").signed().clone()
}

fn pack(frame: &Frame) -> Vec<u8> {
    WireCodec.pack(frame)
}

fn unpack(bytes: &[u8]) -> Result<Frame, DecodeError> {
    WireCodec.unpack(bytes)
}

/// A frame with a field more, in the message of its kind, that no version has yet.
fn with_unknown_inside(frame: &[u8]) -> Vec<u8> {
    let mut rest = &frame[2..];
    let key = decode_varint(&mut rest).expect("a kind");
    decode_varint(&mut rest).expect("its length");
    let inside = [rest, &[0x82, 0x04, 3, 1, 2, 3]].concat();
    let mut changed = frame[..2].to_vec();
    encode_varint(key, &mut changed);
    encode_varint(inside.len() as u64, &mut changed);
    changed.extend(inside);
    changed
}

/// As many versions as there may be, each as long as they get.
fn longest_versions<const MAX: usize>() -> BoundedSet<Version, MAX> {
    let versions = (0..MAX as u64).map(|number| Version {
        epoch: BootEpoch(u64::MAX),
        sequence: Sequence::new(u64::MAX - number).expect("not zero"),
    });
    BoundedSet::new(versions).expect("as many as there may be")
}

fn longest<T>() -> Signed<T> {
    let by = AgentId::from_bytes([0xff; 32]);
    Signed::claimed(by, &[0xff; STATEMENT_BYTES_MAX], [0xff; SIGNATURE_BYTES])
}

fn longest_runs() -> Runs {
    let version = *longest_versions::<1>().iter().next().expect("there is one");
    let offer = PromiseId {
        promiser: AgentId::from_bytes([0xff; 32]),
        version,
    };
    let run = Run {
        attempt: u32::MAX,
        failures: u32::MAX,
        by: Runner {
            offer,
            asked: version,
        },
        ended: Some(Completion {
            outcome: Outcome::Exited(u32::MAX),
            at: Some(WallTime(u64::MAX)),
            note: Some("n".repeat(Note::BYTES_MAX).parse().expect("a note")),
        }),
    };
    let keys = (0..RUNS_MAX as u32).map(|slot| RunKey {
        tick: Tick(u64::MAX),
        slot: Slot(u32::MAX - slot),
    });
    let counts = (u64::MAX, u64::MAX);
    Runs::new(keys.map(|key| (key, run.clone())), counts).expect("as many as there may be")
}

/// A keeper asks others, of a name as long as names get, to vote for as much as a register holds.
fn longest_consults() -> Consults {
    let epoch = ConfigurationEpoch::new(u64::MAX).expect("not zero");
    let begun = AgentId::from_bytes([0xff; 32]);
    let epoch = epoch.of(Era::new(u64::MAX, begun));
    let keepers = (0..KEEPERS_MAX as u8).map(|byte| AgentId::from_bytes([byte; 32]));
    let configuration = Configuration::new(epoch, keepers).expect("as many as there may be");
    let by = AgentId::from_bytes([0xff; 32]);
    let versions = longest_versions::<EARLIER_MAX>();
    let earlier = versions.iter().map(|version| PromiseId {
        promiser: by,
        version: *version,
    });
    let entrusted = Entrusted {
        configuration: configuration.clone(),
        content: Entry {
            intent: longest(),
            earlier: Earlier::new(earlier),
            runs: longest_runs(),
        },
    };
    let asked = Asked {
        configuration,
        ballot: Ballot {
            counter: u64::MAX,
            by,
            epoch: BootEpoch(u64::MAX),
        },
        question: Question::Accept(entrusted),
    };
    Consults {
        name: "n".repeat(WorkloadName::BYTES_MAX).parse().expect("a name"),
        sequence: CommitSequence(u64::MAX),
        what: Consultation::Asked(asked),
    }
}

#[test]
fn what_is_of_a_later_version_is_said_to_be() {
    for bytes in [
        &[0x08, 2][..],
        &[0x08, 2, 0x42, 1, 0x08],
        &[0x08, 1, 0xfa, 0x01, 0],             // frame 31
        &[0x08, 1, 0x7a, 4, 0x22, 2, 0x7a, 0], // why 15 of a refusal
        &[0x08, 1, 0xaa, 0x01, 2, 0x62, 0],    // consultation 12
        &[0x08, 1, 0xba, 0x01, 2, 0x7a, 0],    // verdict 15 of a settlement
    ] {
        let error = unpack(bytes).expect_err("it is later");
        assert!(error.is_later(), "{error}");
    }
}

#[test]
fn what_is_missing_or_illegal_is_named() {
    for (bytes, why) in [
        (&[][..], "frame.needs is missing"),
        (&[0x08, 1], "frame.kind is missing"),
        (&[0x08, 1, 0x42, 0], "hint.agent is missing"),
        (
            &[0x08, 1, 0x42, 0, 0x4a, 0],
            "frame.fetch stands more than 1 times",
        ),
        (&[0x08, 1, 0x52, 0], "sheet.part is not legal"),
        (
            &[0x08, 1, 0x5a, 3, 0x0a, 1, 16],
            "digest.branch is not legal",
        ),
        (&[0x08, 1, 0x5a, 0], "digest.hashes is not legal"),
        (&[0x08, 1, 0x5a, 3, 0x12, 1, 0], "frame is no protobuf"),
        (
            &[0x08, 1, 0x62, 3, 0x0a, 1, 16],
            "listing.branch is not legal",
        ),
        (&[0x08, 1, 0x62, 2, 0x18, 2], "listing.asks is not legal"),
        (&[0x08, 1, 0x6a, 2, 0x0a, 0], "envelope.kind is missing"),
        (&[0x08, 1, 0xaa, 0x01, 0], "consults.what is missing"),
        (
            &[0x08, 1, 0xaa, 0x01, 4, 0x4a, 2, 0x08, 1],
            "answered.ballot is missing",
        ),
        (
            &[0x08, 1, 0xaa, 0x01, 4, 0x42, 0, 0x52, 0],
            "consults.chosen stands more than 1 times",
        ),
        (
            &[0x08, 1, 0xaa, 0x01, 2, 0x52, 0],
            "vote.entrusted is missing",
        ),
        (&[0x08, 1, 0xb2, 0x01, 0], "submission.intent is missing"),
        (&[0x08, 1, 0xba, 0x01, 0], "settlement.intent is missing"),
        (
            &[0x08, 1, 0x6a, 5, 0x0a, 3, 0x0a, 1, b'P'],
            "envelope.kind is not legal",
        ),
        (
            &[0x08, 1, 0x72, 2, 0x10, 1],
            "invitation.slots is malformed",
        ),
    ] {
        let error = unpack(bytes).expect_err(why);
        assert_eq!(error.to_string(), why);
    }
}

#[test]
fn a_batch_has_room_for_so_many() {
    let by = AgentId::from_bytes([7; 32]);
    let short = SignedRecord::Promise(Signed::claimed(by, b"", [7; SIGNATURE_BYTES]));
    let mut batch = Batch::default();
    assert!((0..RECORDS_MAX).all(|_| batch.push(short.clone())));
    assert!(!batch.push(short));
    let frame = Frame::Told(batch);
    assert_eq!(unpack(&pack(&frame)).expect("ours"), frame);

    let mut batch = Batch::default();
    let long = SignedRecord::Promise(longest());
    assert!(batch.push(long.clone()) && !batch.push(long));
}

#[test]
fn the_longest_frames_fit() {
    let by = AgentId::from_bytes([0xff; 32]);
    let kind = "k".repeat(gary_promise::Kind::BYTES_MAX);
    let kind: gary_promise::Kind = kind.parse().expect("a kind");
    let mut made = Batch::default();
    let record =
        |bytes: &[u8]| SignedRecord::claimed(kind.clone(), by, bytes, [7; SIGNATURE_BYTES]);
    assert!(made.push(record(&[7; STATEMENT_BYTES_MAX])));
    while made.push(record(&[])) {}
    let sheet = Frame::Sheet(SheetPart {
        head: longest(),
        since: longest_versions::<1>().iter().next().copied(),
        part: u32::MAX - 1,
        parts: u32::MAX,
        made,
        gone: longest_versions::<SHEET_GONE_MAX>(),
    });
    let renewal = Frame::Renewal(Renewal {
        version: Version::first(BootEpoch(u64::MAX)),
        offered: longest_versions::<RENEWED_MAX>(),
        bound: longest_versions::<RENEWED_MAX>(),
        by_others: longest_versions::<RENEWED_MAX>(),
        idle: longest_versions::<IDLE_MAX>(),
        ends_within: Notice::from_ms(NOTICE_MS_MAX).ok(),
    });
    let consults = Frame::Consults(Box::new(longest_consults()));
    for frame in [sheet, renewal, consults] {
        let bytes = pack(&frame);
        assert!(bytes.len() <= FRAME_BYTES_MAX, "{}", bytes.len());
        assert_eq!(unpack(&bytes).expect("ours"), frame);
    }
}

#[test]
fn what_is_too_much_is_refused_before_it_is_read() {
    let told = |records: usize| {
        let mut bytes = vec![0x08, 1, 0x6a];
        encode_varint(2 * records as u64, &mut bytes);
        bytes.extend([0x0a, 0].repeat(records));
        bytes
    };
    let error = unpack(&told(BATCH_BYTES_MAX / 4)).expect_err("too many");
    let why = "told.records stands more than 1024 times";
    assert_eq!(error.to_string(), why);

    let offers = [0x12, 0].repeat(RENEWED_MAX + 1);
    let mut renewal = vec![0x08, 1, 0x8a, 0x01];
    encode_varint(offers.len() as u64, &mut renewal);
    renewal.extend(offers);
    let error = unpack(&renewal).expect_err("too many");
    assert_eq!(
        error.to_string(),
        "renewal.offered stands more than 1024 times"
    );

    let error = unpack(&vec![0; FRAME_BYTES_MAX + 1]).expect_err("too long");
    assert!(matches!(error, DecodeError::TooLong { .. }));
}

#[test]
fn records_that_are_too_much_together_are_refused() {
    // Three records of 100 KB, which fit a frame by their bytes and no batch.
    let record = |_| {
        SignedRecord::Promise(Signed::claimed(
            AgentId::from_bytes([7; 32]),
            &[7; 100_000],
            [7; SIGNATURE_BYTES],
        ))
    };
    let envelopes: Vec<Vec<u8>> = (0..3).map(record).map(|its| WireCodec.pack(&its)).collect();
    let mut inside = Vec::new();
    for envelope in envelopes {
        inside.push(0x0a);
        encode_varint(envelope.len() as u64, &mut inside);
        inside.extend(envelope);
    }
    let mut bytes = vec![0x08, 1, 0x6a];
    encode_varint(inside.len() as u64, &mut bytes);
    bytes.extend(inside);
    let error = unpack(&bytes).expect_err("too much");
    assert!(
        matches!(
            error,
            DecodeError::FieldTooLong {
                field: "told.records",
                ..
            }
        ),
        "{error}"
    );
}

/// Something that a later release signs.
struct Vow;

impl Statement for Vow {
    const KIND: &'static str = "vow";
}

impl Codec<Vow> for Vow {
    type Error = DecodeError;

    fn pack(&self, _: &Vow) -> Vec<u8> {
        // Its head, which takes back 1.1, and something of its own.
        vec![
            0x08, 9, 0x12, 4, 0x08, 1, 0x10, 2, 0x1a, 4, 0x08, 1, 0x10, 1, 0x22, 1, 0xff,
        ]
    }

    fn unpack(&self, _: &[u8]) -> Result<Vow, DecodeError> {
        Ok(Vow)
    }
}

#[test]
fn a_record_of_an_unknown_kind_is_verified_and_travels_as_it_came() {
    let own = promiser().declare(|_| Vow, &Vow).expect("short");
    let (by, signed) = (own.by(), own.signed());
    let record = |kind: &str| {
        let kind = kind.parse().expect("a kind");
        SignedRecord::claimed(kind, by, signed.bytes(), *signed.signature())
    };
    let came = |record: &SignedRecord| match WireCodec.unpack(&WireCodec.pack(record)) {
        Ok(SignedRecord::Unknown(unknown)) => unknown,
        other => panic!("{other:?}"),
    };
    let mut verifier = Verifier::new(CLUSTER, 0);
    let later = verifier
        .read_unknown(came(&record("vow")), &WireCodec)
        .expect("genuine");
    assert_eq!(later.signed(), &record("vow"));
    assert_eq!(later.head().needs(), 9);
    assert_eq!(later.version().to_string(), "1.2");
    assert_eq!(later.takes_back().expect("one").version.to_string(), "1.1");

    let refused = verifier.read_unknown(came(&record("oath")), &WireCodec);
    assert!(matches!(refused, Err(VerifyError::Signature { .. })));
}

proptest! {
    #[test]
    fn a_frame_comes_back_the_same(frame in frames()) {
        let bytes = pack(&frame);
        prop_assert!(bytes.len() <= FRAME_BYTES_MAX);
        prop_assert_eq!(WireCodec::needs(&frame), WireVersion::CURRENT);
        if let Frame::Hint(_) = frame {
            prop_assert!(bytes.len() <= 100, "it fits a datagram, with room to spare");
        }
        prop_assert_eq!(unpack(&bytes).expect("ours"), frame);
    }

    #[test]
    fn unknown_fields_are_skipped(frame in frames()) {
        let bytes = pack(&frame);
        let beside = [&bytes[..], &[0x82, 0x04, 3, 1, 2, 3]].concat();
        prop_assert_eq!(&unpack(&beside).expect("a field more"), &frame);
        prop_assert_eq!(unpack(&with_unknown_inside(&bytes)).expect("a field more"), frame);
    }

    #[test]
    fn of_a_later_version_nothing_else_is_looked_at(frame in frames(), later in 2..99_u8) {
        let mut bytes = pack(&frame);
        bytes[1] = later;
        let body = bytes.clone();
        bytes.extend(&body[2..]);
        prop_assert!(unpack(&bytes).expect_err("it is later").is_later());
    }

    #[test]
    fn a_record_comes_back_the_same(record in records()) {
        let back: SignedRecord = WireCodec.unpack(&WireCodec.pack(&record)).expect("ours");
        prop_assert_eq!(back, record);
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let _ = unpack(&bytes);
        let _: Result<SignedRecord, _> = WireCodec.unpack(&bytes);
    }

    #[test]
    fn no_bytes_that_are_nearly_right_panic(
        frame in frames(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = pack(&frame);
        for (index, byte) in changes {
            *index.get_mut(&mut bytes) = byte;
        }
        // What is understood nevertheless is legal and can be said again.
        if let Ok(other) = unpack(&bytes) {
            prop_assert_eq!(unpack(&pack(&other)).expect("ours"), other);
        }
    }

    #[test]
    fn what_two_relays_passed_on_verifies(
        promise in promises(),
        withdrawal in withdrawals(),
        head in sheet_heads(),
    ) {
        let mut frame = Frame::Told({
            let mut batch = Batch::default();
            assert!(batch.push(signed(&promise).into()));
            assert!(batch.push(signed(&withdrawal).into()));
            assert!(batch.push(signed(&head).into()));
            batch
        });
        for _ in 0..2 {
            frame = unpack(&pack(&frame)).expect("ours");
        }
        let Frame::Told(batch) = frame else { panic!("it was told") };
        let [
            SignedRecord::Promise(first),
            SignedRecord::Withdrawal(second),
            SignedRecord::SheetHead(third),
        ] = batch.records() else { panic!("one of each") };
        prop_assert_eq!(first.bytes(), WireCodec.pack(&promise));
        let mut verifier = Verifier::new(CLUSTER, 0);
        let verified = verifier.verify(first.clone(), &WireCodec).expect("genuine");
        prop_assert_eq!(&*verified, &promise);
        let verified = verifier.verify(second.clone(), &WireCodec).expect("genuine");
        prop_assert_eq!(&*verified, &withdrawal);
        let verified = verifier.verify(third.clone(), &WireCodec).expect("genuine");
        prop_assert_eq!(&*verified, &head);
    }
}
