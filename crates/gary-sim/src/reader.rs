//! Reading what agents have signed, once for all of them.

use std::collections::BTreeMap;

use gary_promise::{
    ClusterId, Promise, PromiseId, SIGNATURE_BYTES, Signed, SignedRecord, Verified, Verifier,
    Version, Withdrawal,
};

use gary_wire::WireCodec;

/// Reads what agents have signed. Each record is verified in full when it is first seen; the same bytes with
/// the same signature are the same record.
#[derive(Debug)]
pub struct Reader {
    verifier: Verifier,
    promises: BTreeMap<[u8; SIGNATURE_BYTES], Verified<Promise>>,
    withdrawals: BTreeMap<[u8; SIGNATURE_BYTES], Verified<Withdrawal>>,
    by_id: BTreeMap<PromiseId, [u8; SIGNATURE_BYTES]>,
}

impl Reader {
    /// Has read nothing yet.
    pub fn new(cluster: ClusterId) -> Self {
        Self {
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
            let read = self.verifier.verify(signed.clone(), &WireCodec).ok()?;
            self.withdrawals.insert(signature, read);
        }
        self.withdrawals.get(&signature)
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
