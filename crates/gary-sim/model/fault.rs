//! What every keeper of a model does wrong, so that the model can be seen to find it.

/// What every keeper does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It answers before what it answers is on disk.
    AnswersBeforeDurable,
    /// It remembers neither which attempts it has made nor how often it has started, and makes one twice.
    ForgetsItsAttempts,
    /// It lets others vote before those who voted until then are agreed on it.
    SkipsOverlap,
    /// It forgets all about a register when it is no keeper of it any more.
    ForgetsWhenRemoved,
}
