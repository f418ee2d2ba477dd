//! What a promiser says of a promise it has made.

use std::cmp::{Ordering, Reverse};

use crate::{Notice, Time, Version};

/// What a promiser says of a promise it has made. The later a variant, the worse the news.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// It is made, or stands for another lease.
    Renewal,
    /// It will not be kept for a while, by plan.
    Notice(Notice),
    /// It is not kept now, and the promiser says so itself.
    Denial,
}

/// A word, as it was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) version: Version,
    pub(crate) word: Word,
    pub(crate) at: Time,
}

impl Heard {
    /// Later words are greater. A promiser says one thing per version; where one does otherwise, the
    /// worse word decides, and of the same word the first hearing, which a replay cannot move.
    fn height(&self) -> impl Ord {
        (self.version, self.word, Reverse(self.at))
    }
}

impl Ord for Heard {
    fn cmp(&self, other: &Self) -> Ordering {
        self.height().cmp(&other.height())
    }
}

impl PartialOrd for Heard {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
