//! What is done wrong in a model, so that the model can be seen to find it.

/// What every keeper or every host does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A host counts from when it hears an answer.
    CountsFromTheAnswer,
    /// A keeper grants before what it grants is on disk.
    GrantsBeforeDurable,
    /// A keeper that has started again grants at once.
    GrantsAtOnceAfterStart,
    /// A keeper that has voted for others goes on granting among those before.
    GrantsAfterVoting,
    /// A keeper of a later configuration does not wait for what those may have granted whom it does not know.
    DoesNotWaitForChanges,
    /// A host takes up what was granted among others than its fencing epoch is of.
    BeginsAmongOthers,
}
