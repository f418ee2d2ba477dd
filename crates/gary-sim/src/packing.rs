//! How the agents of a simulation pack what they sign.

use gary_promise::{
    BootEpoch, Codec, Promise, Sequence, SheetHead, SheetRoot, Version, Withdrawal,
};
use gary_wire::{DecodeError, RecordCodec};

/// Packs promises and withdrawals as they are on the wire, and heads of sheets in a form of its own until
/// the wire has one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Packing;

/// Bytes are no head of a sheet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{bytes} bytes are no head of a sheet")]
pub struct NoHead {
    /// How many there are.
    pub bytes: usize,
}

/// Two versions of 16 bytes each, a count of 4, and a hash of 32.
const HEAD_BYTES: usize = 68;

impl Codec<Promise> for Packing {
    type Error = DecodeError;

    fn pack(&self, promise: &Promise) -> Vec<u8> {
        RecordCodec.pack(promise)
    }

    fn unpack(&self, bytes: &[u8]) -> Result<Promise, DecodeError> {
        RecordCodec.unpack(bytes)
    }
}

impl Codec<Withdrawal> for Packing {
    type Error = DecodeError;

    fn pack(&self, withdrawal: &Withdrawal) -> Vec<u8> {
        RecordCodec.pack(withdrawal)
    }

    fn unpack(&self, bytes: &[u8]) -> Result<Withdrawal, DecodeError> {
        RecordCodec.unpack(bytes)
    }
}

impl Codec<SheetHead> for Packing {
    type Error = NoHead;

    fn pack(&self, head: &SheetHead) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD_BYTES);
        for version in [head.version, head.remembered_from] {
            bytes.extend(version.epoch.0.to_le_bytes());
            bytes.extend(version.sequence.get().to_le_bytes());
        }
        bytes.extend(head.count.to_le_bytes());
        bytes.extend(head.root.as_bytes());
        bytes
    }

    fn unpack(&self, bytes: &[u8]) -> Result<SheetHead, NoHead> {
        let wrong = || NoHead { bytes: bytes.len() };
        let bytes: &[u8; HEAD_BYTES] = bytes.try_into().map_err(|_| wrong())?;
        let number = |at: usize| {
            let mut eight = [0; 8];
            eight.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(eight)
        };
        let version = |at: usize| {
            Some(Version {
                epoch: BootEpoch(number(at)),
                sequence: Sequence::new(number(at + 8))?,
            })
        };
        let mut count = [0; 4];
        count.copy_from_slice(&bytes[32..36]);
        let mut root = [0; 32];
        root.copy_from_slice(&bytes[36..]);
        Ok(SheetHead {
            version: version(0).ok_or_else(wrong)?,
            count: u32::from_le_bytes(count),
            root: SheetRoot::from_bytes(root),
            remembered_from: version(16).ok_or_else(wrong)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_comes_back_as_it_went() {
        let first = Version::first(BootEpoch(3));
        let head = SheetHead {
            version: first.next().unwrap(),
            count: 7,
            root: SheetRoot::from_bytes([5; 32]),
            remembered_from: first,
        };
        let bytes = Packing.pack(&head);
        assert_eq!(Packing.unpack(&bytes), Ok(head));
        let cut: Result<SheetHead, _> = Packing.unpack(&bytes[1..]);
        assert_eq!(cut, Err(NoHead { bytes: 67 }));
    }
}
