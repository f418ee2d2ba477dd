//! How much of what waits is for whom.

use std::collections::BTreeMap;

use gary_promise::{
    AgentId, Answer, Consultation, EARLIER_MAX, Frame, KEEPERS_MAX, Note, Question,
};

/// The most frames that wait for one peer. Beyond, what is said to it is dropped, as a network might, and said
/// again later: one peer's share leaves room for the others.
pub const HELD_FRAMES_PER_PEER_MAX: usize = 8_192;

/// The most bytes that wait for one peer, by an upper bound of what frames take; then as for frames.
pub const HELD_BYTES_PER_PEER_MAX: usize = 16 << 20;

/// An upper bound of what a frame takes besides what it counts.
const FRAME_BYTES: usize = 256;

/// An upper bound of what a slot, a version or an entry of a list takes.
const ENTRY_BYTES: usize = 96;

/// An upper bound of what a run takes.
const RUN_BYTES: usize = 2 * ENTRY_BYTES + Note::BYTES_MAX;

/// What waits for each peer.
#[derive(Debug, Default)]
pub(super) struct Weights(BTreeMap<AgentId, Weight>);

#[derive(Debug, Default, Clone, Copy)]
struct Weight {
    frames: usize,
    bytes: usize,
}

impl Weights {
    /// Adds a frame for a peer, or says that there is no more room for it.
    pub(super) fn add(&mut self, to: AgentId, frame: &Frame) -> bool {
        let weight = self.0.entry(to).or_default();
        let bytes = weight.bytes + bytes_max(frame);
        if weight.frames >= HELD_FRAMES_PER_PEER_MAX || bytes > HELD_BYTES_PER_PEER_MAX {
            return false;
        }
        weight.frames += 1;
        weight.bytes = bytes;
        true
    }

    /// A frame for a peer waits no more.
    pub(super) fn release(&mut self, to: AgentId, frame: &Frame) {
        if let Some(weight) = self.0.get_mut(&to) {
            weight.frames -= 1;
            weight.bytes -= bytes_max(frame);
            if weight.frames == 0 {
                self.0.remove(&to);
            }
        }
    }
}

/// An upper bound of what a frame takes on its way.
fn bytes_max(frame: &Frame) -> usize {
    let entries = match frame {
        Frame::Told(batch) => return FRAME_BYTES + batch.bytes_max(),
        Frame::Invitation(invitation) => {
            let slots = invitation.slots.len() + invitation.beside.len() + invitation.awaited.len();
            let entries = slots + invitation.keepers.len();
            return FRAME_BYTES + invitation.intent.bytes().len() + entries * ENTRY_BYTES;
        }
        Frame::Sheet(part) => {
            let gone = part.gone.len() * ENTRY_BYTES;
            return FRAME_BYTES + part.head.bytes().len() + part.made.bytes_max() + gone;
        }
        Frame::Consults(consults) => {
            let voted = match &consults.what {
                Consultation::Asked(asked) => match &asked.question {
                    Question::Accept(entrusted) => Some(&entrusted.content),
                    Question::Prepare => None,
                },
                Consultation::Answered(answered) => match &answered.answer {
                    Answer::Promised(vote) => vote.as_ref().map(|its| &its.entrusted.content),
                    Answer::Ahead(chosen) => Some(&chosen.entrusted.content),
                    _ => None,
                },
                Consultation::Chosen(chosen) => Some(&chosen.entrusted.content),
                Consultation::Learned(_)
                | Consultation::Collected(_)
                | Consultation::Namesake(_) => None,
            };
            let intent = voted.map_or(0, |its| its.intent.bytes().len());
            let runs = voted.map_or(0, |its| its.runs.iter().count());
            let entries = (EARLIER_MAX + 2 * KEEPERS_MAX) * ENTRY_BYTES;
            return FRAME_BYTES + intent + runs * RUN_BYTES + entries;
        }
        Frame::Submission(submission) => {
            let keepers = KEEPERS_MAX * ENTRY_BYTES;
            return FRAME_BYTES + submission.intent.bytes().len() + keepers;
        }
        Frame::Bound(bound) => {
            return FRAME_BYTES + bound.offer.bytes().len() + bound.acceptance.bytes().len();
        }
        Frame::Running(_) => return FRAME_BYTES + RUN_BYTES,
        Frame::Inquiry(inquiry) => inquiry.offers.len(),
        Frame::Handover(handover) => handover.offers.len(),
        Frame::Settlement(_) | Frame::Tenancy(_) => KEEPERS_MAX,
        Frame::Refusal(refusal) => refusal.slots.len(),
        Frame::Dismissal(dismissal) => dismissal.offers.len(),
        Frame::Renewal(renewal) => {
            let bound = renewal.bound.len() + renewal.by_others.len();
            renewal.offered.len() + bound + renewal.idle.len()
        }
        Frame::Listing(listing) => listing.known.len(),
        Frame::Digest(_) => gary_promise::DIGEST_BRANCHES,
        Frame::Absence(_)
        | Frame::Denial(_)
        | Frame::Recall(_)
        | Frame::Hint(_)
        | Frame::Fetch(_) => 0,
    };
    FRAME_BYTES + entries * ENTRY_BYTES
}
