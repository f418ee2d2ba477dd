//! A command on `wasi:config/store` and `wasi:logging`. Without arguments it prints all
//! configuration, sorted; `get KEY` prints one value, or ends with 1 where there is none;
//! `log LEVEL CONTEXT MESSAGE` logs one message, and `log-all` one at each level.

use std::process::ExitCode;

wit_bindgen::generate!({ path: "../wit/config-log", world: "config-log", generate_all });

use wasi::config::store;
use wasi::logging::logging::{Level, log};

const LEVELS: [(&str, Level); 6] = [
    ("trace", Level::Trace),
    ("debug", Level::Debug),
    ("info", Level::Info),
    ("warn", Level::Warn),
    ("error", Level::Error),
    ("critical", Level::Critical),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => print_all(),
        ["get", key] => print_one(key),
        ["log", level, context, message] => log_one(level, context, message),
        ["log-all"] => {
            for (name, level) in LEVELS {
                log(level, "config-log", &format!("a message at {name}"));
            }
            Ok(())
        }
        _ => Err("usage: config-log [get KEY | log LEVEL CONTEXT MESSAGE | log-all]".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn print_all() -> Result<(), String> {
    let mut pairs = store::get_all().map_err(words)?;
    pairs.sort();
    for (key, value) in pairs {
        println!("{key}={value}");
    }
    Ok(())
}

fn print_one(key: &str) -> Result<(), String> {
    let value = store::get(key)
        .map_err(words)?
        .ok_or_else(|| format!("{key} is not set"))?;
    println!("{value}");
    Ok(())
}

fn log_one(level: &str, context: &str, message: &str) -> Result<(), String> {
    let known = LEVELS.into_iter().find(|(name, _)| *name == level);
    let (_, level) = known.ok_or_else(|| format!("{level} is not a level"))?;
    log(level, context, message);
    Ok(())
}

fn words(error: store::Error) -> String {
    match error {
        store::Error::Upstream(reason) | store::Error::Io(reason) => reason,
    }
}
