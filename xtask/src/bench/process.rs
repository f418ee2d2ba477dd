//! Processes that the benchmarks start, ask, weigh and end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::invocation::Invocation;

/// Longest a server may take until it answers: a JavaScript component compiles for seconds, and for
/// many on a busy machine.
const READY_WAIT_MAX: Duration = Duration::from_secs(180);
/// Time between two attempts to connect. Attempts without a pause would take a processor from the
/// server that is starting.
const CONNECT_PAUSE: Duration = Duration::from_micros(100);
/// Longest an answer may take once the connection stands.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(180);

/// Ports for servers whose port is chosen beforehand. They lie below those that the kernel gives to
/// clients: one who keeps connecting to a port of that range in vain is given it at some time, and
/// is then connected to itself.
const FIRST_CHOSEN_PORT: u16 = 20_000;
const CHOSEN_PORTS: u16 = 10_000;
static NEXT_PORT: AtomicU16 = AtomicU16::new(0);

/// A server that answers. It is killed when dropped, by its own id.
pub(crate) struct Server {
    running: Running,
    addr: SocketAddr,
}

/// A child that does not outlive its owner.
struct Running(Child);

impl Server {
    /// Starts a server at a free port of the loopback, takes the port from the line in which it says
    /// where it serves, and waits for its first answer.
    ///
    /// # Errors
    /// When it ends early, says nothing or does not answer 200.
    pub(crate) fn start(invocation: &Invocation) -> Result<Self> {
        let mut child = invocation
            .clone()
            .args(["--addr", "127.0.0.1:0"])
            .command()
            .stderr(Stdio::piped())
            .spawn()
            .context("the server did not start")?;
        let stderr = child.stderr.take().context("stderr is not piped")?;
        let running = Running(child);

        let (sender, receiver) = mpsc::channel();
        // It reads to the end: a server whose pipe is full would stand still.
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let started = Instant::now();
        let mut said = Vec::new();
        let addr = loop {
            let left = READY_WAIT_MAX.saturating_sub(started.elapsed());
            match receiver.recv_timeout(left) {
                Ok(line) => match address(&line) {
                    Some(addr) => break addr,
                    None => said.push(line),
                },
                Err(_) => bail!("the server said no address: {}", said.join("\n")),
            }
        };
        ensure_ok(addr)?;
        Ok(Self { running, addr })
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Memory that this process holds, shared pages in proportion, in millions of bytes.
    pub(crate) fn pss_megabytes(&self) -> Result<f64> {
        let path = format!("/proc/{}/smaps_rollup", self.running.0.id());
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let kibibytes = kibibytes(&text, "Pss").with_context(|| format!("{path} has no Pss"))?;
        Ok(kibibytes * 1024.0 / 1e6)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// From before the process is made until the first byte of its first 200.
///
/// The port is chosen beforehand, because a server need not say where it serves before it answers.
///
/// # Errors
/// When it ends before it answers, or answers something else.
pub(crate) fn time_to_first_200(invocation: &Invocation) -> Result<Duration> {
    let addr = free_addr()?;
    let mut command = invocation
        .clone()
        .args(["--addr", &addr.to_string()])
        .command();
    // Nobody reads it before the end: what a server says at its start fits a pipe.
    command.stderr(Stdio::piped());

    let started = Instant::now();
    let mut running = Running(command.spawn().context("the server did not start")?);
    let connection = loop {
        if let Ok(connection) = TcpStream::connect(addr) {
            break connection;
        }
        if let Some(status) = running.0.try_wait()? {
            let mut said = String::new();
            if let Some(mut stderr) = running.0.stderr.take() {
                stderr.read_to_string(&mut said)?;
            }
            bail!("the server ended with {status} before it answered: {said}");
        }
        ensure!(
            started.elapsed() < READY_WAIT_MAX,
            "the server did not answer within {READY_WAIT_MAX:?}"
        );
        thread::sleep(CONNECT_PAUSE);
    };
    let status = ask(&connection, addr)?;
    let took = started.elapsed();
    ensure!(status == "200", "the first answer was {status}");
    Ok(took)
}

/// From before the process is made until it has ended well.
///
/// # Errors
/// When it fails.
pub(crate) fn time_to_end(invocation: &Invocation) -> Result<Duration> {
    let mut command = invocation.command();
    let started = Instant::now();
    let status = command.status().context("the command did not start")?;
    let took = started.elapsed();
    ensure!(status.success(), "the command ended with {status}");
    Ok(took)
}

/// A field of a `smaps` file of the kernel, such as `Pss` or `Pss_File`, in KiB.
pub(crate) fn kibibytes(smaps: &str, name: &str) -> Option<f64> {
    smaps
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?
        .trim()
        .strip_suffix("kB")?
        .trim()
        .parse()
        .ok()
}

fn ensure_ok(addr: SocketAddr) -> Result<()> {
    let mut connection = TcpStream::connect(addr)?;
    let status = ask(&connection, addr)?;
    ensure!(status == "200", "the first answer was {status}");
    // Read to the end, so that the server's last write does not fail.
    let _ = connection.read_to_end(&mut Vec::new());
    Ok(())
}

/// Sends a request and reads no further than the status.
fn ask(mut connection: &TcpStream, addr: SocketAddr) -> Result<String> {
    connection.set_read_timeout(Some(ANSWER_WAIT_MAX))?;
    connection.set_nodelay(true)?;
    connection.write_all(
        format!("GET / HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\n\r\n").as_bytes(),
    )?;
    let mut head = [0; "HTTP/1.1 200".len()];
    connection
        .read_exact(&mut head)
        .context("the server did not answer")?;
    Ok(String::from_utf8_lossy(&head["HTTP/1.1 ".len()..]).into_owned())
}

/// A port that nobody listens at now; whoever takes it in between makes the run fail, not lie.
pub(crate) fn free_addr() -> Result<SocketAddr> {
    (0..CHOSEN_PORTS)
        .map(|_| FIRST_CHOSEN_PORT + NEXT_PORT.fetch_add(1, Relaxed) % CHOSEN_PORTS)
        .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .find(|addr| TcpListener::bind(addr).is_ok())
        .context("no port is free")
}

/// The address in a line such as `serving hello at http://127.0.0.1:8080/`.
fn address(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("http://")?;
    rest.split('/').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_address_in_the_line_of_each_server() {
        let addr = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 4321)));
        assert_eq!(address("serving hello at http://127.0.0.1:4321/"), addr);
        assert_eq!(address("Serving HTTP on http://127.0.0.1:4321/"), addr);
        assert_eq!(address("compiling hello.wasm"), None);
    }

    #[test]
    fn reads_pss_and_not_its_parts() {
        let smaps = "5581-7ffe ---p 00000000 00:00 0  [rollup]\nRss:  2000 kB\nPss:                1234 kB\nPss_Dirty:  9 kB\n";
        assert_eq!(kibibytes(smaps, "Pss"), Some(1234.0));
        assert_eq!(kibibytes(smaps, "Pss_Dirty"), Some(9.0));
        assert_eq!(kibibytes("Rss: 1 kB\n", "Pss"), None);
    }
}
