//! Frames, envelopes and the hello as they were packed once, in `testdata`.

mod blessed;

use blessed::golden;
use gary_promise::{
    Absence, AgentId, Batch, BootEpoch, Bound, BoundedSet, Branch, Codec, DIGEST_BRANCHES, Denial,
    Digest, Dismissal, Failure, Fetch, Frame, Generation, Handover, Hint, Inquiry, Invitation,
    Listing, Misfit, Notice, Offers, PromiseId, Refusal, Renewal, Resources, SIGNATURE_BYTES,
    SheetPart, Signed, SignedRecord, Slot, Version, Why, WorkloadId,
};
use gary_wire::{Spoken, WireCodec};

const WORKLOAD: WorkloadId = WorkloadId::from_bytes([0x11; 16]);
const AGENT: AgentId = AgentId::from_bytes([0x33; 32]);
const SIGNATURE: [u8; SIGNATURE_BYTES] = [0x55; SIGNATURE_BYTES];

fn version(epoch: u64) -> Version {
    Version::first(BootEpoch(epoch))
}

fn versions<const MAX: usize>(epochs: [u64; 2]) -> BoundedSet<Version, MAX> {
    BoundedSet::new(epochs.map(version)).expect("two")
}

fn id(epoch: u64) -> PromiseId {
    PromiseId {
        promiser: AGENT,
        version: version(epoch),
    }
}

fn signed<T>() -> Signed<T> {
    Signed::claimed(AGENT, b"statement", SIGNATURE)
}

fn record(kind: &str) -> SignedRecord {
    let kind = kind.parse().expect("a kind");
    SignedRecord::claimed(kind, AGENT, b"statement", SIGNATURE)
}

fn batch() -> Batch {
    let mut batch = Batch::default();
    assert!(batch.push(record("promise")) && batch.push(record("vow")));
    batch
}

fn slots() -> BoundedSet<Slot, 64> {
    BoundedSet::new([Slot(1), Slot(300)]).expect("two")
}

fn branch() -> Branch {
    Branch::new(&[0xa, 5]).expect("two digits")
}

fn resources(cores_micro: u64) -> Resources {
    Resources::new(cores_micro, 64 << 20).expect("legal")
}

fn whys() -> Vec<(&'static str, Why)> {
    let (needed, promised) = (resources(2_000_000), resources(1_000_000));
    vec![
        ("not_considered", Why::NotConsidered),
        (
            "too_small",
            Why::Misfit(Misfit::Resources { needed, promised }),
        ),
        (
            "other_architecture",
            Why::Misfit(Misfit::Architecture {
                needed: "aarch64".parse().expect("legal"),
                promised: "riscv64".parse().expect("legal"),
            }),
        ),
        (
            "other_label",
            Why::Misfit(Misfit::Label {
                key: "zone".parse().expect("a key"),
                needed: "attic".parse().expect("a value"),
                promised: Some("cellar".parse().expect("a value")),
            }),
        ),
        (
            "no_interface",
            Why::Misfit(Misfit::Interface {
                needed: "wasi:http/types@0.2.12".parse().expect("legal"),
            }),
        ),
        (
            "no_room",
            Why::NoRoom {
                needed,
                left: promised,
            },
        ),
        (
            "superseded",
            Why::Superseded {
                by: Generation::new(7).expect("not zero"),
            },
        ),
        ("hosting", Why::Hosting),
        ("busy", Why::Busy),
        ("declined", Why::Declined),
    ]
}

fn refusal(why: Why) -> Frame {
    Frame::Refusal(Refusal {
        intent: id(1),
        workload: WORKLOAD,
        slots: slots(),
        why,
    })
}

fn frames() -> Vec<(&'static str, Frame)> {
    let mut hashes = [0; DIGEST_BRANCHES];
    hashes[5] = 0x0123_4567_89ab_cdef;
    vec![
        (
            "hint",
            Frame::Hint(Hint {
                agent: AGENT,
                version: version(5),
            }),
        ),
        (
            "fetch",
            Frame::Fetch(Fetch {
                agent: AGENT,
                have: Some(version(5)),
            }),
        ),
        (
            "sheet",
            Frame::Sheet(SheetPart {
                head: signed(),
                since: Some(version(4)),
                part: 1,
                parts: 2,
                made: batch(),
                gone: versions([2, 3]),
            }),
        ),
        (
            "digest",
            Frame::Digest(Digest {
                branch: branch(),
                hashes,
            }),
        ),
        (
            "listing",
            Frame::Listing(Listing {
                branch: branch(),
                known: BoundedSet::new([(AGENT, version(5))]).expect("one"),
                asks: true,
            }),
        ),
        ("told", Frame::Told(batch())),
        (
            "invitation",
            Frame::Invitation(Invitation {
                intent: signed(),
                // As before it was told.
                epoch: BootEpoch(0),
                slots: slots(),
                beside: BoundedSet::default(),
                awaited: BoundedSet::default(),
                keepers: BoundedSet::default(),
            }),
        ),
        (
            "invitation_epoch",
            Frame::Invitation(Invitation {
                intent: signed(),
                epoch: BootEpoch(3),
                slots: slots(),
                beside: BoundedSet::default(),
                awaited: BoundedSet::default(),
                keepers: BoundedSet::default(),
            }),
        ),
        (
            "invitation_keepers",
            Frame::Invitation(Invitation {
                intent: signed(),
                epoch: BootEpoch(3),
                slots: slots(),
                beside: BoundedSet::default(),
                awaited: BoundedSet::default(),
                keepers: BoundedSet::new([AGENT]).expect("one"),
            }),
        ),
        (
            "invitation_beside",
            Frame::Invitation(Invitation {
                intent: signed(),
                epoch: BootEpoch(3),
                slots: slots(),
                beside: BoundedSet::new([Slot(300)]).expect("one"),
                awaited: BoundedSet::default(),
                keepers: BoundedSet::default(),
            }),
        ),
        (
            "invitation_awaited",
            Frame::Invitation(Invitation {
                intent: signed(),
                epoch: BootEpoch(3),
                slots: slots(),
                beside: BoundedSet::default(),
                awaited: BoundedSet::new([Slot(300)]).expect("one"),
                keepers: BoundedSet::default(),
            }),
        ),
        (
            "dismissal",
            Frame::Dismissal(Dismissal {
                // As before it was told.
                epoch: BootEpoch(0),
                offers: versions([2, 3]),
            }),
        ),
        (
            "dismissal_epoch",
            Frame::Dismissal(Dismissal {
                epoch: BootEpoch(3),
                offers: versions([2, 3]),
            }),
        ),
        (
            "renewal",
            Frame::Renewal(Renewal {
                version: version(5),
                offered: versions([1, 2]),
                bound: versions([3, 4]),
                // As before there was any.
                by_others: Offers::default(),
                idle: BoundedSet::default(),
                ends_within: None,
            }),
        ),
        (
            "renewal_by_others",
            Frame::Renewal(Renewal {
                version: version(5),
                offered: Offers::default(),
                bound: versions([3, 6]),
                by_others: versions([1, 4]),
                idle: BoundedSet::default(),
                ends_within: None,
            }),
        ),
        (
            "renewal_idle",
            Frame::Renewal(Renewal {
                version: version(7),
                offered: Offers::default(),
                bound: versions([3, 6]),
                by_others: versions([1, 4]),
                idle: versions([4, 6]),
                ends_within: None,
            }),
        ),
        (
            "renewal_ends_within",
            Frame::Renewal(Renewal {
                version: version(8),
                offered: Offers::default(),
                bound: versions([3, 6]),
                by_others: versions([1, 4]),
                idle: BoundedSet::default(),
                ends_within: Some(Notice::from_ms(30_000).expect("legal")),
            }),
        ),
        (
            "bound",
            Frame::Bound(Box::new(Bound {
                asked_in: BootEpoch(0),
                answers: 0,
                offer: signed(),
                acceptance: signed(),
            })),
        ),
        (
            "bound_answering",
            Frame::Bound(Box::new(Bound {
                asked_in: BootEpoch(3),
                answers: 7,
                offer: signed(),
                acceptance: signed(),
            })),
        ),
        (
            "inquiry",
            Frame::Inquiry(Inquiry {
                epoch: BootEpoch(3),
                number: 0,
                offers: versions([2, 3]),
            }),
        ),
        (
            "inquiry_numbered",
            Frame::Inquiry(Inquiry {
                epoch: BootEpoch(3),
                number: 7,
                offers: versions([2, 3]),
            }),
        ),
        (
            "handover",
            Frame::Handover(Handover {
                version: version(5),
                offers: versions([2, 3]),
            }),
        ),
        (
            "absence",
            Frame::Absence(Absence {
                version: version(5),
                notice: Notice::from_ms(60_000).expect("legal"),
            }),
        ),
        (
            "denial",
            Frame::Denial(Denial {
                version: version(5),
                of: version(4),
                // As before it was told.
                failure: Failure::Unstated,
            }),
        ),
        (
            "denial_failure",
            Frame::Denial(Denial {
                version: version(5),
                of: version(4),
                failure: Failure::Ended,
            }),
        ),
    ]
}

fn assert_frame(name: &str, frame: &Frame) {
    let bytes = golden("frames", name, &WireCodec.pack(frame));
    let read: Frame = WireCodec.unpack(&bytes).expect(name);
    assert_eq!(&read, frame);
}

#[test]
fn frames_are_packed_as_ever() {
    for (name, frame) in frames() {
        assert_frame(name, &frame);
    }
    for (name, why) in whys() {
        assert_frame(&format!("refusal_{name}"), &refusal(why));
    }
}

/// A frame that was taken out before there was a release: it is refused like one of a later release, and its number
/// is not used again.
#[test]
fn what_is_said_no_more_is_not_taken_for_something_else() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/retired/surplus.hex");
    let text = std::fs::read_to_string(path).expect("it was packed once");
    let bytes = hex::decode(text.replace('\n', "")).expect("a golden file is hexadecimal");
    let read: Result<Frame, _> = WireCodec.unpack(&bytes);
    assert!(read.expect_err("nobody says it any more").is_later());
}

#[test]
fn envelopes_are_packed_as_ever() {
    for kind in ["promise", "withdrawal", "sheet head", "vow"] {
        let record = record(kind);
        let name = kind.replace(' ', "_");
        let bytes = golden("envelopes", &name, &WireCodec.pack(&record));
        let read: SignedRecord = WireCodec.unpack(&bytes).expect(kind);
        assert_eq!(read, record);
    }
}

#[test]
fn a_hello_is_packed_as_ever() {
    let spoken = Spoken::new(3, 4).expect("a span");
    let bytes = golden("hello", "spoken", &spoken.encode());
    assert_eq!(Spoken::decode(&bytes).expect("ours"), spoken);
}
