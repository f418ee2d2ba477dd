//! What a node's loop is told.

use gary_agent::{Acknowledgement, Agent, DeployError, HostReport};
use gary_promise::{Promise, Settlement, Signed, Time};
use gary_wire::WireCodec;
use tokio::sync::{mpsc, oneshot};

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

/// Looks at the agent by way of its loop; nothing once the node has ended.
pub(crate) async fn look<T: Send + 'static>(
    events: &mpsc::Sender<Event>,
    what: impl FnOnce(&mut Agent<WireCodec>, Time) -> T + Send + 'static,
) -> Option<T> {
    let (tell, told) = oneshot::channel();
    let look = move |agent: &mut Agent<WireCodec>, now: Time| {
        // Whoever asked may have left.
        let _ = tell.send(what(agent, now));
    };
    let ask = Event::Asked(Ask::With(Box::new(look)));
    events.send(ask).await.ok()?;
    told.await.ok()
}
