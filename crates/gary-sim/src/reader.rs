//! Reading what agents have signed, once for all of them.

use std::collections::BTreeMap;

use ed25519_dalek::{Signature, VerifyingKey};
use gary_promise::{
    Body, ClusterId, Codec, Generation, Promise, PromiseId, SIGNATURE_BYTES, SheetHead, Signed,
    SignedRecord, Statement, Verified, Verifier, Version, Withdrawal, WorkloadId,
};

use gary_wire::WireCodec;

/// Reads what agents have signed. Each record is verified in full when it is first seen; the same bytes with
/// the same signature are the same record.
#[derive(Debug)]
pub struct Reader {
    cluster: ClusterId,
    verifier: Verifier,
    promises: BTreeMap<[u8; SIGNATURE_BYTES], Verified<Promise>>,
    withdrawals: BTreeMap<[u8; SIGNATURE_BYTES], Verified<Withdrawal>>,
    by_id: BTreeMap<PromiseId, [u8; SIGNATURE_BYTES]>,
}

impl Reader {
    /// Has read nothing yet.
    pub fn new(cluster: ClusterId) -> Self {
        Self {
            cluster,
            verifier: Verifier::new(cluster, 0),
            promises: BTreeMap::new(),
            withdrawals: BTreeMap::new(),
            by_id: BTreeMap::new(),
        }
    }

    /// The promise, if it was signed as it says.
    pub fn promise(&mut self, signed: &Signed<Promise>) -> Option<&Verified<Promise>> {
        let signature = *signed.signature();
        let is_known = self
            .promises
            .get(&signature)
            .is_some_and(|known| known.signed() == signed);
        if !is_known {
            self.check(signed)?;
            let read = self.verifier.verify(signed.clone(), &WireCodec).ok()?;
            self.by_id.insert(read.id(), signature);
            self.promises.insert(signature, read);
        }
        self.promises.get(&signature)
    }

    /// The withdrawal, if it was signed as it says.
    pub fn withdrawal(&mut self, signed: &Signed<Withdrawal>) -> Option<&Verified<Withdrawal>> {
        let signature = *signed.signature();
        let is_known = self
            .withdrawals
            .get(&signature)
            .is_some_and(|known| known.signed() == signed);
        if !is_known {
            self.check(signed)?;
            let read = self.verifier.verify(signed.clone(), &WireCodec).ok()?;
            self.withdrawals.insert(signature, read);
        }
        self.withdrawals.get(&signature)
    }

    /// Whether it was signed as this kind. What judges must not be what agents check by: this says once more what a
    /// signature is over, in words of its own.
    fn check<T: Statement>(&self, signed: &Signed<T>) -> Option<()> {
        let kind = T::KIND.as_bytes();
        let kind_bytes = u8::try_from(kind.len()).ok()?;
        let mut message = b"gary statement 1".to_vec();
        message.extend(self.cluster.as_bytes());
        message.push(kind_bytes);
        message.extend(kind);
        message.extend(signed.bytes());
        let key = VerifyingKey::from_bytes(signed.by().as_bytes()).ok()?;
        let signature = Signature::from_bytes(signed.signature());
        key.verify_strict(&message, &signature).ok()
    }

    /// As of when a sheet is, by its head, which is taken as it is: nobody here makes one for another.
    pub fn sheet_version(&self, head: &Signed<SheetHead>) -> Option<Version> {
        let read: SheetHead = WireCodec.unpack(head.bytes()).ok()?;
        Some(read.version)
    }

    /// Which promise a record makes; `None` for one that makes none, or was not signed as it says.
    pub fn id(&mut self, record: &SignedRecord) -> Option<PromiseId> {
        match record {
            SignedRecord::Promise(signed) => self.promise(signed).map(|promise| promise.id()),
            _ => None,
        }
    }

    /// Whether a record was signed as it says. A head of a sheet is taken as it is, and so is what this
    /// release cannot read: nobody here makes one.
    pub fn is_genuine(&mut self, record: &SignedRecord) -> bool {
        match record {
            SignedRecord::Promise(signed) => self.promise(signed).is_some(),
            SignedRecord::Withdrawal(signed) => self.withdrawal(signed).is_some(),
            SignedRecord::SheetHead(_) | SignedRecord::Unknown(_) => true,
        }
    }

    /// An intent of this generation of a workload, that was read before.
    pub fn intent_of(&self, workload: WorkloadId, generation: Generation) -> Option<PromiseId> {
        let mut read = self.promises.values();
        let its = read.find(|its| match its.body() {
            Body::Use(wanted) => {
                its.workload() == Some(workload) && wanted.lineage.generation() == generation
            }
            _ => false,
        });
        its.map(|its| its.id())
    }

    /// A promise that was read before.
    pub fn known(&self, id: &PromiseId) -> Option<&Verified<Promise>> {
        self.promises.get(self.by_id.get(id)?)
    }

    /// The promise that a withdrawal takes back.
    pub fn taken_back(&mut self, signed: &Signed<Withdrawal>) -> Option<PromiseId> {
        let of: Version = self.withdrawal(signed)?.of();
        let promiser = signed.by();
        Some(PromiseId {
            promiser,
            version: of,
        })
    }
}
