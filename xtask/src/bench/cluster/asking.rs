//! One request to an ingress, and its status.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::deadline::Deadline;

/// Time between two requests of which the first was not answered as hoped.
const ASKS_EVERY: Duration = Duration::from_millis(2);

/// The host by which every ingress knows a workload.
pub(super) fn host_of(workload: &str) -> String {
    format!("{workload}.localhost")
}

/// When the first 200 came, asked again and again until then; nothing if the deadline is over before. Of one request
/// no more than `patience` is waited for.
pub(super) fn first_200(
    ingress: SocketAddr,
    workload: &str,
    patience: Duration,
    deadline: Deadline,
) -> Option<Instant> {
    while !deadline.is_over() {
        let wait = patience.min(deadline.left());
        if status(ingress, workload, wait).is_some_and(|status| status == *b"200") {
            return Some(Instant::now());
        }
        thread::sleep(ASKS_EVERY);
    }
    None
}

/// The status of one answer; nothing if none comes.
fn status(ingress: SocketAddr, workload: &str, wait: Duration) -> Option<[u8; 3]> {
    let wait = wait.max(Duration::from_millis(1));
    let mut connection = TcpStream::connect_timeout(&ingress, wait).ok()?;
    connection.set_nodelay(true).ok()?;
    connection.set_read_timeout(Some(wait)).ok()?;
    let host = host_of(workload);
    let request = format!("GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).ok()?;
    let mut head = [0; "HTTP/1.1 200".len()];
    connection.read_exact(&mut head).ok()?;
    head["HTTP/1.1 ".len()..].try_into().ok()
}
