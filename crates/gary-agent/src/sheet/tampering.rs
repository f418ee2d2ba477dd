//! What may be made of a sheet on its way, and what comes of it: nothing.

use gary_promise::{
    Batch, Body, BoundedSet, Codec, Condition, Fetch, Reason, SIGNATURE_BYTES, SheetHead,
    SheetPart, Signed, SignedRecord,
};

use super::{
    PARTS_MAX, Refused, SHEET_PROMISES_MAX,
    cut::cut,
    scene::Scene,
    testing::{Agent, Book, NotInTheBook, have, version},
};

/// Packs what is in nobody's book.
struct Mumble;

impl<T> Codec<T> for Mumble {
    type Error = NotInTheBook;

    fn pack(&self, _: &T) -> Vec<u8> {
        b"mumble".to_vec()
    }

    fn unpack(&self, _: &[u8]) -> Result<T, NotInTheBook> {
        Err(NotInTheBook::Unknown)
    }
}

fn batch(records: impl IntoIterator<Item = SignedRecord>) -> Batch {
    let mut batch = Batch::default();
    for record in records {
        assert!(batch.push(record), "there are few");
    }
    batch
}

fn forged<T>(signed: &Signed<T>) -> Signed<T> {
    Signed::claimed(signed.by(), signed.bytes(), [1; SIGNATURE_BYTES])
}

fn with(part: SheetPart, surplus: SignedRecord) -> SheetPart {
    let made = batch(part.made.records().iter().cloned().chain([surplus]));
    SheetPart { made, ..part }
}

fn declared(owner: &mut Agent, make: impl FnOnce(SheetHead) -> SheetHead) -> Signed<SheetHead> {
    let head = **owner.sheet.sheet().expect("it is signed").head();
    let declared = owner
        .promiser
        .declare(|version| make(SheetHead { version, ..head }), &Book);
    declared.expect("it is short").signed().clone()
}

type Tampering = (
    &'static str,
    Refused,
    fn(&mut Scene, SheetPart) -> SheetPart,
);

/// What a relay, or an owner that does not keep to the rules, may make of an honest answer.
const TAMPERINGS: &[Tampering] = &[
    ("leaves out what was made", Refused::Root, |_, part| {
        let made = Batch::default();
        SheetPart { made, ..part }
    }),
    ("leaves out what is gone", Refused::Root, |_, part| {
        let gone = BoundedSet::default();
        SheetPart { gone, ..part }
    }),
    ("shows what is gone", Refused::Root, |scene, part| {
        with(part, SignedRecord::Promise(scene.gone.signed().clone()))
    }),
    ("shows what came later", Refused::Root, |scene, part| {
        let later = scene.owner.declare(Body::Admit);
        with(part, SignedRecord::Promise(later.signed().clone()))
    }),
    ("says that more is gone", Refused::Root, |scene, part| {
        let first = scene.owner.promises[0].version();
        let gone = part.gone.iter().copied().chain([first]);
        let gone = BoundedSet::new(gone).expect("few");
        SheetPart { gone, ..part }
    }),
    ("another's promise", Refused::Foreign, |scene, part| {
        let theirs = scene.relay.promises[0].signed().clone();
        with(part, SignedRecord::Promise(theirs))
    }),
    ("a withdrawal", Refused::Kind, |scene, part| {
        let promise = scene.gone.clone();
        let withdrawal = scene
            .owner
            .promiser
            .withdraw(&promise, Reason::Leaving, &Book);
        let withdrawal = withdrawal.expect("its own").signed().clone();
        with(part, SignedRecord::Withdrawal(withdrawal))
    }),
    (
        "what is for a workload's own",
        Refused::Scope,
        |scene, part| {
            let details = scene.owner.declare(have(1));
            with(part, SignedRecord::Promise(details.signed().clone()))
        },
    ),
    ("a forged promise", Refused::Signature, |scene, part| {
        let forged = forged(scene.owner.promises[0].signed());
        with(part, SignedRecord::Promise(forged))
    }),
    ("an illegible promise", Refused::Illegible, |scene, part| {
        let owner = &mut scene.owner.promiser;
        let mumbled = owner.promise(Body::Admit, Condition::default(), &Mumble);
        let mumbled = mumbled.expect("short").signed().clone();
        with(part, SignedRecord::Promise(mumbled))
    }),
    ("a forged head", Refused::Signature, |_, part| {
        let head = forged(&part.head);
        SheetPart { head, ..part }
    }),
    ("an illegible head", Refused::Illegible, |scene, part| {
        let head = **scene.owner.sheet.sheet().expect("signed").head();
        let declared = scene.owner.promiser.declare(|_| head, &Mumble);
        let head = declared.expect("short").signed().clone();
        SheetPart { head, ..part }
    }),
    ("a head over too much", Refused::TooLarge, |scene, part| {
        let count = u32::try_from(SHEET_PROMISES_MAX).expect("few") + 1;
        let head = declared(&mut scene.owner, |head| SheetHead { count, ..head });
        SheetPart { head, ..part }
    }),
    (
        "a head over something else",
        Refused::Root,
        |scene, part| {
            let head = declared(&mut scene.owner, |head| SheetHead { count: 7, ..head });
            SheetPart { head, ..part }
        },
    ),
    ("too many parts", Refused::TooLarge, |_, part| {
        let parts = u32::try_from(PARTS_MAX).expect("few") + 1;
        SheetPart { parts, ..part }
    }),
    ("a part that is none", Refused::Shape, |_, part| SheetPart {
        part: 1,
        ..part
    }),
    ("no parts at all", Refused::Shape, |_, part| SheetPart {
        parts: 0,
        ..part
    }),
    ("changes to something else", Refused::Shape, |_, part| {
        let since = Some(version(1));
        SheetPart { since, ..part }
    }),
    ("an earlier start", Refused::Stale, |_, _| {
        let mut earlier = Agent::started(1, 1);
        (0..9).for_each(|_| {
            earlier.promise(Body::Admit);
        });
        earlier.sign();
        let sheet = earlier.sheet.sheet().expect("it is signed");
        cut(sheet, None).pop().expect("one part")
    }),
    ("an earlier head", Refused::Replay, |scene, _| {
        // What it was sent when it asked for the first time.
        let mut owner = Agent::started(1, 2);
        owner.promise(Body::Admit);
        owner.keep(1);
        owner.sign();
        assert_eq!(scene.sheets.version_of(owner.id()), Some(owner.head()));
        let sheet = owner.sheet.sheet().expect("it is signed");
        cut(sheet, None).pop().expect("one part")
    }),
];

#[test]
fn whatever_a_relay_makes_of_a_sheet_changes_nothing() {
    for (what, refused, tamper) in TAMPERINGS {
        let mut scene = Scene::new();
        let owner = scene.owner.id();
        let known = scene.sheets.version_of(owner);
        let honest = scene.honest();
        let tampered = tamper(&mut scene, honest.clone());
        scene.give(tampered);

        assert_eq!(scene.sheets.refusals().of(*refused), 1, "{what}");
        assert_eq!(scene.sheets.version_of(owner), known, "{what}");
        assert_eq!(scene.sheets.poll_change(), None, "{what}");
        assert_eq!(scene.sheets.fetches.staged_bytes(), 0, "{what}");

        // Then the sheet comes all the same: late from who was asked, or whole from the owner.
        if refused.ends_fetch() {
            let have = None;
            let fetch = Fetch { agent: owner, have };
            assert_eq!(scene.next_fetch(), Some((owner, fetch)), "{what}");
            let whole = scene.answer(None);
            scene.give_from(owner, whole);
        } else {
            scene.give(honest);
        }
        let change = scene.sheets.poll_change().expect(what);
        assert_eq!((change.came.len(), change.went.len()), (1, 1), "{what}");
        assert_eq!(change.went, [scene.gone.id()], "{what}");
    }
}
