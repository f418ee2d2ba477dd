//! Every fault by its name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use gary_promise::BootEpoch;

use super::disks::{ForgetsNothing, LosesWrites, VotesFromMemory, WritesDownEverything};
use super::drains::{DrainsAtOnce, GivesNoNotice, LeavesAtOnce};
use super::hosts::{
    Faint, GivesMore, GoesOnAsBefore, IgnoresItsLease, NeverRepairs, NeverStops, ObeysFrames,
    OverPromises, RefusesInSilence, RunsWhatItIsInvitedFor, WithdrawsInSilence,
};
use super::keepers::{
    AcceptsTwice, DoesNotTakeNo, DoesNotWait, GivesUp, HasAFavourite, Impatient, LetsBothGo,
    RollsAllAtOnce, VotesOn,
};
use super::liars::{
    AltersRecords, AnswersForAnother, BelievesAnybody, HoldsOneForAnother, PassesOn,
};
use super::observers::{BelievesInOthers, InventsCauses, KeepsNoAccount};
use super::pending::{Overwrites, RunsWhatIsPending};
use super::registers::{CollectsEarly, ReusesBallots, SkipsTheOverlap, VotesByABackup};
use super::runners::{ForgetsRuns, KeepsResultsToItself, RunsAgain};
use super::tenures::{GrantsFromMemory, HolderCountsFromTheAnswer};
use super::twin::Twin;
use crate::adapter::Adapter;
use crate::reader::Reader;
use crate::world::{CLUSTER, NodeNo, node_key};

/// A fault that is put into a world on purpose, at every node of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mutation {
    /// A host offers four times what it has.
    OverPromises,
    /// A host goes on as before when its machine is to have less.
    GoesOnAsBefore,
    /// A host never stops what it runs.
    NeverStops,
    /// A host lets its leases run out, and runs on.
    IgnoresItsLease,
    /// A host gives its components twice what they are bound to.
    GivesMore,
    /// A host does not hear that something has failed.
    NeverRepairs,
    /// A host does not say that it will not.
    RefusesInSilence,
    /// An agent withdraws without telling anybody.
    WithdrawsInSilence,
    /// A host runs what it has never offered.
    RunsWhatItIsInvitedFor,
    /// A frame commands: any renewal stops something.
    ObeysFrames,
    /// A change in free memory moves work.
    MovedByMemory,
    /// A host ends when its keeper is gone.
    NeedsItsKeeper,
    /// A host that is drained takes back at once what it hosts.
    DrainsAtOnce,
    /// Who is drained just leaves, whatever it hosts and keeps.
    LeavesAtOnce,
    /// A host that is drained does not say so to those it hosts for.
    GivesNoNotice,
    /// A keeper accepts what it should dismiss.
    AcceptsTwice,
    /// A keeper invites whoever refuses again at once.
    DoesNotTakeNo,
    /// A keeper holds for broken what it was just told stands.
    Impatient,
    /// A keeper lets both of two hosts go that share a slot.
    LetsBothGo,
    /// A keeper invites nobody after the first few.
    GivesUp,
    /// An agent changes records after they were signed.
    AltersRecords,
    /// An agent says that another has signed what it says.
    AnswersForAnother,
    /// An agent passes on what it is told.
    PassesOn,
    /// A host believes what anybody says in the place of its keeper.
    BelievesAnybody,
    /// A keeper lets one host go for what another says.
    HoldsOneForAnother,
    /// A disk says that it has stored something, and has lost it.
    LosesWrites,
    /// A keeper of a register answers before its votes are durable.
    VotesFromMemory,
    /// An agent forgets nothing of what others have told it.
    ForgetsNothing,
    /// An agent writes down what others promise one another.
    WritesDownEverything,
    /// A keeper does not write down what it holds for broken.
    KeepsNoAccount,
    /// A keeper writes down a cause that was none.
    InventsCauses,
    /// A keeper judges by what others do not say.
    BelievesInOthers,
    /// A keeper does not wait for what an intent requires.
    DoesNotWait,
    /// A keeper listens to one host's offers only.
    HasAFavourite,
    /// A host of something exclusive counts from when it hears an answer.
    HolderCountsFromTheAnswer,
    /// A keeper of something exclusive grants it before that is durable.
    GrantsFromMemory,
    /// A keeper votes on with those that it voted with before, though it knows that others vote by now.
    VotesOn,
    /// An agent asks others to host what is pending with it.
    RunsWhatIsPending,
    /// An agent proposes what is pending with it in the place of what stands.
    Overwrites,
    /// A keeper does not wait until what it has begun of an update runs, and rolls all slots at once.
    RollsAllAtOnce,
    /// A keeper forgets what was begun of runs, and how they ended.
    ForgetsRuns,
    /// A host tells nobody that a run has ended.
    KeepsResultsToItself,
    /// A host runs again what has run to completion.
    RunsAgain,
    /// A keeper of a register does not hear that its disk went back, and votes by it.
    VotesByABackup,
    /// A keeper of a register uses the ballots of its first start in all of them.
    ReusesBallots,
    /// A keeper of a register changes several keepers at one time.
    SkipsTheOverlap,
    /// A keeper forgets what is deleted before all know that it is.
    CollectsEarly,
}

impl Mutation {
    /// All of them.
    pub const ALL: [Self; 47] = [
        Self::OverPromises,
        Self::GoesOnAsBefore,
        Self::NeverStops,
        Self::IgnoresItsLease,
        Self::GivesMore,
        Self::NeverRepairs,
        Self::RefusesInSilence,
        Self::WithdrawsInSilence,
        Self::RunsWhatItIsInvitedFor,
        Self::ObeysFrames,
        Self::MovedByMemory,
        Self::NeedsItsKeeper,
        Self::DrainsAtOnce,
        Self::LeavesAtOnce,
        Self::GivesNoNotice,
        Self::AcceptsTwice,
        Self::DoesNotTakeNo,
        Self::Impatient,
        Self::LetsBothGo,
        Self::GivesUp,
        Self::AltersRecords,
        Self::AnswersForAnother,
        Self::PassesOn,
        Self::BelievesAnybody,
        Self::HoldsOneForAnother,
        Self::LosesWrites,
        Self::VotesFromMemory,
        Self::ForgetsNothing,
        Self::WritesDownEverything,
        Self::KeepsNoAccount,
        Self::InventsCauses,
        Self::BelievesInOthers,
        Self::DoesNotWait,
        Self::HasAFavourite,
        Self::HolderCountsFromTheAnswer,
        Self::GrantsFromMemory,
        Self::VotesOn,
        Self::RunsWhatIsPending,
        Self::Overwrites,
        Self::RollsAllAtOnce,
        Self::ForgetsRuns,
        Self::KeepsResultsToItself,
        Self::RunsAgain,
        Self::VotesByABackup,
        Self::ReusesBallots,
        Self::SkipsTheOverlap,
        Self::CollectsEarly,
    ];

    /// The fault at one node of the world of this seed.
    pub fn adapter(self, seed: u64, node: NodeNo) -> Box<dyn Adapter> {
        let twin = || Twin::new(node_key(seed, node));
        match self {
            Self::OverPromises => Box::new(OverPromises),
            Self::GoesOnAsBefore => Box::new(GoesOnAsBefore),
            Self::NeverStops => Box::new(NeverStops),
            Self::IgnoresItsLease => Box::new(IgnoresItsLease),
            Self::GivesMore => Box::new(GivesMore),
            Self::NeverRepairs => Box::new(NeverRepairs),
            Self::RefusesInSilence => Box::new(RefusesInSilence),
            Self::WithdrawsInSilence => Box::new(WithdrawsInSilence),
            Self::RunsWhatItIsInvitedFor => Box::new(RunsWhatItIsInvitedFor(twin())),
            Self::ObeysFrames => Box::new(ObeysFrames::default()),
            Self::MovedByMemory => Box::new(Faint::when_memory_changes(twin())),
            Self::NeedsItsKeeper => Box::new(Faint::when_its_keeper_is_gone(twin())),
            Self::DrainsAtOnce => Box::new(DrainsAtOnce),
            Self::LeavesAtOnce => Box::new(LeavesAtOnce),
            Self::GivesNoNotice => Box::new(GivesNoNotice),
            Self::AcceptsTwice => Box::new(AcceptsTwice(twin())),
            Self::DoesNotTakeNo => Box::new(DoesNotTakeNo::default()),
            Self::Impatient => Box::new(Impatient(twin())),
            Self::LetsBothGo => Box::new(LetsBothGo(twin())),
            Self::GivesUp => Box::new(GivesUp::default()),
            Self::AltersRecords => Box::new(AltersRecords),
            Self::AnswersForAnother => Box::new(AnswersForAnother),
            Self::PassesOn => Box::new(PassesOn::default()),
            Self::BelievesAnybody => Box::new(BelievesAnybody(twin())),
            Self::HoldsOneForAnother => Box::new(HoldsOneForAnother(twin())),
            Self::LosesWrites => Box::new(LosesWrites::default()),
            Self::VotesFromMemory => Box::new(VotesFromMemory),
            Self::ForgetsNothing => Box::new(ForgetsNothing { me: twin().id() }),
            Self::WritesDownEverything => Box::new(WritesDownEverything {
                twin: twin(),
                heard: Vec::new(),
            }),
            Self::KeepsNoAccount => Box::new(KeepsNoAccount),
            Self::InventsCauses => Box::new(InventsCauses(twin())),
            Self::BelievesInOthers => Box::new(BelievesInOthers {
                twin: twin(),
                unknown: Vec::new(),
            }),
            Self::DoesNotWait => Box::new(DoesNotWait {
                twin: twin(),
                invited: BTreeSet::new(),
            }),
            Self::HolderCountsFromTheAnswer => Box::<HolderCountsFromTheAnswer>::default(),
            Self::GrantsFromMemory => Box::new(GrantsFromMemory),
            Self::HasAFavourite => Box::new(HasAFavourite {
                twin: twin(),
                favourite: None,
            }),
            Self::VotesOn => Box::<VotesOn>::default(),
            Self::RunsWhatIsPending => Box::new(RunsWhatIsPending {
                twin: twin(),
                pending: BTreeSet::new(),
            }),
            Self::Overwrites => Box::new(Overwrites {
                twin: twin(),
                pending: BTreeMap::new(),
            }),
            Self::RollsAllAtOnce => Box::new(RollsAllAtOnce),
            Self::ForgetsRuns => Box::new(ForgetsRuns),
            Self::KeepsResultsToItself => Box::new(KeepsResultsToItself),
            Self::RunsAgain => Box::<RunsAgain>::default(),
            Self::VotesByABackup => Box::new(VotesByABackup),
            Self::ReusesBallots => Box::new(ReusesBallots {
                me: twin().id(),
                now: BootEpoch(1),
            }),
            Self::SkipsTheOverlap => Box::<SkipsTheOverlap>::default(),
            Self::CollectsEarly => Box::new(CollectsEarly {
                reader: Reader::new(CLUSTER),
                deleted: BTreeMap::new(),
            }),
        }
    }
}

impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
