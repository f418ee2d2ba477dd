//! What a keeper can say of a workload: why it is as it is.

use std::collections::BTreeMap;

use gary_promise::{AgentId, Generation, Pace, PromiseId, Requirement, Runs, Slot};

use super::failing::Failing;
use super::leaving::Leaving;
use super::refusals::Remembered;
use crate::voice::Assessed;

/// What a keeper can say of a workload that it keeps, at one moment. All of it is this agent's own view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The generation of the intent that stands.
    pub generation: Generation,
    /// What the intent waits for: while there is any, nobody is invited.
    pub unmet: Vec<Requirement>,
    /// Slots that no hosting of this generation fills which is held for kept, those that nobody hosts first, up to [`ROUND_SLOTS_MAX`](super::ROUND_SLOTS_MAX).
    pub open: Vec<Slot>,
    /// How the generation takes the place of an earlier one; `None` where nothing of an earlier one is hosted.
    pub rolling: Option<Rolling>,
    /// Hostings of this generation whose hosts leave, up to [`ROUND_SLOTS_MAX`](super::ROUND_SLOTS_MAX). Others are asked to
    /// host the same; each goes once one of them runs, and by that time at the latest.
    pub leaving: Vec<Leaving>,
    /// Hostings of this generation that fail, as far as they are remembered. While an earlier one is hosted too, no more of
    /// it are asked for than these.
    pub failing: Vec<Failing>,
    /// What has been run to completion, how that ended, and how many ticks of a schedule were not run.
    pub runs: Runs,
    /// The hostings that are counted, and what the keeper makes of each now.
    pub counted: Vec<Assessed>,
    /// What else there is to say of each of these.
    pub hostings: BTreeMap<PromiseId, Counts>,
    /// Who would not host it, and why, each by what it said last.
    pub refusals: BTreeMap<AgentId, Remembered>,
    /// Judgements of its hostings that have changed, the first first, as far as they are remembered.
    pub history: Vec<Assessed>,
}

/// A hosting that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Of which generation.
    pub generation: Generation,
    /// Whether it runs, by its host's last word.
    pub runs: bool,
    /// Whether it was bound, and its host has not said yet whether it runs.
    pub starts: bool,
}

/// How a generation takes the place of an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rolling {
    /// How fast its owner has it.
    pub pace: Pace,
    /// Slots that are hosted at an earlier generation, up to [`ROUND_SLOTS_MAX`](super::ROUND_SLOTS_MAX).
    pub outdated: Vec<Slot>,
    /// Whether it stands still, since what has begun of it fails: see [`Account::failing`].
    pub stands_still: bool,
    /// Whether one hosting after the other makes way though its owner wants none to be without: nobody has had room for
    /// one more.
    pub makes_do: bool,
}
