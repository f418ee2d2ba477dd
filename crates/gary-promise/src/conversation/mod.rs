//! What agents say to one another. Who says it, the connection knows; what is relayed is signed.

mod absence;
mod bound;
mod denial;
mod exchange;
mod frame;
mod invitation;
mod records;
mod refusal;
mod renewal;
mod unknown_record;

pub use absence::Absence;
pub use bound::{Bound, Handover, INQUIRED_MAX, Inquiry};
pub use denial::{Denial, Failure};
pub use exchange::{
    Branch, DIGEST_BRANCHES, DIGEST_DEPTH_MAX, Digest, Fetch, Hint, LISTING_MAX, Listing,
    SHEET_GONE_MAX, SheetPart,
};
pub use frame::Frame;
pub use invitation::{INVITED_SLOTS_MAX, Invitation};
pub use records::{BATCH_BYTES_MAX, Batch, RECORD_BYTES_MAX, RECORDS_MAX, SignedRecord};
pub use refusal::{Dismissal, Refusal, Why};
pub use renewal::{IDLE_MAX, Offers, RENEWED_MAX, Renewal};
pub use unknown_record::UnknownRecord;
