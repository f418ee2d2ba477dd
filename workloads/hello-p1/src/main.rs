//! A core wasip1 module: it prints a greeting and its arguments; `exit N` ends it with that code,
//! `cat` copies stdin to stdout.

use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["exit", code] => return ExitCode::from(code.parse().unwrap_or(2)),
        ["cat"] => io::copy(&mut io::stdin().lock(), &mut io::stdout().lock()).map(|_| ()),
        _ => hello(&args),
    };
    if done.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn hello(args: &[String]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "hello from gary (wasip1)")?;
    args.iter().try_for_each(|arg| writeln!(stdout, "{arg}"))
}
