//! Which release a node runs: this one, or one that is still to come.

use gary_promise::{
    Codec, Head, HeadCodec, Hint, Member, PacketCodec, PacketHead, Promise, SheetHead, Withdrawal,
};
use gary_wire::{DecodeError, WireCodec};

/// Which release a node runs. A cluster is upgraded one node at a time, so that two are in it at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Release {
    /// This one.
    #[default]
    This,
    /// One still to come, which says more: everything that it signs or hints at has a field that this one does
    /// not know, and has to skip, keep and relay.
    Later,
}

/// A field of a number that nothing has today, and a little text in it.
const LATER_FIELD: [u8; 9] = [0xfa, 0xff, 0x03, 5, b'l', b'a', b't', b'e', b'r'];

impl Release {
    fn said(self, mut bytes: Vec<u8>) -> Vec<u8> {
        if self == Self::Later {
            bytes.extend(LATER_FIELD);
        }
        bytes
    }

    /// What others make of a frame that this release has sent.
    ///
    /// # Panics
    ///
    /// When this release cannot read it.
    pub(super) fn through_the_wire(self, frame: &gary_promise::Frame) -> gary_promise::Frame {
        let bytes = self.said(WireCodec.pack(frame));
        let read = WireCodec.unpack(&bytes);
        read.unwrap_or_else(|error| panic!("a frame of a later release is refused: {error}"))
    }
}

impl Codec<Promise> for Release {
    type Error = DecodeError;

    fn pack(&self, promise: &Promise) -> Vec<u8> {
        self.said(WireCodec.pack(promise))
    }

    fn unpack(&self, bytes: &[u8]) -> Result<Promise, DecodeError> {
        WireCodec.unpack(bytes)
    }
}

impl Codec<Withdrawal> for Release {
    type Error = DecodeError;

    fn pack(&self, withdrawal: &Withdrawal) -> Vec<u8> {
        self.said(WireCodec.pack(withdrawal))
    }

    fn unpack(&self, bytes: &[u8]) -> Result<Withdrawal, DecodeError> {
        WireCodec.unpack(bytes)
    }
}

impl Codec<SheetHead> for Release {
    type Error = DecodeError;

    fn pack(&self, head: &SheetHead) -> Vec<u8> {
        self.said(WireCodec.pack(head))
    }

    fn unpack(&self, bytes: &[u8]) -> Result<SheetHead, DecodeError> {
        WireCodec.unpack(bytes)
    }
}

impl Codec<Hint> for Release {
    type Error = DecodeError;

    fn pack(&self, hint: &Hint) -> Vec<u8> {
        self.said(WireCodec.pack(hint))
    }

    fn unpack(&self, bytes: &[u8]) -> Result<Hint, DecodeError> {
        WireCodec.unpack(bytes)
    }
}

impl HeadCodec for Release {
    type Error = DecodeError;

    fn head(&self, bytes: &[u8]) -> Result<Head, DecodeError> {
        WireCodec.head(bytes)
    }

    fn is_later(&self, refused: &DecodeError) -> bool {
        WireCodec.is_later(refused)
    }
}

impl PacketCodec for Release {
    type Error = DecodeError;

    fn pack_head(&self, head: &PacketHead, packet: &mut Vec<u8>) {
        WireCodec.pack_head(head, packet);
    }

    fn unpack_head(&self, packet: &[u8]) -> Result<(PacketHead, usize), DecodeError> {
        WireCodec.unpack_head(packet)
    }

    fn pack_member(&self, member: &Member, packet: &mut Vec<u8>) {
        WireCodec.pack_member(member, packet);
    }

    fn unpack_member(&self, rest: &[u8]) -> Result<(Member, usize), DecodeError> {
        WireCodec.unpack_member(rest)
    }
}

#[cfg(test)]
mod tests {
    use gary_promise::{AgentId, BootEpoch, Version};

    use super::*;

    #[test]
    fn what_is_later_says_more_and_is_read_all_the_same() {
        let hint = Hint {
            agent: AgentId::from_bytes([7; 32]),
            version: Version::first(BootEpoch(1)),
        };
        let (this, later) = (Release::This.pack(&hint), Release::Later.pack(&hint));
        assert!(later.len() > this.len());
        let read: Option<Hint> = Release::This.unpack(&later).ok();
        assert_eq!(read, Some(hint));
        let frame = gary_promise::Frame::Hint(hint);
        assert_eq!(Release::Later.through_the_wire(&frame), frame);
    }
}
