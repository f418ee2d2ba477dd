//! What this agent has in its custody with others: the register of each name, and the intents that are to be kept there.
//!
//! An intent comes from a person by way of any node, which passes it on to one of the keepers of its name if it is none
//! itself. Whoever has it tries to have it voted for, and tells the node what has become of it; that tells its person.

mod acquaintance;
mod chosen;
mod collecting;
mod consulting;
mod kept;
mod machine;
mod named;
mod namesakes;
mod passing;
mod pending;
mod proposed;
mod recollection;
mod recovering;
mod running;
mod seated;
mod submitting;
mod succeeding;
mod succession;
mod wanted;

pub(crate) use chosen::Chosen;
pub(crate) use collecting::Collected;
pub use collecting::{COLLECT_WAITS, COLLECTED_MAX};
pub(crate) use kept::Intent;
pub(crate) use machine::{Custody, Parts};
pub use machine::{NAMES_MAX, SETTLES_WITHIN, WANTED_MAX};
pub use named::{ASKS_AGAIN_AFTER, OUTBID_WAITS, READS_WAITS, TELLS_WAITS};
pub use namesakes::Namesakes;
pub use passing::{ANSWERS_SUBMISSION_WITHIN, PASSED_ON_MAX};
pub(crate) use pending::WasPending;
pub use pending::{
    Acknowledgement, PENDING_LOOKS_AFTER, PENDING_MAX, PENDING_RESTS, PENDING_WAITS, PendingIntent,
    REFUSED_SHOWN_FOR,
};
pub(crate) use proposed::Considering;
pub(crate) use recollection::Sequenced;
pub use recollection::{ANSWERS_RECALL_WITHIN, FELLOWS_MAX, SetBack};
pub use recovering::{RECOVERY_SKIPS, RecoverError, Recovery, RecoveryId};
pub(crate) use running::What;
pub use succeeding::{REPLACES_AFTER, SHRINKS_AFTER, STEPS_IN_AFTER, SUCCESSION_WAITS};
