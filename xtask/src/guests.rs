//! `cargo xtask guests`: builds the guest components under `workloads/`.
//!
//! The Rust guests are a cargo workspace of their own; cargo decides what is out of date there.
//! The JavaScript and the Python guest need npm and pip, which not every machine has, so they are
//! built on request only and a missing tool or registry is a skip said out loud, not a failure.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};

use crate::{repository, toolchain};

pub(crate) const TARGET: &str = "wasm32-wasip2";

/// Guests that a cargo of their own builds, and for which target. hello-p1 is a core module. wstd
/// turns on features of crates that the other guests use as well: built with them, it would make
/// their files differ from those of a build without it, and each build undo the last.
const APART: &[(&str, &str)] = &[("hello-p1", "wasm32-wasip1"), ("wstd-http", TARGET)];

/// Variables that the outer build may have set for itself and that would change the guests.
const ENV_REMOVED: &[&str] = &[
    "CARGO_ENCODED_RUSTFLAGS",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTDOCFLAGS",
    "RUSTFLAGS",
];
const ENV_PREFIXES_REMOVED: &[&str] = &["CARGO_BUILD_", "CARGO_PROFILE_", "CARGO_TARGET_"];

/// Build the guest components in workloads/ and print their paths.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Rust guests to build, by crate name; all of them when nothing is named
    names: Vec<String>,
    /// Build the JavaScript guest (needs npm)
    #[arg(long)]
    js: bool,
    /// Build the Python guest (needs python3 with venv and pip)
    #[arg(long)]
    py: bool,
}

/// Builds what `args` ask for and prints one path per line on stdout.
pub(crate) fn run(args: &Args) -> Result<()> {
    let names: Vec<&str> = args.names.iter().map(String::as_str).collect();
    let rust_wanted = !names.is_empty() || !(args.js || args.py);

    let mut built = Vec::new();
    if rust_wanted {
        built.extend(build(&names)?);
    }
    if args.js {
        built.extend(build_js()?);
    }
    if args.py {
        built.extend(build_py()?);
    }
    for path in built {
        println!("{}", path.display());
    }
    Ok(())
}

/// Builds the Rust guests with these crate names, or all for an empty list, and returns the paths
/// of their `.wasm` files.
pub(crate) fn build(names: &[&str]) -> Result<Vec<PathBuf>> {
    let is_apart = |name: &str| APART.iter().any(|(apart, _)| *apart == name);
    let mut selection = Vec::new();
    if names.is_empty() {
        selection.push("--workspace");
        selection.extend(APART.iter().flat_map(|(name, _)| ["--exclude", name]));
    }
    let together = names.iter().filter(|name| !is_apart(name));
    selection.extend(together.flat_map(|name| ["--package", name]));

    let mut built = Vec::new();
    if !selection.is_empty() {
        built.extend(build_selection(TARGET, &selection)?);
    }
    for (name, target) in APART {
        if names.is_empty() || names.contains(name) {
            built.extend(build_selection(target, &["--package", name])?);
        }
    }
    Ok(built)
}

/// Builds the JavaScript guest; `None` when it was skipped.
pub(crate) fn build_js() -> Result<Option<PathBuf>> {
    let dir = workloads().join("js-http");
    let output = workloads().join("target/js-http.wasm");
    let sources = ["app.js", "build.mjs", "package.json", "package-lock.json"];
    if is_fresh(&output, &inputs(&dir, &sources))? {
        return Ok(Some(output));
    }

    let fetched = attempt(
        Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(&dir),
    );
    if let Err(reason) = fetched {
        return Ok(skip("js-http", &reason));
    }
    attempt(
        Command::new("node")
            .arg("build.mjs")
            .arg(&output)
            .current_dir(&dir),
    )
    .map_err(anyhow::Error::msg)?;
    Ok(Some(output))
}

/// Builds the Python guest; `None` when it was skipped.
pub(crate) fn build_py() -> Result<Option<PathBuf>> {
    let dir = workloads().join("py-http");
    let output = workloads().join("target/py-http.wasm");
    if is_fresh(&output, &inputs(&dir, &["app.py", "requirements.txt"]))? {
        return Ok(Some(output));
    }

    let venv = workloads().join("target/py-venv");
    let fetched = attempt(Command::new("python3").args(["-m", "venv"]).arg(&venv)).and_then(|()| {
        attempt(
            Command::new(venv.join("bin/pip"))
                .args(["install", "--quiet", "--requirement", "requirements.txt"])
                .current_dir(&dir),
        )
    });
    if let Err(reason) = fetched {
        return Ok(skip("py-http", &reason));
    }
    attempt(
        Command::new(venv.join("bin/componentize-py"))
            .args(["--quiet", "--wit-path", "../wit/http", "--world", "http"])
            .args(["componentize", "app", "--output"])
            .arg(&output)
            .current_dir(&dir),
    )
    .map_err(anyhow::Error::msg)?;
    Ok(Some(output))
}

/// What the guest in `dir` is made of: these files and the WIT that both scripted guests share.
fn inputs(dir: &Path, sources: &[&str]) -> Vec<PathBuf> {
    let mut inputs: Vec<PathBuf> = sources.iter().map(|name| dir.join(name)).collect();
    inputs.push(workloads().join("wit/http"));
    inputs
}

fn workloads() -> PathBuf {
    repository::root().join("workloads")
}

/// Builds the selected packages for one target and returns the files that cargo reports.
fn build_selection(target: &str, selection: &[&str]) -> Result<Vec<PathBuf>> {
    toolchain::ensure_target(target)?;

    let mut cargo = clean(Command::new(
        std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
    ));
    cargo
        .args(["build", "--release", "--locked", "--target", target])
        .arg("--target-dir")
        .arg(workloads().join("target"))
        .arg("--message-format=json-render-diagnostics")
        .args(selection)
        .current_dir(workloads())
        .stdout(Stdio::piped());
    let output = cargo
        .spawn()
        .and_then(std::process::Child::wait_with_output)
        .context("cargo did not start")?;
    ensure!(
        output.status.success(),
        "the guests for {target} did not build: cargo ended with {}",
        output.status
    );

    let mut files: Vec<PathBuf> = std::str::from_utf8(&output.stdout)
        .context("cargo's messages are not UTF-8")?
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["reason"] == "compiler-artifact")
        .flat_map(|message| match &message["filenames"] {
            serde_json::Value::Array(names) => names.clone(),
            _ => Vec::new(),
        })
        .filter_map(|name| name.as_str().map(PathBuf::from))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "wasm")
        })
        .collect();
    files.sort();
    Ok(files)
}

/// The command without what the outer build set for itself.
fn clean(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        let removed = ENV_REMOVED.contains(&&*name)
            || ENV_PREFIXES_REMOVED
                .iter()
                .any(|prefix| name.starts_with(prefix));
        if removed {
            command.env_remove(&*name);
        }
    }
    command
}

/// Runs a command with its output on our stderr, so that stdout stays a list of paths.
fn attempt(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.stdout(std::io::stderr()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{program} ended with {status}")),
        Err(error) => Err(format!("{program} did not start: {error}")),
    }
}

fn skip(guest: &str, reason: &str) -> Option<PathBuf> {
    eprintln!("guests: SKIPPED {guest}: {reason}");
    None
}

/// Whether `output` is there and no input, directories included, is newer.
fn is_fresh(output: &Path, inputs: &[PathBuf]) -> Result<bool> {
    let Ok(built) = output.metadata().and_then(|metadata| metadata.modified()) else {
        return Ok(false);
    };
    for input in inputs {
        if newest(input)? > built {
            return Ok(false);
        }
    }
    Ok(true)
}

/// When the file, or the newest one below the directory, was last written.
fn newest(path: &Path) -> Result<SystemTime> {
    let read = || format!("cannot read {}", path.display());
    let metadata = path.metadata().with_context(read)?;
    let mut latest = metadata.modified().with_context(read)?;
    if metadata.is_dir() {
        for entry in path.read_dir().with_context(read)? {
            latest = latest.max(newest(&entry.with_context(read)?.path())?);
        }
    }
    Ok(latest)
}
