//! Letting in those who dial.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::carrier::{Carrier, Closing, Code, Connection, Incoming};
use crate::hub::Shared;
use crate::peers::Made;
use crate::{Count, DialError};

/// Takes connections until the transport is closed.
pub(crate) async fn run<C: Carrier>(shared: Arc<Shared<C>>) {
    let handshakes = Arc::new(Semaphore::new(shared.settings.handshakes_max));
    while let Some(incoming) = shared.carrier.accept().await {
        let Ok(permit) = Arc::clone(&handshakes).try_acquire_owned() else {
            shared.counts.add(Count::TurnedAway, 1);
            continue;
        };
        let shared = Arc::clone(&shared);
        shared.runtime.clone().spawn(async move {
            let timeout = shared.settings.handshake_timeout;
            let let_in = tokio::time::timeout(timeout, let_in(&shared, incoming)).await;
            if let Ok(Err(error)) = let_in {
                tracing::debug!(%error, "a connection was not taken");
            }
            drop(permit);
        });
    }
}

async fn let_in<C: Carrier>(
    shared: &Arc<Shared<C>>,
    incoming: C::Incoming,
) -> Result<(), DialError> {
    let connection = incoming.accept().await?;
    let peer = connection.peer();
    if peer == shared.carrier.key() {
        connection.close(&Closing::new(Code::Refused, "the key is this agent's own"));
        return Err(DialError::Oneself);
    }

    let heard = shared.door().hear(&connection).await;
    let (presented, answer) = heard.inspect_err(|error| {
        if matches!(error, DialError::NotAdmitted { .. }) {
            shared.counts.add(Count::Refused, 1);
        }
    })?;
    let made = Made {
        peer,
        lane: connection.lane(),
        life: presented.life,
        is_dialled_here: false,
    };
    // Before the answer, so that who has one has its place.
    let taken = shared.take_in(connection.clone(), made, presented.credentials);
    taken.inspect_err(|error| {
        shared.counts.add(Count::TurnedAway, 1);
        connection.close(&Closing::new(Code::NoRoom, error));
    })?;
    shared.door().answer(&connection, answer).await
}
