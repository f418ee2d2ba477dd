//! What every agent has promised to everyone, and how it gets around.
//!
//! An agent's sheet is a set with a single writer, which signs a head with every change. The head says
//! by a hash what stands on the sheet, so that any peer can pass it on and none can leave out a promise
//! or show one that is gone (decision record 0010).

// One sheet.
mod content;
mod gone;
mod line;
mod own;

// How one travels.
mod assembly;
mod cut;
mod sheet_codec;

// Which ones to fetch, from whom, and when.
mod claim;
mod fetches;
mod peers;
mod want;

// What is missing although nobody said so.
mod marks;
mod sweep;

// All of it together.
mod outbox;
mod refused;
mod sheets;
mod taking;

#[cfg(test)]
mod converging;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod network;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod tampering;
#[cfg(test)]
mod testing;

pub(crate) use content::bytes_of;
pub use content::{SHEET_BYTES_MAX, SHEET_PROMISES_MAX, Sheet, SheetChange};
pub use cut::{PART_BYTES_FULL, PARTS_MAX};
pub use fetches::{
    FETCH_ATTEMPTS_MAX, FETCH_TIMEOUT, FETCHES_MAX, FETCHES_PER_PEER_MAX, STAGED_BYTES_MAX,
};
pub use gone::GONE_RELAYED_MAX;
pub use outbox::{EVENTS_MAX, FRAMES_MAX};
pub use own::{OwnSheet, PutError};
pub use refused::{Refusals, Refused};
pub use sheet_codec::SheetCodec;
pub use sheets::{OWNERS_MAX, SHEETS_BYTES_MAX, Sheets};
pub use sweep::{
    ASKED_AMONG_MAX, ASKED_BY_IN_A_SECOND, ASKED_TIMES_MAX, SWEEP_HURRIED, SWEEP_INTERVAL,
};
