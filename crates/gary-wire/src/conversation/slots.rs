//! Slots of one invitation, one behind the other as protobuf packs numbers.

use gary_promise::{BoundedSet, INVITED_SLOTS_MAX, Slot};

use crate::{DecodeError, shape::Field};

type Slots = BoundedSet<Slot, INVITED_SLOTS_MAX>;

/// The most bytes that a number of 32 bits takes.
const SLOT_BYTES_MAX: usize = 5;

pub(super) const fn field(tag: u32, name: &'static str) -> Field {
    Field::bytes(tag, name, SLOT_BYTES_MAX * INVITED_SLOTS_MAX)
}

pub(super) fn slots_of(slots: &Slots) -> Vec<u32> {
    slots.iter().map(|slot| slot.0).collect()
}

pub(super) fn slots(field: &'static str, slots: Vec<u32>) -> Result<Slots, DecodeError> {
    BoundedSet::new(slots.into_iter().map(Slot)).map_err(DecodeError::illegal(field))
}
