//! What a node's loop is told.

use gary_agent::{Acknowledgement, Agent, DeployError, HostReport};
use gary_promise::{Promise, Settlement, Signed, Time};
use gary_wire::WireCodec;
use tokio::sync::oneshot;

/// What a node's loop is told by its own parts. What comes from others comes by the transport.
pub(crate) enum Event {
    /// The host reports.
    Reported(HostReport),
    /// Somebody wants something of the agent.
    Asked(Ask),
}

/// Something that is done with the agent at once.
pub(crate) type Look = Box<dyn FnOnce(&mut Agent<WireCodec>, Time) + Send>;

/// What somebody wants of the agent.
pub(crate) enum Ask {
    /// A person submits an intent.
    Submit {
        intent: Signed<Promise>,
        acknowledgement: Acknowledgement,
        /// Is told why it is refused at once, or what has become of it.
        told: oneshot::Sender<Result<Settlement, DeployError>>,
    },
    /// To look at it, or to have it do something that is over at once.
    With(Look),
    /// The node is to end.
    Stop,
    /// The node is to end, and be started again at once.
    Restart,
}
