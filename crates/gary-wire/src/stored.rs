//! Parts of what agents say, by themselves: whoever stores one stores it in the form that it has on its way.

use gary_promise::{Ballot, Codec, Completion, Configuration, Entry, Settlement, Vote};
use prost::Message;

use crate::{DecodeError, FRAME_BYTES_MAX, WireCodec, conversation, message::decode};

/// Packs and unpacks a part as the message that stands for it in a frame. None is longer than a frame may be.
macro_rules! parts {
    ($($part:ty as $message:ty),* $(,)?) => {$(
        impl Codec<$part> for WireCodec {
            type Error = DecodeError;

            fn pack(&self, part: &$part) -> Vec<u8> {
                <$message>::from(part).encode_to_vec()
            }

            fn unpack(&self, bytes: &[u8]) -> Result<$part, DecodeError> {
                decode::<$message>(bytes, FRAME_BYTES_MAX)?.try_into()
            }
        }
    )*};
}

parts! {
    Ballot as conversation::Ballot,
    Completion as conversation::Completion,
    Configuration as conversation::Configuration,
    Settlement as conversation::Settlement,
    Vote<Entry> as conversation::Vote,
}
