//! What nobody can make anybody do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::{Count, DialError, Event, Lane, OpenError, Peer, SendError, Settings};
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::exchange::request;
use super::net::{Net, key, resent, soon, until};

pub(crate) async fn a_frame_that_is_too_long_closes_its_stream(net: Net) {
    let with = |frame_bytes_max| Settings {
        frame_bytes_max,
        ..Settings::default()
    };
    let a = net.agent_with(1, with(2_000));
    let mut b = net.agent_with(2, with(1_000));

    let longest = Bytes::from(vec![b'x'; 2_001]);
    let expected = SendError::TooLong {
        bytes: 2_001,
        limit: 2_000,
    };
    assert_eq!(a.transport.send_frame(b.peer(), longest), Err(expected));

    a.send(b.peer(), "before");
    a.send(b.peer(), "x".repeat(1_001));
    assert_eq!(b.next_frame().await, "before");
    until(|| b.transport.count(Count::FramesTooLong) == 1).await;

    // What was written before the writer knew is lost; what is written then goes on another stream.
    assert_eq!(resent(&a, &mut b, "after").await, "after");
    assert_eq!(b.transport.connections(), 1);
}

pub(crate) async fn what_nobody_takes_holds_up_its_sender(net: Net) {
    let settings = Settings {
        events_max: 2,
        frames_waiting_max: 10,
        stream_window_bytes: 32 << 10,
        connection_window_bytes: 64 << 10,
        ..Settings::default()
    };
    let a = net.agent_with(1, settings.clone());
    let mut b = net.agent_with(2, settings);
    let frame = |number: u32| format!("{number:06}{}", "x".repeat(10_000));

    let mut sent = Vec::new();
    let mut number = 0;
    soon(async {
        loop {
            number += 1;
            match a.transport.send_frame(b.peer(), frame(number).into()) {
                Ok(()) => sent.push(number),
                Err(SendError::Overflow) if number > 1_000 => return,
                Err(error) => assert_eq!(error, SendError::Overflow),
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    // Ten that wait, one in the hands of each side's task, two as events, and what the windows hold.
    assert!(sent.len() < 10 + 2 + 2 + 15, "{}", sent.len());
    let dropped = number as usize - sent.len();
    assert_eq!(a.transport.count(Count::FramesOverflowed), dropped as u64);

    for number in sent {
        assert_eq!(b.next_frame().await, frame(number));
    }
}

pub(crate) async fn a_stream_that_nobody_reads_holds_up_its_writer(net: Net) {
    const BYTES: usize = 4 << 20;
    const CHUNK_BYTES: usize = 1_000;
    let settings = Settings {
        stream_window_bytes: 64 << 10,
        connection_window_bytes: 128 << 10,
        ..Settings::default()
    };
    let a = net.agent_with(1, settings.clone());
    let mut b = net.agent_with(2, settings);
    let mut writing = soon(a.transport.open(b.peer(), Lane::Talk, 0))
        .await
        .unwrap();
    let written = Arc::new(AtomicUsize::new(0));
    let writer = tokio::spawn({
        let written = Arc::clone(&written);
        async move {
            while written.load(Ordering::SeqCst) < BYTES {
                writing.send.write_all(&[7; CHUNK_BYTES]).await.unwrap();
                written.fetch_add(CHUNK_BYTES, Ordering::SeqCst);
            }
            writing.send.shutdown().await.unwrap();
        }
    });
    let mut reading = b.next(request).await;

    // Others are not held up by it.
    for number in 0..20 {
        a.send(b.peer(), format!("frame {number}"));
        assert_eq!(b.next_frame().await, format!("frame {number}"));
    }
    let ahead = written.load(Ordering::SeqCst);
    assert!(ahead <= (64 + 128) << 10, "{ahead} bytes ahead of a reader");

    let mut read = Vec::new();
    soon(reading.recv.read_to_end(&mut read)).await.unwrap();
    soon(writer).await.unwrap();
    assert_eq!(read.len(), written.load(Ordering::SeqCst));
}

pub(crate) async fn requests_at_once_are_bounded(net: Net) {
    const REQUESTS: usize = 50;
    const REQUESTS_MAX: u32 = 8;
    let a = net.agent(1);
    let settings = Settings {
        requests_max: REQUESTS_MAX,
        ..Settings::default()
    };
    let mut b = net.agent_with(2, settings);
    let asking: Vec<_> = (0..REQUESTS)
        .map(|_| {
            let (transport, to) = (a.transport.clone(), b.peer());
            tokio::spawn(async move {
                let mut stream = transport.open(to, Lane::Talk, 0).await.unwrap();
                stream.send.shutdown().await.unwrap();
                let mut answer = Vec::new();
                stream.recv.read_to_end(&mut answer).await.unwrap();
                answer
            })
        })
        .collect();

    // One less than may be: that the stream at the door has ended may not have come around yet.
    let mut held = Vec::new();
    while held.len() < REQUESTS_MAX as usize - 1 {
        held.push(b.next(request).await);
    }
    for _ in 0..20 {
        a.send(b.peer(), "frame");
        let came = |event| match event {
            Event::Frame { .. } => Some(None),
            Event::Request { stream, .. } => Some(Some(stream)),
            _ => None,
        };
        while let Some(stream) = b.next(came).await {
            held.push(stream);
        }
    }
    assert!(held.len() <= REQUESTS_MAX as usize, "{}", held.len());

    for answered in 0..REQUESTS {
        if held.is_empty() {
            held.push(b.next(request).await);
        }
        let mut stream = held.pop().unwrap();
        let mut rest = Vec::new();
        soon(stream.recv.read_to_end(&mut rest)).await.unwrap();
        stream.send.write_all(b"answer").await.unwrap();
        stream.send.shutdown().await.unwrap();
        assert!(held.len() < REQUESTS_MAX as usize, "{answered}");
    }
    for asked in asking {
        assert_eq!(soon(asked).await.unwrap(), b"answer");
    }
}

pub(crate) async fn the_connection_used_longest_ago_makes_room(net: Net) {
    let settings = Settings {
        connections_max: 2,
        ..Settings::default()
    };
    let a = net.agent_with(1, settings);
    let (mut b, mut c, d) = (net.agent(2), net.agent(3), net.agent(4));
    for peer in [b.peer(), c.peer(), b.peer(), d.peer()] {
        let opened = soon(a.transport.open(peer, Lane::Talk, 0)).await;
        // Nobody uses a connection any more whose streams were let go of.
        drop(opened.unwrap());
    }

    c.next(|event| matches!(event, Event::Lost { .. }).then_some(()))
        .await;
    assert_eq!(a.transport.connections(), 2);
    assert_eq!(a.transport.count(Count::Evicted), 1);
    a.send(b.peer(), "still here");
    assert_eq!(b.next_frame().await, "still here");
    a.send(c.peer(), "here again");
    assert_eq!(c.next_frame().await, "here again");
}

pub(crate) async fn connections_in_use_make_no_room(net: Net) {
    let settings = Settings {
        connections_max: 1,
        ..Settings::default()
    };
    let (a, c) = (net.agent(1), net.agent(3));
    let mut b = net.agent_with(2, settings);
    let asking = soon(a.transport.open(b.peer(), Lane::Talk, 0))
        .await
        .unwrap();
    let asked = b.next(request).await;

    let refused = soon(c.transport.open(b.peer(), Lane::Talk, 0)).await;
    assert_eq!(refused.unwrap_err(), OpenError::Dial(DialError::PeerFull));
    assert_eq!(b.transport.count(Count::TurnedAway), 1);
    let refused = soon(b.transport.meet(c.peer().address)).await;
    assert_eq!(refused, Err(DialError::Full { limit: 1 }));

    drop((asking, asked));
    soon(b.transport.meet(c.peer().address)).await.unwrap();
    assert_eq!(b.transport.connections(), 1);
}

pub(crate) async fn handshakes_at_once_are_bounded(net: Net) {
    let settings = Settings {
        handshakes_max: 1,
        ..Settings::default()
    };
    let (a, c) = (net.agent(1), net.agent(3));
    let mut b = net.agent_with(2, settings);
    b.guard.is_open.send_replace(false);
    a.send(b.peer(), "frame");
    until(|| b.guard.is_open.receiver_count() == 1).await;

    let refused = soon(c.transport.meet(b.peer().address)).await;
    assert_eq!(refused, Err(DialError::PeerFull));
    assert_eq!(b.transport.count(Count::TurnedAway), 1);

    b.guard.is_open.send_replace(true);
    assert_eq!(b.next_frame().await, "frame");
}

pub(crate) async fn who_does_not_answer_is_left_alone_for_a_while(net: Net) {
    let settings = Settings {
        handshake_timeout: Duration::from_millis(100),
        backoff_min: Duration::from_secs(3_600),
        backoff_max: Duration::from_secs(3_600),
        datagrams_waiting_max: 1,
        ..Settings::default()
    };
    let mut a = net.agent_with(1, settings);
    // A port that was free a moment ago, and that nobody asks for by number.
    let gone = net.agent(2).peer();
    // Whether they are refused at once or later depends on how soon it shows that nobody is there.
    for _ in 0..2 {
        let _ = a.transport.send_frame(gone, Bytes::from_static(b"frame"));
    }
    let datagram = || Bytes::from_static(b"datagram");
    let _ = a.transport.send_datagram(gone, datagram());
    assert!(a.transport.send_datagram(gone, datagram()).is_err());

    until(|| a.transport.count(Count::FramesUndelivered) == 2).await;
    until(|| a.transport.count(Count::DatagramsUndelivered) == 2).await;
    let refused = soon(a.transport.open(gone, Lane::Talk, 0)).await;
    let Err(OpenError::Dial(DialError::BackingOff { wait })) = refused else {
        panic!("{refused:?}");
    };
    assert!(wait > Duration::from_secs(1_000), "{wait:?}");
    let refused = a.transport.send_frame(gone, Bytes::new());
    let is_backing_off = |error| matches!(error, SendError::Dial(DialError::BackingOff { .. }));
    assert!(refused.is_err_and(is_backing_off));
    assert_eq!(a.transport.count(Count::FramesUndelivered), 3);

    // Who comes by itself is not left alone.
    let back = net.agent(2);
    back.send(a.peer(), "back");
    assert_eq!(a.next_frame().await, "back");
    let to = Peer {
        key: key(2),
        ..gone
    };
    soon(a.transport.open(to, Lane::Talk, 0)).await.unwrap();
}
