//! Who is a member of the cluster, and what members say to find out who still is.

mod identity;
mod packet;
mod packet_codec;

pub use identity::{BootNonce, MemberId, Renewals};
pub use packet::{Incarnation, Liveness, Member, PacketHead, Probe, Saying};
pub use packet_codec::{PACKET_BYTES_MAX, PacketCodec};
