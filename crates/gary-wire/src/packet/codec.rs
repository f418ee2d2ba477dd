//! Packing packets part by part.

use gary_promise::{Codec, Hint, Member, PACKET_BYTES_MAX, PacketCodec, PacketHead};
use prost::Message;

use super::{head, member};
use crate::{
    DecodeError, WireCodec, conversation,
    decode_error::NumberError,
    message::{Shaped, decode},
    needs,
    raw_field::take_delimited,
};

impl PacketCodec for WireCodec {
    type Error = DecodeError;

    fn pack_head(&self, head: &PacketHead, packet: &mut Vec<u8>) {
        packet.extend(head::PacketHead::from(head).encode_length_delimited_to_vec());
    }

    fn unpack_head(&self, packet: &[u8]) -> Result<(PacketHead, usize), DecodeError> {
        let (part, taken) = front::<head::PacketHead>(packet)?;
        needs::check(&needs::PACKET, part)?;
        let head = decode::<head::PacketHead>(part, PACKET_BYTES_MAX)?;
        Ok((head.try_into()?, taken))
    }

    fn pack_member(&self, member: &Member, packet: &mut Vec<u8>) {
        packet.extend(member::Member::from(member).encode_length_delimited_to_vec());
    }

    fn unpack_member(&self, rest: &[u8]) -> Result<(Member, usize), DecodeError> {
        let (part, taken) = front::<member::Member>(rest)?;
        let member = decode::<member::Member>(part, PACKET_BYTES_MAX)?;
        Ok((member.try_into()?, taken))
    }
}

/// A hint as it travels in a packet, behind its length.
impl Codec<Hint> for WireCodec {
    type Error = DecodeError;

    fn pack(&self, hint: &Hint) -> Vec<u8> {
        conversation::Hint::from(hint).encode_to_vec()
    }

    fn unpack(&self, bytes: &[u8]) -> Result<Hint, DecodeError> {
        decode::<conversation::Hint>(bytes, PACKET_BYTES_MAX)?.try_into()
    }
}

/// The part that stands in front, without its length, and how many bytes it takes with it.
fn front<M: Shaped>(packet: &[u8]) -> Result<(&[u8], usize), DecodeError> {
    let what = M::SHAPE.what;
    if packet.len() > PACKET_BYTES_MAX {
        return Err(DecodeError::TooLong {
            what,
            bytes: packet.len(),
            bytes_max: PACKET_BYTES_MAX,
        });
    }
    let mut rest = packet;
    let part = take_delimited(&mut rest).ok_or(DecodeError::Malformed { what })?;
    Ok((part, packet.len() - rest.len()))
}

/// A number that has sixteen bits wherever it means something.
pub(super) fn short(field: &'static str, number: u32) -> Result<u16, DecodeError> {
    u16::try_from(number).map_err(|_| {
        DecodeError::illegal(field)(NumberError {
            number: number.into(),
            min: 0,
            max: u16::MAX.into(),
        })
    })
}
