//! Kept, broken or unknown, and by what.

use crate::Time;

/// What an observer holds a promise for, each with what it goes by. Times are by its own clock.
///
/// Each value has causes of its own, so that nothing can be held for broken because of silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// It is kept.
    Kept(Kept),
    /// It cannot be told. That is no reproach, and yet enough to ask somebody else.
    Unknown(Unknown),
    /// It is not kept.
    Broken(Broken),
}

/// Why a promise is held for kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// The promiser said so, within its lease, and nothing since speaks against it.
    Renewed {
        /// When that was heard.
        at: Time,
    },
    /// The observer used what is promised, and nothing since speaks against it.
    Used {
        /// When that was.
        at: Time,
    },
    /// The promiser is away by plan, as it said it would be.
    OnNotice {
        /// When that was heard.
        at: Time,
        /// When it should be back.
        back_by: Time,
    },
}

/// Why a promise cannot be told to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// Nothing was ever heard of it from its promiser.
    Unheard,
    /// Its promiser was not heard for longer than the observer's patience; its lease still runs.
    Silent {
        /// When it was heard last.
        since: Time,
    },
    /// Its promiser cannot be reached; its lease still runs.
    Lost {
        /// When that was found.
        at: Time,
    },
}

/// Why a promise is held for broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// Its lease ran out, or its promiser is not back as it said.
    Expired {
        /// When that was.
        at: Time,
    },
    /// It was withdrawn.
    Withdrawn {
        /// When that was heard.
        at: Time,
    },
    /// There is evidence to the contrary.
    Contrary {
        /// When it came.
        at: Time,
        /// What it is.
        contrary: Contrary,
    },
}

/// Evidence that a promise is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contrary {
    /// The promiser itself says so.
    Denied,
    /// The observer tried, and was answered with a failure.
    Failed,
}

impl Judgement {
    /// Which of the three values it is, without what it goes by.
    pub const fn value(&self) -> Value {
        match self {
            Self::Kept(_) => Value::Kept,
            Self::Unknown(_) => Value::Unknown,
            Self::Broken(_) => Value::Broken,
        }
    }
}

/// One of the three values of a judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// It is kept.
    Kept,
    /// It cannot be told.
    Unknown,
    /// It is not kept.
    Broken,
}
