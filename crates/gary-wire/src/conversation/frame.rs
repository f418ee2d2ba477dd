//! A frame of whichever kind.

use gary_promise::{
    BATCH_BYTES_MAX, Codec, EARLIER_MAX, Frame as Said, IDLE_MAX, KEEPERS_MAX, RECORD_BYTES_MAX,
    RENEWED_MAX, RUNS_MAX, SHEET_GONE_MAX,
};
use prost::Message;

use super::{
    absence::Absence,
    bound::Bound,
    custody::{Consults, Recall, Settlement, Submission},
    denial::Denial,
    digest::Digest,
    dismissal::Dismissal,
    fetch::Fetch,
    handover::Handover,
    hint::Hint,
    inquiry::Inquiry,
    invitation::Invitation,
    listing::Listing,
    refusal::Refusal,
    renewal::Renewal,
    run::RUN_BYTES_MAX,
    running::Running,
    sheet_part::SheetPart,
    tenancy::Tenancy,
    told::Told,
};
use crate::{
    DecodeError, WireCodec, WireVersion,
    message::{Shaped, decode, required},
    needs,
    shape::{Field, Shape},
};

/// The most bytes of a version in a list of them.
const VERSION_BYTES_MAX: usize = 24;

/// The most bytes of an agent's id in a list of them.
const AGENT_BYTES_MAX: usize = 2 + 32;

/// The most bytes of a promise's id in a list of them.
const PROMISE_BYTES_MAX: usize = 2 + AGENT_BYTES_MAX + VERSION_BYTES_MAX;

/// The longest frame, in bytes; a transport reads no more of one. The longest there can be is a part of
/// a sheet with everything in it.
pub const FRAME_BYTES_MAX: usize =
    RECORD_BYTES_MAX + BATCH_BYTES_MAX + VERSION_BYTES_MAX * SHEET_GONE_MAX + 1024;

const _: () = assert!(VERSION_BYTES_MAX * (3 * RENEWED_MAX + IDLE_MAX) + 1024 <= FRAME_BYTES_MAX);

// Keepers who are asked to vote are told two configurations: whose votes are counted, and who votes on what comes next.
const _: () = assert!(
    RECORD_BYTES_MAX
        + PROMISE_BYTES_MAX * EARLIER_MAX
        + 2 * AGENT_BYTES_MAX * KEEPERS_MAX
        + RUN_BYTES_MAX * RUNS_MAX
        + 1024
        <= FRAME_BYTES_MAX
);

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Frame {
    #[prost(uint32, tag = "1")]
    needs: u32,
    #[prost(
        oneof = "Kind",
        tags = "8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 22, 23, 24, 25, 26, 30, 32, 33"
    )]
    kind: Option<Kind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Kind {
    #[prost(message, tag = "8")]
    Hint(Hint),
    #[prost(message, tag = "9")]
    Fetch(Fetch),
    #[prost(message, tag = "10")]
    Sheet(SheetPart),
    #[prost(message, tag = "11")]
    Digest(Digest),
    #[prost(message, tag = "12")]
    Listing(Listing),
    #[prost(message, tag = "13")]
    Told(Told),
    #[prost(message, tag = "14")]
    Invitation(Invitation),
    #[prost(message, tag = "15")]
    Refusal(Refusal),
    #[prost(message, tag = "16")]
    Dismissal(Dismissal),
    #[prost(message, tag = "17")]
    Renewal(Renewal),
    #[prost(message, tag = "18")]
    Absence(Absence),
    #[prost(message, tag = "19")]
    Denial(Denial),
    // Tag 20 told of a surplus before there was a release, and is not used again.
    #[prost(message, tag = "21")]
    Consults(Consults),
    #[prost(message, tag = "22")]
    Submission(Submission),
    #[prost(message, tag = "23")]
    Settlement(Settlement),
    #[prost(message, tag = "24")]
    Bound(Bound),
    #[prost(message, tag = "25")]
    Inquiry(Inquiry),
    #[prost(message, tag = "26")]
    Handover(Handover),
    #[prost(message, tag = "30")]
    Tenancy(Tenancy),
    #[prost(message, tag = "32")]
    Running(Running),
    #[prost(message, tag = "33")]
    Recall(Recall),
}

impl Shaped for Frame {
    const SHAPE: Shape = Shape {
        what: "frame",
        fields: &[
            Field::u32(1, "frame.needs"),
            Field::message(8, "frame.hint", &Hint::SHAPE),
            Field::message(9, "frame.fetch", &Fetch::SHAPE),
            Field::message(10, "frame.sheet", &SheetPart::SHAPE),
            Field::message(11, "frame.digest", &Digest::SHAPE),
            Field::message(12, "frame.listing", &Listing::SHAPE),
            Field::message(13, "frame.told", &Told::SHAPE),
            Field::message(14, "frame.invitation", &Invitation::SHAPE),
            Field::message(15, "frame.refusal", &Refusal::SHAPE),
            Field::message(16, "frame.dismissal", &Dismissal::SHAPE),
            Field::message(17, "frame.renewal", &Renewal::SHAPE),
            Field::message(18, "frame.absence", &Absence::SHAPE),
            Field::message(19, "frame.denial", &Denial::SHAPE),
            Field::message(21, "frame.consults", &Consults::SHAPE),
            Field::message(22, "frame.submission", &Submission::SHAPE),
            Field::message(23, "frame.settlement", &Settlement::SHAPE),
            Field::message(24, "frame.bound", &Bound::SHAPE),
            Field::message(25, "frame.inquiry", &Inquiry::SHAPE),
            Field::message(26, "frame.handover", &Handover::SHAPE),
            Field::message(30, "frame.tenancy", &Tenancy::SHAPE),
            Field::message(32, "frame.running", &Running::SHAPE),
            Field::message(33, "frame.recall", &Recall::SHAPE),
        ],
    };
}

impl WireCodec {
    /// The earliest version whose readers understand a frame: it is sent to nobody with whom an earlier
    /// one was agreed.
    pub const fn needs(_frame: &Said) -> WireVersion {
        WireVersion::FIRST
    }
}

impl Codec<Said> for WireCodec {
    type Error = DecodeError;

    /// Its bytes, never more than [`FRAME_BYTES_MAX`] where the records in it are ones that verify.
    fn pack(&self, frame: &Said) -> Vec<u8> {
        Frame::from(frame).encode_to_vec()
    }

    /// The frame that a peer sent. Refuses more than [`FRAME_BYTES_MAX`].
    fn unpack(&self, bytes: &[u8]) -> Result<Said, DecodeError> {
        if bytes.len() <= FRAME_BYTES_MAX {
            needs::check(&needs::FRAME, bytes)?;
        }
        decode::<Frame>(bytes, FRAME_BYTES_MAX)?.try_into()
    }
}

impl From<&Said> for Frame {
    fn from(frame: &Said) -> Self {
        let kind = match frame {
            Said::Hint(hint) => Kind::Hint(hint.into()),
            Said::Fetch(fetch) => Kind::Fetch(fetch.into()),
            Said::Sheet(sheet) => Kind::Sheet(sheet.into()),
            Said::Digest(digest) => Kind::Digest(digest.into()),
            Said::Listing(listing) => Kind::Listing(listing.into()),
            Said::Told(batch) => Kind::Told(batch.into()),
            Said::Invitation(invitation) => Kind::Invitation(invitation.into()),
            Said::Refusal(refusal) => Kind::Refusal(refusal.into()),
            Said::Dismissal(dismissal) => Kind::Dismissal(dismissal.into()),
            Said::Renewal(renewal) => Kind::Renewal(renewal.into()),
            Said::Absence(absence) => Kind::Absence(absence.into()),
            Said::Denial(denial) => Kind::Denial(denial.into()),
            Said::Consults(consults) => Kind::Consults(consults.as_ref().into()),
            Said::Submission(submission) => Kind::Submission(submission.as_ref().into()),
            Said::Settlement(settlement) => Kind::Settlement(settlement.as_ref().into()),
            Said::Bound(bound) => Kind::Bound(bound.as_ref().into()),
            Said::Inquiry(inquiry) => Kind::Inquiry(inquiry.into()),
            Said::Handover(handover) => Kind::Handover(handover.into()),
            Said::Tenancy(tenancy) => Kind::Tenancy(tenancy.as_ref().into()),
            Said::Running(running) => Kind::Running(running.as_ref().into()),
            Said::Recall(recall) => Kind::Recall((*recall).into()),
        };
        Self {
            needs: WireCodec::needs(frame).get(),
            kind: Some(kind),
        }
    }
}

impl TryFrom<Frame> for Said {
    type Error = DecodeError;

    fn try_from(frame: Frame) -> Result<Self, DecodeError> {
        Ok(match required("frame.kind", frame.kind)? {
            Kind::Hint(hint) => Self::Hint(hint.try_into()?),
            Kind::Fetch(fetch) => Self::Fetch(fetch.try_into()?),
            Kind::Sheet(sheet) => Self::Sheet(sheet.try_into()?),
            Kind::Digest(digest) => Self::Digest(digest.try_into()?),
            Kind::Listing(listing) => Self::Listing(listing.try_into()?),
            Kind::Told(told) => Self::Told(told.try_into()?),
            Kind::Invitation(invitation) => Self::Invitation(invitation.try_into()?),
            Kind::Refusal(refusal) => Self::Refusal(refusal.try_into()?),
            Kind::Dismissal(dismissal) => Self::Dismissal(dismissal.try_into()?),
            Kind::Renewal(renewal) => Self::Renewal(renewal.try_into()?),
            Kind::Absence(absence) => Self::Absence(absence.try_into()?),
            Kind::Denial(denial) => Self::Denial(denial.try_into()?),
            Kind::Consults(consults) => Self::Consults(Box::new(consults.try_into()?)),
            Kind::Submission(submission) => Self::Submission(Box::new(submission.try_into()?)),
            Kind::Settlement(settlement) => Self::Settlement(Box::new(settlement.try_into()?)),
            Kind::Bound(bound) => Self::Bound(Box::new(bound.try_into()?)),
            Kind::Inquiry(inquiry) => Self::Inquiry(inquiry.try_into()?),
            Kind::Handover(handover) => Self::Handover(handover.try_into()?),
            Kind::Tenancy(tenancy) => Self::Tenancy(Box::new(tenancy.try_into()?)),
            Kind::Running(running) => Self::Running(Box::new(running.try_into()?)),
            Kind::Recall(recall) => Self::Recall(recall.try_into()?),
        })
    }
}
