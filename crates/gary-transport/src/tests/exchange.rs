//! What is sent arrives.

use std::num::NonZeroU64;

use crate::{DialError, Ending, Event, Lane, Peer, SendError, Settings};
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::net::{Net, presented, soon, text};

pub(crate) async fn everything_arrives(net: Net) {
    let mut a = net.agent(1);
    let mut b = net.agent(2);

    a.transport
        .send_datagram(b.peer(), Bytes::from_static(b"datagram"))
        .unwrap();
    // In any order: a datagram does not wait for anything.
    let (mut datagram, mut connected) = (None, None);
    while datagram.is_none() || connected.is_none() {
        match soon(b.events.next()).await {
            Some(Event::Datagram { from, bytes }) => datagram = Some((from, text(&bytes))),
            Some(Event::Connected { peer, presented }) => connected = Some((peer, presented)),
            event => panic!("{event:?}"),
        }
    }
    assert_eq!(datagram, Some((a.peer(), "datagram".to_owned())));
    assert_eq!(connected, Some((a.peer(), presented(1, b.peer().key))));
    let connected = a.next(|event| match event {
        Event::Connected { peer, presented } => Some((peer, presented)),
        _ => None,
    });
    assert_eq!(connected.await, (b.peer(), presented(2, a.peer().key)));

    a.send(b.peer(), "frame");
    assert_eq!(b.next_frame().await, "frame");

    // The way back is the connection that there is, whatever the address.
    let nowhere = Peer {
        address: "127.0.0.1:1".parse().unwrap(),
        ..a.peer()
    };
    b.send(nowhere, "back");
    assert_eq!(a.next_frame().await, "back");

    let asking = tokio::spawn({
        let (transport, to) = (a.transport.clone(), b.peer());
        async move {
            let mut stream = transport.open(to, Lane::Talk, 7).await.unwrap();
            stream.send.write_all(b"question").await.unwrap();
            stream.send.shutdown().await.unwrap();
            let mut answer = String::new();
            stream.recv.read_to_string(&mut answer).await.unwrap();
            answer
        }
    });
    let (from, kind, mut stream) = b
        .next(|event| match event {
            Event::Request {
                from,
                lane: Lane::Talk,
                kind,
                stream,
            } => Some((from, kind, stream)),
            _ => None,
        })
        .await;
    assert_eq!((from, kind), (a.peer(), 7));
    let mut question = String::new();
    soon(stream.recv.read_to_string(&mut question))
        .await
        .unwrap();
    assert_eq!(question, "question");
    stream.send.write_all(b"answer").await.unwrap();
    stream.send.shutdown().await.unwrap();
    assert_eq!(soon(asking).await.unwrap(), "answer");

    assert_eq!(a.transport.connections(), 1);
    assert_eq!(b.transport.connections(), 1);
}

pub(crate) async fn frames_arrive_in_order(net: Net) {
    const FRAMES: usize = 500;
    let settings = Settings {
        frames_waiting_max: FRAMES,
        frame_bytes_waiting_max: usize::MAX,
        ..Settings::default()
    };
    let a = net.agent_with(1, settings);
    let mut b = net.agent(2);
    let frame = |number: usize| format!("{number} {}", "x".repeat(number * 37 % 20_000));
    for number in 0..FRAMES {
        a.send(b.peer(), frame(number));
    }
    for number in 0..FRAMES {
        assert_eq!(b.next_frame().await, frame(number));
    }
}

pub(crate) async fn a_stream_that_breaks_off_is_no_stream_that_ends(net: Net) {
    let a = net.agent(1);
    let mut b = net.agent(2);
    for is_whole in [true, false] {
        let mut asking = soon(a.transport.open(b.peer(), Lane::Talk, 0))
            .await
            .unwrap();
        asking.send.write_all(b"so far").await.unwrap();
        let mut asked = b.next(request).await;
        let mut read = [0; 6];
        soon(asked.recv.read_exact(&mut read)).await.unwrap();
        if is_whole {
            asking.send.shutdown().await.unwrap();
        }
        drop(asking.send);
        let end = soon(asked.recv.read(&mut read)).await;
        assert_eq!(end.ok(), is_whole.then_some(0));
    }
}

pub(crate) async fn bulk_has_a_connection_of_its_own(net: Net) {
    // More than a burst, and fast enough for nobody to wait for.
    let settings = Settings {
        bulk_bytes_per_second: NonZeroU64::new(64 << 20),
        ..Settings::default()
    };
    let a = net.agent_with(1, settings.clone());
    let mut b = net.agent_with(2, settings);
    a.send(b.peer(), "frame");
    assert_eq!(b.next_frame().await, "frame");

    let component: Vec<u8> = (0..8 << 20).map(|byte| (byte % 251) as u8).collect();
    let fetching = tokio::spawn({
        let (transport, to) = (a.transport.clone(), b.peer());
        async move {
            let mut stream = transport.open(to, Lane::Bulk, 3).await.unwrap();
            let mut fetched = Vec::new();
            stream.recv.read_to_end(&mut fetched).await.unwrap();
            fetched
        }
    });
    let mut stream = b
        .next(|event| match event {
            Event::Request {
                lane: Lane::Bulk,
                kind: 3,
                stream,
                ..
            } => Some(stream),
            _ => None,
        })
        .await;
    assert_eq!(a.transport.connections(), 2);
    soon(stream.send.write_all(&component)).await.unwrap();
    soon(stream.send.shutdown()).await.unwrap();
    assert!(soon(fetching).await.unwrap() == component);
}

pub(crate) async fn an_end_is_told(net: Net) {
    let a = net.agent(1);
    let mut b = net.agent(2);
    a.send(b.peer(), "frame");
    assert_eq!(b.next_frame().await, "frame");
    soon(a.transport.close()).await;
    let ending = b
        .next(|event| match event {
            Event::Lost { peer, ending } => Some((peer, ending)),
            _ => None,
        })
        .await;
    let said = Ending::Closed("shutting down".to_owned());
    assert_eq!(ending, (a.peer(), said));

    let refused = a.transport.send_frame(b.peer(), Bytes::new());
    assert_eq!(refused, Err(SendError::Dial(DialError::Closed)));
    assert_eq!(b.transport.connections(), 0);
}

/// The stream of a request.
pub(crate) fn request(event: Event) -> Option<crate::Stream> {
    match event {
        Event::Request { stream, .. } => Some(stream),
        _ => None,
    }
}
