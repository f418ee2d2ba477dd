//! Who is measured: Gary, its peers, and the flags that make them comparable.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use super::invocation::Invocation;
use super::{release, wrk};
use crate::cargo::{cargo, succeed};
use crate::{dist, guests, repository};

/// The peer's version, the same line of wasmtime that gary-host is built on.
const WASMTIME_VERSION: &str = "48.0.8";

/// Both sides stop a request after this long where options are meant to be equal: it is what makes
/// `wasmtime serve` compile epoch checks into the guest and tick, as Gary always does.
pub(crate) const TIMEOUT: &str = "30s";

/// The pool of crates/gary-host/src/engine.rs: a line of it, and what that says in the peer's words.
/// A test keeps the two the same.
const POOL: &[(&str, &str)] = &[
    (
        ".total_component_instances(POOL_MEMORIES)",
        "pooling-total-component-instances=1000",
    ),
    (
        "POOL_CORE_INSTANCES: u32 = 8 * POOL_MEMORIES",
        "pooling-total-core-instances=8000",
    ),
    ("POOL_MEMORIES: u32 = 1000", "pooling-total-memories=1000"),
    (
        "POOL_TABLES: u32 = 4 * POOL_MEMORIES",
        "pooling-total-tables=4000",
    ),
    (".total_stacks(POOL_MEMORIES)", "pooling-total-stacks=1000"),
    (
        "POOL_TABLE_ELEMENTS: usize = 100_000",
        "pooling-table-elements=100000",
    ),
    (
        "POOL_WARM_SLOTS: u32 = 100",
        "pooling-max-unused-warm-slots=100",
    ),
    (
        "POOL_KEEP_RESIDENT_BYTES: usize = 2 << 20",
        "pooling-memory-keep-resident=2097152",
    ),
    (
        "POOL_KEEP_RESIDENT_TABLE_BYTES: usize = 64 << 10",
        "pooling-table-keep-resident=65536",
    ),
];

/// Programs that are there already; what is not given is built or installed.
#[derive(Debug, clap::Args)]
pub(crate) struct Given {
    /// Measure this gary instead of the one that `cargo xtask dist` builds for this machine
    #[arg(long, value_name = "PATH")]
    gary: Option<PathBuf>,
    /// Measure against this wasmtime instead of installing the one that Gary is built on
    #[arg(long, value_name = "PATH")]
    wasmtime: Option<PathBuf>,
    /// Use this release build of xtask with the feature `probe` instead of building one
    #[arg(long, value_name = "PATH", hide = true)]
    probe: Option<PathBuf>,
}

/// The programs, the guests, and a place for caches that is gone after the run.
pub(crate) struct Sides {
    root: PathBuf,
    scratch: TempDir,
    gary: PathBuf,
    wasmtime: PathBuf,
    probe: PathBuf,
}

impl Sides {
    /// Finds or builds every program that takes part.
    ///
    /// # Errors
    /// When one is missing and cannot be had.
    pub(crate) fn prepare(given: Given) -> Result<Self> {
        let root = repository::root();
        wrk::ensure_installed()?;
        guests::build(&[])?;
        guests::build_js()?;
        let wasmtime = match given.wasmtime {
            Some(path) => path,
            None => ensure_wasmtime(&root)?,
        };
        let gary = match given.gary {
            Some(path) => path,
            None => dist::for_this_machine()?,
        };
        let probe = match given.probe {
            Some(path) => path,
            None => release::build(&["probe"])?,
        };
        let scratch = tempfile::tempdir().context("no temporary directory")?;
        let sides = Self {
            gary: absolute(&gary)?,
            wasmtime: absolute(&wasmtime)?,
            probe: absolute(&probe)?,
            root,
            scratch,
        };
        std::fs::write(
            sides.wasmtime_config(),
            format!(
                "[cache]\ndirectory = {:?}\n",
                sides.scratch.path().join("wasmtime")
            ),
        )?;
        Ok(sides)
    }

    /// A guest that `cargo xtask guests` builds, by its path below `workloads/target/`.
    pub(crate) fn guest(&self, path: &str) -> Result<PathBuf> {
        let path = self.root.join("workloads/target").join(path);
        ensure!(
            path.is_file(),
            "{} is missing; build it with `cargo xtask guests`",
            path.strip_prefix(&self.root).unwrap_or(&path).display()
        );
        Ok(path)
    }

    /// `gary run`, with a cache of its own that stays for the whole run.
    pub(crate) fn gary(&self, flags: &[&str], guest: &Path) -> Invocation {
        self.gary_in("gary", flags, guest)
    }

    /// `gary run` with another cache, empty at first, below the temporary directory.
    pub(crate) fn gary_in(&self, dir: &str, flags: &[&str], guest: &Path) -> Invocation {
        let dir = self.scratch.path().join(dir);
        Invocation::new(&self.gary)
            .env("GARY_CACHE_DIR", dir.join("cache"))
            .env("GARY_CONFIG_DIR", dir.join("config"))
            .env("GARY_STATE_DIR", dir.join("state"))
            .args(["run"])
            .args(flags)
            .args([guest])
    }

    /// `wasmtime serve` or `wasmtime run` with its cache of compiled code.
    ///
    /// The cache is on by default; its configuration only moves it to the temporary directory.
    pub(crate) fn wasmtime(&self, command: &str, flags: &[&str], guest: &Path) -> Invocation {
        Invocation::new(&self.wasmtime)
            .args([command, "-C"])
            .args([format!("cache-config={}", self.wasmtime_config().display())])
            .args(flags)
            .args([guest])
    }

    /// `wasmtime serve` as it comes. A guest made with Rust's standard library imports `wasi:cli`,
    /// which it gives on request only.
    pub(crate) fn wasmtime_default(&self, more: &[&str], guest: &Path) -> Invocation {
        self.wasmtime("serve", &[&["-S", "cli"], more].concat(), guest)
    }

    /// `wasmtime serve` with Gary's pool, and interruptible as Gary's guests always are.
    pub(crate) fn wasmtime_equal(&self, more: &[&str], guest: &Path) -> Invocation {
        let timeout = format!("timeout={TIMEOUT}");
        let pool: Vec<&str> = POOL.iter().map(|(_, flag)| *flag).collect();
        let pool = format!("pooling-allocator=y,{}", pool.join(","));
        let equal = ["-S", "cli", "-O", &pool, "-W", &timeout];
        self.wasmtime("serve", &[&equal, more].concat(), guest)
    }

    /// A server without any guest.
    pub(crate) fn native(&self) -> Invocation {
        self.probe(["bench", "native-server"])
    }

    /// This program, built in release with what is measured in a process of its own.
    pub(crate) fn probe(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Invocation {
        Invocation::new(&self.probe).args(args)
    }

    /// The binary `gary`.
    pub(crate) fn gary_binary(&self) -> &Path {
        &self.gary
    }

    /// A path below the temporary directory.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// The command as people may read it.
    pub(crate) fn shown(&self, invocation: &Invocation) -> String {
        invocation.shown(&self.root, self.scratch.path())
    }

    /// What each program says of itself, by name.
    pub(crate) fn versions(&self) -> Result<Vec<(&'static str, String)>> {
        Ok(vec![
            (
                "gary",
                first_line(Command::new(&self.gary).arg("--version"))?,
            ),
            (
                "wasmtime",
                first_line(Command::new(&self.wasmtime).arg("--version"))?,
            ),
            ("wrk", wrk::version()?),
        ])
    }

    fn wasmtime_config(&self) -> PathBuf {
        self.scratch.path().join("wasmtime.toml")
    }
}

/// What a program says on the first line of its stdout.
pub(crate) fn first_line(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .with_context(|| format!("{name} did not start"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    Ok(said.lines().next().unwrap_or_default().trim().to_owned())
}

fn ensure_wasmtime(root: &Path) -> Result<PathBuf> {
    let dir = root.join(format!("target/peers/wasmtime-{WASMTIME_VERSION}"));
    let binary = dir.join("bin/wasmtime");
    if binary.is_file() {
        return Ok(binary);
    }
    eprintln!("bench: installing wasmtime {WASMTIME_VERSION}, which takes about fifteen minutes");
    succeed(
        cargo()
            .args(["install", "wasmtime-cli", "--locked"])
            .args(["--version", WASMTIME_VERSION, "--root"])
            .arg(&dir),
    )?;
    Ok(binary)
}

fn absolute(path: &Path) -> Result<PathBuf> {
    path.canonicalize()
        .with_context(|| format!("cannot find {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peer_is_given_the_pool_of_gary() {
        let engine = include_str!("../../../crates/gary-host/src/engine.rs");
        for (line, flag) in POOL {
            assert!(engine.contains(line), "no `{line}` for {flag}");
        }
        let (_, body) = engine
            .split_once("fn pool(")
            .expect("engine.rs makes a pool");
        let (body, _) = body.split_once("\n}").expect("a function has an end");
        let settings = body
            .lines()
            .filter(|line| line.trim().contains('.'))
            .count();
        assert_eq!(settings, POOL.len(), "a setting has no flag: {body}");
    }
}
