//! What is done to a world from outside.

use std::time::Duration;

use gary_agent::{Drain, RecoveryId};
use gary_promise::{ComponentDigest, Frame, Needs, Promise, Resources, Signed, Use};

use super::node::NodeNo;

/// Something that is done to a world: by owners, by operators, by fate.
#[derive(Debug, Clone)]
pub enum Act {
    /// An owner submits an intent.
    Submit {
        /// Which owner, by number.
        owner: usize,
        /// To which node. An update of a workload goes to the node that keeps it, whatever is said here.
        to: NodeNo,
        /// What is intended.
        what: Submission,
    },
    /// A person has a workload kept by several nodes. Nothing is hosted for it yet.
    Entrust {
        /// The node that it is submitted to.
        to: NodeNo,
        /// What is intended, as it was signed.
        intent: Signed<Promise>,
    },
    /// The same as [`Act::Submit`], and the intent stays with the node that it is submitted to where no majority answers.
    SubmitLocally {
        /// Which owner, by number.
        owner: usize,
        /// To which node, also of an update.
        to: NodeNo,
        /// What is intended.
        what: Submission,
    },
    /// The same as [`Act::Entrust`], and the intent stays with the node that it is submitted to where no majority answers.
    EntrustLocally {
        /// The node that it is submitted to.
        to: NodeNo,
        /// What is intended, as it was signed.
        intent: Signed<Promise>,
    },
    /// An owner has a name of its own recovered by a node, if that can do so and finds no majority.
    Recover {
        /// Which owner, by number.
        owner: usize,
        /// Which workload, counted by the order of the owner's submissions.
        nth: usize,
        /// At which node.
        at: NodeNo,
    },
    /// Somebody has a name recovered by a node, by what it has assessed and signed.
    RecoverBy {
        /// At which node.
        at: NodeNo,
        /// What it is of.
        id: Box<RecoveryId>,
        /// What is to stand, as it was signed.
        intent: Signed<Promise>,
    },
    /// An owner takes back the first of its intents that are pending with a node, if one is.
    WithdrawPending {
        /// Which owner, by number.
        owner: usize,
        /// At which node.
        at: NodeNo,
    },
    /// A node starts: for the first time, or again.
    Start(NodeNo),
    /// A node loses power.
    Crash {
        /// Which.
        node: NodeNo,
        /// Whether it never comes back.
        for_good: bool,
    },
    /// A node gives notice, and ends a little later.
    Away {
        /// Which.
        node: NodeNo,
        /// How soon it says that it will be back.
        notice: Duration,
    },
    /// Nothing passes from some to others any more.
    Cut {
        /// From which.
        from: Vec<NodeNo>,
        /// To which.
        to: Vec<NodeNo>,
    },
    /// Everything passes again.
    Heal,
    /// A connection breaks, and what is in flight on it is lost.
    Break(NodeNo, NodeNo),
    /// A node stands still, and takes up afterwards what has come in the meantime.
    Pause {
        /// Which.
        node: NodeNo,
        /// For how long.
        span: Duration,
    },
    /// A node's clock jumps ahead.
    Jump {
        /// Whose.
        node: NodeNo,
        /// How far.
        by: Duration,
    },
    /// A node takes as long for whatever it does.
    Slow {
        /// Which.
        node: NodeNo,
        /// How long.
        each: Duration,
    },
    /// A member tells another of a third, or of that other itself, what is not so.
    Slander {
        /// Which tells.
        liar: NodeNo,
        /// Which is told.
        observer: NodeNo,
        /// Of which it tells.
        other: NodeNo,
        /// What it tells.
        what: Slander,
    },
    /// A node's person has it take back the first of what it hosts.
    TakeBack(NodeNo),
    /// A node's person wants its machine to do more or less than before.
    Revise {
        /// Which.
        node: NodeNo,
        /// How much of each it promises from now on.
        resources: Resources,
    },
    /// A node's person has it drained.
    Drain {
        /// Which.
        node: NodeNo,
        /// How.
        drain: Drain,
    },
    /// A node's person wants it to take things on again.
    Undrain(NodeNo),
    /// A node leaves the cluster, and never comes back.
    Leave(NodeNo),
    /// A node goes on at another address.
    Move(NodeNo),
    /// A machine that was not in use gets a copy of another's disk, key and all.
    Copy {
        /// Whose disk it is.
        of: NodeNo,
        /// The machine that gets it.
        to: NodeNo,
    },
    /// What a node's disk holds of registers is put aside.
    BackUp(NodeNo),
    /// What was put aside takes the place of what the disk of a node that is down holds of registers by now; nothing does,
    /// where nothing was put aside.
    Restore(NodeNo),
    /// Something befalls whichever node runs something exclusive, if one does: the first of them.
    OfHolder(Blow),
    /// Something befalls whichever node runs something to completion, if one does: the first of them.
    OfRunner(Blow),
    /// A machine's free memory changes.
    Measure {
        /// Whose.
        node: NodeNo,
        /// To how much, in bytes.
        free_bytes: u64,
    },
    /// A node says something to another that its agent did not make it say.
    Whisper {
        /// Which.
        from: NodeNo,
        /// To which.
        to: NodeNo,
        /// What.
        frame: Frame,
    },
    /// A node lies about what others have promised.
    Lie {
        /// Which.
        liar: NodeNo,
    },
    /// Nothing goes wrong any more: what is cut heals, and who is down and not gone starts.
    Calm,
    /// Messages of the past are heard again.
    Replay {
        /// How many.
        count: usize,
    },
}

/// What befalls a node that runs something exclusive, or to completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blow {
    /// It stands still for so long.
    Pause(Duration),
    /// Nothing passes between it and the others for so long, be it only what it says, or only what it hears.
    Cut {
        /// For how long.
        span: Duration,
        /// Whether it is not heard.
        is_mute: bool,
        /// Whether it does not hear.
        is_deaf: bool,
    },
    /// It loses power, and has it again after so long.
    Crash(Duration),
}

/// What one member says of another that is not so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slander {
    /// It is dead.
    Dead,
    /// It is another start of the same epoch.
    Copied,
    /// Two have claimed its epoch.
    Cloned,
    /// It has started again.
    Restarted,
    /// It has come back from being taken for dead as often as can be counted.
    Renewed,
    /// It has the last sheet that there can be.
    Hinted,
}

/// What an owner intends.
#[derive(Debug, Clone)]
pub enum Submission {
    /// A new workload.
    Founds(Box<Use>),
    /// A new workload under the name of another, which was deleted.
    FoundsAgain {
        /// Which, counted by the order of the owner's submissions.
        nth: usize,
        /// What is intended.
        wanted: Box<Use>,
    },
    /// A new workload, under the condition that another stands which the same owner has signed and not
    /// submitted. That one is submitted when it is repeated: it counts as submitted just before.
    FoundsIf {
        /// What is intended.
        wanted: Box<Use>,
        /// What it waits for.
        needed: Box<Use>,
        /// The node that the one it waits for goes to.
        needed_at: NodeNo,
    },
    /// Something else of a workload.
    Updates {
        /// Which, counted by the order of the owner's submissions.
        nth: usize,
        /// How many hostings it uses now; `None` as before.
        valency: Option<u32>,
        /// Which component it uses now; `None` as before.
        component: Option<ComponentDigest>,
    },
    /// Something else that a workload needs of each machine.
    AsksAnew {
        /// Which, counted by the order of the owner's submissions.
        nth: usize,
        /// What it needs now.
        needs: Box<Needs>,
    },
    /// A change of another owner's workload, who may have allowed it or not.
    Meddles {
        /// Whose workload.
        of: usize,
        /// Which, counted by the order of that owner's submissions.
        nth: usize,
        /// How many hostings it should use.
        valency: u32,
    },
    /// The same as before once more, as somebody does who has heard no answer.
    Repeats {
        /// Which workload, counted by the order of the owner's submissions.
        nth: usize,
        /// The first that was ever submitted of it, or the last.
        is_first: bool,
    },
}
