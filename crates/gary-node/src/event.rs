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
    /// To have it do something that is to be remembered.
    Store {
        what: Look,
        /// Is told once all that was to be stored by then is, and dropped if it never is.
        told: oneshot::Sender<()>,
    },
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
    let (what, told) = telling(what);
    events.send(Event::Asked(Ask::With(what))).await.ok()?;
    told.await.ok()
}

/// Has the agent do something that a person is told of: not before all that follows from it is stored, so that nobody is told
/// what a loss of power could undo. Nothing once the node has ended.
pub(crate) async fn stored<T: Send + 'static>(
    events: &mpsc::Sender<Event>,
    what: impl FnOnce(&mut Agent<WireCodec>, Time) -> T + Send + 'static,
) -> Option<T> {
    let (what, done) = telling(what);
    let (told, stored) = oneshot::channel();
    let ask = Event::Asked(Ask::Store { what, told });
    events.send(ask).await.ok()?;
    stored.await.ok()?;
    done.await.ok()
}

/// A look, and where what comes of it is told.
fn telling<T: Send + 'static>(
    what: impl FnOnce(&mut Agent<WireCodec>, Time) -> T + Send + 'static,
) -> (Look, oneshot::Receiver<T>) {
    let (tell, told) = oneshot::channel();
    let look = move |agent: &mut Agent<WireCodec>, now: Time| {
        // Whoever asked may have left.
        let _ = tell.send(what(agent, now));
    };
    (Box::new(look), told)
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

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use gary_agent::membership::Settings;
    use gary_agent::{AgentSetup, REPLACES_AFTER, Setup};
    use gary_promise::{
        AgentKey, BootEpoch, BootNonce, Capacity, ClusterId, Interfaces, Labels, Resources,
    };

    use super::*;

    fn agent() -> Agent<WireCodec> {
        let dealings = Setup {
            key: AgentKey::from_seed(&[1; 32]),
            cluster: ClusterId::from_bytes([1; 32]),
            epoch: BootEpoch(1),
            capacity: Capacity {
                resources: Resources::NONE,
                labels: Labels::default(),
                architecture: "x86_64".parse().expect("it is a word"),
                interfaces: Interfaces::default(),
            },
            consider: None,
            declines: false,
            replaces_after: REPLACES_AFTER,
            seed: 1,
        };
        let setup = AgentSetup {
            dealings,
            nonce: BootNonce(1),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 1)),
            membership: Settings::lan(),
        };
        Agent::new(setup, Vec::new(), WireCodec, Time::from_us(1))
    }

    #[tokio::test]
    async fn who_has_something_done_is_told_once_it_is_stored_and_never_if_it_is_not() {
        for is_stored in [true, false] {
            let (events, mut taken) = mpsc::channel(1);
            let asks = tokio::spawn(async move { stored(&events, |_, _| "done").await });
            let Some(Event::Asked(Ask::Store { what, told })) = taken.recv().await else {
                panic!("it is to be stored");
            };
            what(&mut agent(), Time::from_us(1));
            // Whatever it could go on by now, it would.
            tokio::task::yield_now().await;
            assert!(!asks.is_finished());
            match is_stored {
                true => told.send(()).expect("somebody waits"),
                false => drop(told),
            }
            let answer = asks.await.expect("it ends");
            assert_eq!(answer, is_stored.then_some("done"));
        }
    }
}
