//! Intents that are submitted, and what has become of them.

use axum::http::StatusCode;
use gary_agent::{Acknowledgement, DeployError};
use gary_promise::{Codec, Promise, Settlement, Signed, SignedRecord, Verdict};
use gary_wire::WireCodec;

use super::words::{SettlementShown, SettlementWord};

/// The intent that somebody has signed, as it was packed.
pub(super) fn unpack(bytes: &[u8]) -> Result<Signed<Promise>, String> {
    let record: Result<SignedRecord, _> = WireCodec.unpack(bytes);
    match record {
        Ok(SignedRecord::Promise(signed)) => Ok(signed),
        Ok(_) => Err("it is signed, and is no intent".to_owned()),
        Err(error) => Err(format!("it cannot be read: {error}")),
    }
}

/// By which status somebody hears that an intent is refused at once.
pub(super) const fn status(refused: &DeployError) -> StatusCode {
    match refused {
        DeployError::NotConsidered { .. } | DeployError::NotAllowed { .. } => StatusCode::FORBIDDEN,
        DeployError::Conflict { .. } => StatusCode::CONFLICT,
        DeployError::NotKept { .. } => StatusCode::NOT_FOUND,
        DeployError::Refused(_) | DeployError::NotAnIntent { .. } | DeployError::Contrary(_) => {
            StatusCode::BAD_REQUEST
        }
        // It may be taken later, or by another node.
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// What has become of an intent, for a person who wanted it acknowledged so.
pub(super) fn shown(settlement: &Settlement, wanted: Acknowledgement) -> SettlementShown {
    use SettlementWord as Word;
    let (verdict, detail) = match &settlement.verdict {
        Verdict::Committed(_) => (Word::Committed, String::new()),
        Verdict::Conflict(now) => (
            Word::Conflict,
            format!("somebody else was first: generation {now} stands"),
        ),
        Verdict::NameTaken(other) => (
            Word::NameTaken,
            format!("the name is that of another workload, {other}"),
        ),
        Verdict::NotKept => (Word::NotFound, "there is no such workload".to_owned()),
        Verdict::NotAllowed => (
            Word::NotAllowed,
            "its owner does not let this key update it".to_owned(),
        ),
        Verdict::Exclusivity => (
            Word::OtherKind,
            "whether a workload is exclusive is decided with its first deploy".to_owned(),
        ),
        Verdict::Mode => (
            Word::OtherKind,
            "a service, a job or a schedule stays what it was deployed as first".to_owned(),
        ),
        Verdict::Unsettled if wanted == Acknowledgement::Local => (
            Word::Pending,
            "it is left with this node until its keepers can be reached".to_owned(),
        ),
        Verdict::Elsewhere(_) | Verdict::Unsettled => (
            Word::NoMajority,
            "no majority of its keepers has answered in time; it may be kept yet".to_owned(),
        ),
    };
    let keepers = match &settlement.verdict {
        Verdict::Committed(keepers) => keepers.keepers().len(),
        _ => 0,
    };
    SettlementShown {
        verdict,
        detail,
        keepers: u32::try_from(keepers).unwrap_or(u32::MAX),
    }
}
