//! What a node's loop is told.

use gary_agent::{Agent, HostReport};
use gary_promise::{PromiseId, Settlement, Time};
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

/// Something that is begun with the agent at once: the intent of which it is told later what has become, unless it is refused.
pub(crate) type Begin = Box<dyn FnOnce(&mut Agent<WireCodec>, Time) -> Option<PromiseId> + Send>;

/// What somebody wants of the agent.
pub(crate) enum Ask {
    /// To have an intent of a person's kept.
    Settle {
        begin: Begin,
        /// Is told what has become of it.
        told: oneshot::Sender<Settlement>,
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

/// Has the agent have an intent kept, and waits for what becomes of that or why it is refused; nothing once the node has
/// ended.
pub(crate) async fn settled<E: Send + 'static>(
    events: &mpsc::Sender<Event>,
    begin: impl FnOnce(&mut Agent<WireCodec>, Time) -> Result<PromiseId, E> + Send + 'static,
) -> Option<Result<Settlement, E>> {
    let (refuse, refused) = oneshot::channel();
    let (told, settled) = oneshot::channel();
    let begin = move |agent: &mut Agent<WireCodec>, now: Time| {
        // Whoever asked may have left.
        let begun = begin(agent, now).map_err(|why| refuse.send(why));
        begun.ok()
    };
    let begin = Box::new(begin);
    let ask = Event::Asked(Ask::Settle { begin, told });
    events.send(ask).await.ok()?;
    match settled.await {
        Ok(settlement) => Some(Ok(settlement)),
        Err(_) => refused.await.ok().map(Err),
    }
}
