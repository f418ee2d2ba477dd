//! Who is let in.

use crate::{Count, DialError, Ending, Event, Lane, OpenError};

use super::net::{Net, soon, until};

pub(crate) async fn who_is_admitted_by_neither_key_nor_word_is_told_why(net: Net) {
    let (a, b) = (net.agent(1), net.agent(2));
    let mut c = net.agent(3);
    c.guard.barred.lock().unwrap().push(a.peer().key);
    let reason = "its admission has ended".to_owned();
    c.guard
        .refused
        .lock()
        .unwrap()
        .insert(b.peer().key, reason.clone());

    let refused = soon(a.transport.open(c.peer(), Lane::Talk, 0)).await;
    let barred = "the key is not admitted".to_owned();
    let expected = DialError::Refused { reason: barred };
    assert_eq!(refused.unwrap_err(), OpenError::Dial(expected));

    let refused = soon(b.transport.open(c.peer(), Lane::Bulk, 0)).await;
    let expected = DialError::Refused { reason };
    assert_eq!(refused.unwrap_err(), OpenError::Dial(expected.clone()));
    let refused = soon(b.transport.meet(c.peer().address)).await;
    assert_eq!(refused, Err(expected));

    until(|| c.transport.count(Count::Refused) == 3).await;
    assert_eq!(c.transport.connections(), 0);
    // The first that it hears is of somebody else.
    let d = net.agent(4);
    d.send(c.peer(), "frame");
    let first = soon(c.events.next()).await;
    assert!(matches!(first, Some(Event::Connected { peer, .. }) if peer == d.peer()));
}

pub(crate) async fn who_is_dialled_is_judged_too(net: Net) {
    let a = net.agent(1);
    let mut b = net.agent(2);
    let reason = "it is of another cluster".to_owned();
    a.guard
        .refused
        .lock()
        .unwrap()
        .insert(b.peer().key, reason.clone());

    let refused = soon(a.transport.meet(b.peer().address)).await;
    let expected = DialError::NotAdmitted {
        reason: reason.clone(),
    };
    assert_eq!(refused, Err(expected));
    let ending = b
        .next(|event| match event {
            Event::Lost { ending, .. } => Some(ending),
            _ => None,
        })
        .await;
    assert_eq!(ending, Ending::Refused(reason));
    assert_eq!(a.transport.connections(), 0);
}

pub(crate) async fn who_is_there_is_found_out(net: Net) {
    let a = net.agent(1);
    let mut b = net.agent(2);
    let met = soon(a.transport.meet(b.peer().address)).await;
    assert_eq!(met, Ok(b.peer()));
    a.send(b.peer(), "frame");
    assert_eq!(b.next_frame().await, "frame");
    assert_eq!(a.transport.connections(), 1);

    let met = soon(a.transport.meet(a.peer().address)).await;
    assert_eq!(met, Err(DialError::Oneself));
}

pub(crate) async fn nobody_else_takes_the_place_of_whom_was_meant(net: Net) {
    let (a, b, c) = (net.agent(1), net.agent(2), net.agent(3));
    let mistaken = crate::Peer {
        key: c.peer().key,
        address: b.peer().address,
    };
    let refused = soon(a.transport.open(mistaken, Lane::Talk, 0)).await;
    let expected = DialError::WrongKey {
        address: b.peer().address,
        expected: c.peer().key,
        found: b.peer().key,
    };
    assert_eq!(refused.unwrap_err(), OpenError::Dial(expected));
    assert_eq!(a.transport.connections(), 0);
    assert_eq!(b.transport.connections(), 0);
}

pub(crate) async fn who_is_disconnected_is_told_why(net: Net) {
    let a = net.agent(1);
    let mut b = net.agent(2);
    a.send(b.peer(), "frame");
    assert_eq!(b.next_frame().await, "frame");
    a.transport.disconnect(b.peer().key, "it was revoked");
    let ending = b
        .next(|event| match event {
            Event::Lost { ending, .. } => Some(ending),
            _ => None,
        })
        .await;
    assert_eq!(ending, Ending::Refused("it was revoked".to_owned()));
}
