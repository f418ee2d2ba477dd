//! Bodies: streamed both ways, with trailers, and held to their size.

use http::HeaderMap;
use http_body_util::BodyExt;
use hyper::body::{Bytes, Frame};
use tokio::time::timeout;

use crate::support::{
    Answer, Client, Gary, Guest, Process, Request, WAIT_MAX, post, runtime, streamed,
};

const GUESTS: [Guest; 2] = [Guest("hello-http"), Guest("http-p3")];

#[test]
fn a_large_body_comes_back_whole() {
    let sent: Vec<u8> = (0..4 << 20)
        .map(|n: u32| (n.wrapping_mul(n) >> 9) as u8)
        .collect();
    let gary = Gary::new();
    for guest in GUESTS {
        let server = gary.serve(guest.path()).start().serving();
        let answer = server.send(post("/echo", sent.clone()));
        assert_eq!(
            (answer.status.as_u16(), &answer.broken),
            (200, &None),
            "{guest:?}"
        );
        assert!(answer.body == sent, "{guest:?}: the bytes differ");
    }
}

#[test]
fn a_body_is_streamed_both_ways_at_once() {
    let gary = Gary::new();
    for guest in GUESTS {
        let server = gary.serve(guest.path()).start().serving();
        runtime().block_on(async {
            let (sender, body) = streamed();
            let request = http::Request::post("/echo")
                .body(body)
                .expect("it is legal");
            let mut client = Client::http1(server.addr()).await;
            // The guest answers before the body has even begun.
            let mut response = client.begin(request).await.into_body();
            for word in ["one", "two", "three"] {
                let sent = sender.unbounded_send(Ok(Frame::data(Bytes::from(word))));
                sent.expect("the connection lives");
                let echoed = timeout(WAIT_MAX, response.frame());
                let frame = echoed
                    .await
                    .expect("it is echoed at once")
                    .expect("it goes on");
                let data = frame.expect("it is whole").into_data().expect("it is data");
                assert_eq!(data, word, "{guest:?}");
            }
            drop(sender);
            let end = timeout(WAIT_MAX, response.frame());
            assert!(end.await.expect("it ends").is_none(), "{guest:?}");
        });
    }
}

/// Sends a body with a trailer and takes what comes back.
async fn echo_with_trailer(mut client: Client) -> Answer {
    let (sender, body) = streamed();
    let request = http::Request::post("/echo")
        .header("trailer", "x-end")
        .header("te", "trailers")
        .body(body)
        .expect("it is legal");
    let mut trailers = HeaderMap::new();
    trailers.insert("x-end", "here".parse().expect("it is legal"));
    for frame in [Frame::data(Bytes::from("body")), Frame::trailers(trailers)] {
        sender
            .unbounded_send(Ok(frame))
            .expect("the body is not read yet");
    }
    drop(sender);
    client.ask(request).await
}

#[test]
fn trailers_follow_the_body() {
    let gary = Gary::new();
    for guest in GUESTS {
        let server = gary.serve(guest.path()).start().serving();
        runtime().block_on(async {
            let http1 = echo_with_trailer(Client::http1(server.addr()).await).await;
            let http2 = echo_with_trailer(Client::http2(server.addr()).await).await;
            for answer in [http1, http2] {
                answer.is(200, "body");
                let trailers = answer.trailers.expect("trailers are echoed");
                assert_eq!(trailers["x-end"], "here", "{guest:?}");
            }
        });
    }
}

fn small_bodies(guest: Guest) -> Process {
    Gary::new()
        .serve(guest.path())
        .args(["--max-body", "1KiB"])
        .start()
        .serving()
}

#[test]
fn a_body_announced_as_too_large_is_refused() {
    for guest in GUESTS {
        let server = small_bodies(guest);
        let refused = server.send(post("/echo", vec![b'x'; 1025]));
        assert_eq!(refused.status, 413, "{guest:?}");
        let taken = server.send(post("/echo", vec![b'x'; 1024]));
        assert_eq!(
            (taken.status.as_u16(), taken.body.len()),
            (200, 1024),
            "{guest:?}"
        );
    }
}

/// A request whose body is sent in chunks of 512 bytes, so that nobody knows its length beforehand.
fn in_chunks(path: &str, chunks: usize) -> Request {
    let (sender, body) = streamed();
    for _ in 0..chunks {
        let chunk = Frame::data(Bytes::from(vec![b'x'; 512]));
        sender
            .unbounded_send(Ok(chunk))
            .expect("the body is not read yet");
    }
    drop(sender);
    http::Request::post(path).body(body).expect("it is legal")
}

#[test]
fn a_body_that_turns_out_too_large_is_refused() {
    let server = small_bodies(Guest("hello-http"));
    server.send(in_chunks("/length", 2)).is(200, "1024\n");
    assert_eq!(server.send(in_chunks("/length", 3)).status, 413);
    server.get("/").is(200, "hello from gary\n");
}

#[test]
fn a_body_that_turns_out_too_large_behind_an_answer_breaks_it_off() {
    for guest in GUESTS {
        let server = small_bodies(guest);
        let whole = server.send(in_chunks("/echo", 2));
        assert_eq!(
            (whole.body.len(), &whole.broken),
            (1024, &None),
            "{guest:?}"
        );
        // The connection may close before all of the body is sent, which ends the request too.
        if let Ok(answer) = server.try_send(in_chunks("/echo", 64)) {
            assert!(answer.body.len() <= 1024, "{guest:?}: {answer:?}");
            assert!(
                answer.status == 413 || answer.broken.is_some(),
                "{guest:?}: {answer:?}"
            );
        }
        server.get("/").is(200, "hello from gary\n");
    }
}
