//! What the tests of sheets are made of.

use std::{cell::RefCell, collections::BTreeMap};

use gary_promise::{
    AgentId, AgentKey, Body, BootEpoch, ClusterId, Codec, ComponentDigest, Condition, Frame, Have,
    Head, HeadCodec, Keep, Own, Promise, Promiser, Reason, Routes, Sequence, SheetHead,
    SignedRecord, Verifier, Version, Withdrawal, WorkloadId,
};

use super::OwnSheet;

/// The cluster that everybody in the tests is in.
const CLUSTER: ClusterId = ClusterId::from_bytes([0xc1; 32]);

thread_local! {
    static PROMISES: RefCell<BTreeMap<Vec<u8>, Promise>> = const { RefCell::new(BTreeMap::new()) };
    static LATER: RefCell<BTreeMap<Vec<u8>, Head>> = const { RefCell::new(BTreeMap::new()) };
    static HEADS: RefCell<BTreeMap<Vec<u8>, SheetHead>> = const { RefCell::new(BTreeMap::new()) };
}

/// A codec that knows what was packed in the same test: the bytes are a value's debug form.
pub(super) struct Book;

/// What a later release packs, of which a [`Book`] reads the head only.
pub(super) struct LaterBook;

/// Why bytes are not in the book.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotInTheBook {
    /// Nobody packed them.
    #[error("this is in no book")]
    Unknown,
    /// A later release did.
    #[error("this is in a later book")]
    Later,
}

impl Codec<Promise> for Book {
    type Error = NotInTheBook;

    fn pack(&self, promise: &Promise) -> Vec<u8> {
        let bytes = format!("{promise:?}").into_bytes();
        PROMISES.with_borrow_mut(|book| book.insert(bytes.clone(), promise.clone()));
        bytes
    }

    fn unpack(&self, bytes: &[u8]) -> Result<Promise, NotInTheBook> {
        if LATER.with_borrow(|later| later.contains_key(bytes)) {
            return Err(NotInTheBook::Later);
        }
        PROMISES.with_borrow(|book| book.get(bytes).cloned().ok_or(NotInTheBook::Unknown))
    }
}

impl HeadCodec for Book {
    type Error = NotInTheBook;

    fn head(&self, bytes: &[u8]) -> Result<Head, NotInTheBook> {
        LATER.with_borrow(|later| later.get(bytes).copied().ok_or(NotInTheBook::Unknown))
    }

    fn is_later(&self, refused: &NotInTheBook) -> bool {
        matches!(refused, NotInTheBook::Later)
    }
}

impl Codec<Promise> for LaterBook {
    type Error = NotInTheBook;

    fn pack(&self, promise: &Promise) -> Vec<u8> {
        let bytes = format!("later {promise:?}").into_bytes();
        let head = Head::new(2, promise.version(), promise.revises());
        let head = head.expect("it does not revise itself");
        LATER.with_borrow_mut(|later| later.insert(bytes.clone(), head));
        bytes
    }

    fn unpack(&self, _: &[u8]) -> Result<Promise, NotInTheBook> {
        Err(NotInTheBook::Unknown)
    }
}

impl Codec<SheetHead> for Book {
    type Error = NotInTheBook;

    fn pack(&self, head: &SheetHead) -> Vec<u8> {
        let bytes = format!("{head:?}").into_bytes();
        HEADS.with_borrow_mut(|book| book.insert(bytes.clone(), *head));
        bytes
    }

    fn unpack(&self, bytes: &[u8]) -> Result<SheetHead, NotInTheBook> {
        HEADS.with_borrow(|book| book.get(bytes).copied().ok_or(NotInTheBook::Unknown))
    }
}

impl Codec<Withdrawal> for Book {
    type Error = NotInTheBook;

    fn pack(&self, withdrawal: &Withdrawal) -> Vec<u8> {
        format!("{withdrawal:?}").into_bytes()
    }

    fn unpack(&self, _: &[u8]) -> Result<Withdrawal, NotInTheBook> {
        Err(NotInTheBook::Unknown)
    }
}

/// An agent with a sheet, and ways to say things that cannot fail.
pub(super) struct Agent {
    pub(super) number: u16,
    pub(super) promiser: Promiser,
    pub(super) sheet: OwnSheet,
    /// What it has put on its sheet and not withdrawn.
    pub(super) promises: Vec<Own<Promise>>,
}

impl Agent {
    /// The agent of this number, started for the first time.
    pub(super) fn new(number: u16) -> Self {
        Self::started(number, 1)
    }

    /// The agent of this number after a start. Made twice, the two are clones.
    pub(super) fn started(number: u16, epoch: u64) -> Self {
        let mut seed = [7; 32];
        seed[..2].copy_from_slice(&number.to_le_bytes());
        let promiser = Promiser::new(AgentKey::from_seed(&seed), CLUSTER, BootEpoch(epoch));
        Self {
            number,
            sheet: OwnSheet::new(promiser.id()),
            promiser,
            promises: Vec::new(),
        }
    }

    pub(super) fn id(&self) -> AgentId {
        self.promiser.id()
    }

    /// Promises something, and puts it on no sheet.
    pub(super) fn declare(&mut self, body: Body) -> Own<Promise> {
        let promise = self.promiser.promise(body, Condition::default(), &Book);
        promise.expect("it is short")
    }

    /// Promises something to everyone.
    pub(super) fn promise(&mut self, body: Body) -> Own<Promise> {
        let promise = self.declare(body);
        self.put(promise)
    }

    /// Promises to keep a workload.
    pub(super) fn keep(&mut self, workload: u8) -> Own<Promise> {
        self.promise(Body::Keep(Keep {
            workload: WorkloadId::from_bytes([workload; 16]),
            name: "hello".parse().expect("a name"),
            routes: Routes::default(),
        }))
    }

    /// Promises something to everyone as a later release packs it.
    pub(super) fn promise_later(&mut self, body: Body) -> Own<Promise> {
        let promise = self
            .promiser
            .promise(body, Condition::default(), &LaterBook);
        self.put(promise.expect("it is short"))
    }

    /// Promises something in the place of an earlier promise.
    pub(super) fn revise(&mut self, earlier: &Own<Promise>, body: Body) -> Own<Promise> {
        let revised = self
            .promiser
            .revise(earlier, body, Condition::default(), &Book);
        self.promises.retain(|promise| promise != earlier);
        self.put(revised.expect("it is short and its own"))
    }

    fn put(&mut self, promise: Own<Promise>) -> Own<Promise> {
        let put = self.sheet.put(promise.clone());
        put.expect("it is for everyone, and there is room");
        self.promises.push(promise.clone());
        promise
    }

    /// Withdraws a promise, and says whether it was on the sheet.
    pub(super) fn withdraw(&mut self, promise: &Own<Promise>) -> bool {
        let withdrawal = self.promiser.withdraw(promise, Reason::Unstated, &Book);
        self.promises.retain(|its| its != promise);
        self.sheet.withdraw(&withdrawal.expect("it is its own"))
    }

    /// Signs the sheet, and says whether that was needed.
    pub(super) fn sign(&mut self) -> bool {
        let signed = self.sheet.sign(&mut self.promiser, &Book);
        signed.expect("a head is short")
    }

    /// The version of the last head.
    pub(super) fn head(&self) -> Version {
        self.sheet.sheet().expect("it was signed").version()
    }
}

/// A verifier of everybody in the tests. It remembers enough that no signature is checked in full
/// twice, which is what most of their time would go to.
pub(super) fn verifier() -> Verifier {
    Verifier::new(CLUSTER, 1 << 16)
}

/// A version of the first epoch.
pub(super) fn version(sequence: u64) -> Version {
    Version {
        epoch: BootEpoch(1),
        sequence: Sequence::new(sequence).expect("not zero"),
    }
}

/// Something that is not promised to everyone.
pub(super) fn have(component: u8) -> Body {
    Body::Have(Have {
        component: ComponentDigest::from_bytes([component; 32]),
    })
}

/// About how many bytes a frame takes on the way, the packing of promises aside.
pub(super) fn bytes(frame: &Frame) -> usize {
    const AGENT: usize = 32 + 2;
    const VERSION: usize = 8 + 2;
    const SIGNED: usize = AGENT + 64 + 2;
    8 + match frame {
        Frame::Hint(_) | Frame::Fetch(_) => AGENT + VERSION,
        Frame::Digest(digest) => digest.branch.digits().len() + 8 * digest.hashes.len(),
        Frame::Listing(listing) => {
            listing.branch.digits().len() + listing.known.iter().count() * (AGENT + VERSION)
        }
        Frame::Sheet(part) => {
            let records = part.made.records().iter().map(SignedRecord::bytes);
            let records: usize = records.map(|bytes| SIGNED + bytes.len()).sum();
            SIGNED + part.head.bytes().len() + records + part.gone.iter().count() * VERSION
        }
        _ => panic!("no frame of sheets"),
    }
}
