//! Asking whether somebody would host.

use crate::{AgentId, BootEpoch, KEEPERS_MAX, Promise, Signed, Slot, TooMany, amount::BoundedSet};

/// The most slots of one invitation: as many as one agent may be asked to offer for at once.
pub const INVITED_SLOTS_MAX: usize = 64;

/// Asks whether the receiver would host slots of a workload. It may offer for all of them, for some or
/// for none, and only if it considers those whose intent it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The owner's intent, as it was signed.
    pub intent: Signed<Promise>,
    /// The start in whose life the sender asks. An offer says to which it answers.
    pub epoch: BootEpoch,
    /// The slots.
    pub slots: BoundedSet<Slot, INVITED_SLOTS_MAX>,
    /// Those of them that are asked for only where there is room besides what the receiver hosts of an earlier generation
    /// in them. In the others it may let that go for this if there is no room for both.
    pub beside: BoundedSet<Slot, INVITED_SLOTS_MAX>,
    /// Those of them in which something runs that goes once this does: whoever hosts them says that it does, of the first
    /// generation too.
    pub awaited: BoundedSet<Slot, INVITED_SLOTS_MAX>,
    /// Who keeps the workload besides the sender, as far as it knows: whoever hosts it tells them too.
    pub keepers: BoundedSet<AgentId, KEEPERS_MAX>,
}

impl Invitation {
    /// Invites to host `slots` of what `intent` intends.
    ///
    /// # Errors
    ///
    /// Refuses more than [`INVITED_SLOTS_MAX`] slots.
    pub fn new(
        intent: Signed<Promise>,
        epoch: BootEpoch,
        slots: impl IntoIterator<Item = Slot>,
    ) -> Result<Self, TooMany> {
        Ok(Self {
            intent,
            epoch,
            slots: BoundedSet::new(slots)?,
            beside: BoundedSet::default(),
            awaited: BoundedSet::default(),
            keepers: BoundedSet::default(),
        })
    }
}
