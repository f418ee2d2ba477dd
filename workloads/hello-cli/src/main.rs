//! A `wasi:cli` 0.2 command in Rust std. It prints a greeting and its arguments; where the
//! first argument is one of the verbs below, it does that instead. A failure is told on stderr
//! with exit code 1, a verb without its operand with 2.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
use std::process::ExitCode;

const REPLY_BYTES_MAX: usize = 1024;
const FLOOD_CHUNK_BYTES: usize = 4096;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        ["exit", code] => return exit(code),
        ["cat"] => cat(),
        ["stderr", text] => stderr(text),
        ["env"] => env(),
        ["ls", path] => ls(path),
        ["read", path] => read(path),
        ["write", path, text] => std::fs::write(path, text),
        ["flood-stdout"] => flood_stdout(),
        ["connect", address] => connect(address),
        ["resolve", host] => resolve(host),
        ["listen", port] => listen(port),
        ["udp", address] => udp(address),
        [
            "exit" | "stderr" | "ls" | "read" | "write" | "connect" | "resolve" | "listen" | "udp",
            ..,
        ] => {
            eprintln!("usage: hello-cli {} OPERAND", args[0]);
            return ExitCode::from(2);
        }
        _ => hello(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not eprintln, which would panic where stderr is closed as well.
            let _ = writeln!(io::stderr(), "{}: {error}", args.join(" "));
            ExitCode::FAILURE
        }
    }
}

fn hello(args: &[&str]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "hello from gary")?;
    for arg in args {
        writeln!(stdout, "{arg}")?;
    }
    Ok(())
}

/// Ends with this code. std's own exit knows only success and failure at 0.2.
fn exit(code: &str) -> ExitCode {
    if let Ok(code) = code.parse() {
        wasip2::cli::exit::exit_with_code(code);
    }
    eprintln!("usage: hello-cli exit 0..255");
    ExitCode::from(2)
}

/// Copies stdin to stdout, byte for byte.
fn cat() -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    io::copy(&mut io::stdin().lock(), &mut stdout)?;
    stdout.flush()
}

fn stderr(text: &str) -> io::Result<()> {
    writeln!(io::stderr(), "{text}")
}

/// The environment, one `NAME=value` a line, sorted.
fn env() -> io::Result<()> {
    let mut lines: Vec<String> = std::env::vars()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    lines.sort();
    lines
        .iter()
        .try_for_each(|line| writeln!(io::stdout(), "{line}"))
}

/// The names in a directory, sorted, a slash behind those that are directories.
fn ls(path: &str) -> io::Result<()> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let slash = if entry.file_type()?.is_dir() { "/" } else { "" };
        names.push(format!("{}{slash}", entry.file_name().to_string_lossy()));
    }
    names.sort();
    names
        .iter()
        .try_for_each(|name| writeln!(io::stdout(), "{name}"))
}

fn read(path: &str) -> io::Result<()> {
    io::stdout().write_all(&std::fs::read(path)?)
}

/// Writes until the other end of the pipe is closed, and then says how far it came.
fn flood_stdout() -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let chunk = [b'x'; FLOOD_CHUNK_BYTES];
    let mut written: u64 = 0;
    while stdout.write_all(&chunk).is_ok() {
        written += chunk.len() as u64;
    }
    writeln!(io::stderr(), "stdout closed after {written} bytes")
}

/// Connects by TCP and prints the first bytes that the peer sends.
fn connect(address: &str) -> io::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    let mut reply = [0; REPLY_BYTES_MAX];
    let length = stream.read(&mut reply)?;
    io::stdout().write_all(&reply[..length])
}

/// The addresses of a name, one a line.
fn resolve(host: &str) -> io::Result<()> {
    for address in (host, 0).to_socket_addrs()? {
        writeln!(io::stdout(), "{}", address.ip())?;
    }
    Ok(())
}

/// Prints the bound address, accepts one connection and greets it.
fn listen(port: &str) -> io::Result<()> {
    let port: u16 = port.parse().map_err(io::Error::other)?;
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port)))?;
    writeln!(io::stdout(), "listening on {}", listener.local_addr()?)?;
    let (mut stream, _) = listener.accept()?;
    stream.write_all(b"hello from gary\n")
}

/// Sends one datagram and prints the answer.
fn udp(address: &str) -> io::Result<()> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.send_to(b"hello from gary\n", address)?;
    let mut reply = [0; REPLY_BYTES_MAX];
    let (length, _) = socket.recv_from(&mut reply)?;
    io::stdout().write_all(&reply[..length])
}
