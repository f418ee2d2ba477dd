//! What can be asked of `cargo xtask bench cluster`, and the page that it writes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use tempfile::TempDir;

use super::super::load::Rounds;
use super::super::report::{self, Outcome};
use super::super::sides::first_line;
use super::super::stats::Unit;
use super::super::wanted::measured;
use super::super::{machine, page, wrk};
use super::disk::Disk;
use super::installation::Installation;
use super::{death, deploys, idle, many, traffic, workloads};
use crate::{dist, guests, repository};

/// Measure several nodes on this machine, and write docs/benchmarks.md.
///
/// The page is written by a run of everything at full length; others print only.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Measure briefly, and only print
    #[arg(long)]
    quick: bool,
    /// Measure only this, and only print; may be repeated
    #[arg(long, value_enum, value_name = "NAME")]
    only: Vec<Measurement>,
    /// Measure this gary instead of the one that `cargo xtask dist` builds for this machine
    #[arg(long, value_name = "PATH")]
    gary: Option<PathBuf>,
    /// Keep what nodes keep below this directory, on a disk [default: that for temporary files]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Write this page, whatever was measured
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// What can be measured on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Measurement {
    /// A deploy to the first 200
    Deploy,
    /// The death of a host to its slots served elsewhere
    Death,
    /// Many replicas over many nodes
    Many,
    /// Memory and processor time of an idle node
    Idle,
    /// Memory of an idle workload
    Workloads,
    /// Requests per second through the ingress
    Traffic,
}

const SECTION: page::Section = page::Section {
    command: "cluster",
    heading: "Cluster",
};

/// How often each thing is measured, and of what size it is.
struct Effort {
    deploys: usize,
    deaths: usize,
    many_nodes: usize,
    replicas: &'static [usize],
    idle_sizes: &'static [usize],
    idle_watch: Duration,
    workloads: usize,
    rounds: Rounds,
}

impl Effort {
    const FULL: Self = Self {
        deploys: 40,
        deaths: 18,
        many_nodes: 20,
        replicas: &[10_000, 2_000],
        idle_sizes: &[1, 5, 20],
        idle_watch: Duration::from_secs(30),
        workloads: 1_000,
        rounds: Rounds {
            count: 5,
            duration: Duration::from_secs(6),
        },
    };

    const QUICK: Self = Self {
        deploys: 5,
        deaths: 3,
        many_nodes: 5,
        replicas: &[100],
        idle_sizes: &[1, 5],
        idle_watch: Duration::from_secs(5),
        workloads: 50,
        rounds: Rounds {
            count: 3,
            duration: Duration::from_secs(2),
        },
    };
}

/// What takes part in every measurement.
struct Stage {
    gary: PathBuf,
    guest: PathBuf,
    scratch: TempDir,
    disk: Disk,
    effort: Effort,
}

/// Measures what `args` ask for and prints it.
///
/// # Errors
/// When something could not be measured, after the rest was.
pub(crate) fn run(args: Args) -> Result<()> {
    let stage = Stage::set(&args)?;

    let busy_before = machine::busy_percent_before()?;
    let (outcomes, failures) = measured(&args.only, |measurement, name| {
        stage.measure(measurement, name)
    });

    let text = format!(
        "Made by `cargo xtask bench cluster{}`, every process on this one machine.\n\n{}{}{}\n{}",
        if args.quick { " --quick" } else { "" },
        machine::describe_undated(&[
            (
                "gary",
                first_line(Command::new(&stage.gary).arg("--version"))?
            ),
            ("wrk", wrk::version()?),
        ])?,
        stage.disk_shown(),
        machine::disturbance(
            busy_before,
            machine::busy_percent()?,
            "every number here is"
        ),
        report::markdown(&outcomes)
    );
    println!("{text}");
    let page = match &args.out {
        Some(path) => Some(path.clone()),
        None if args.quick || !args.only.is_empty() || failures > 0 => None,
        None => Some(repository::root().join("docs/benchmarks.md")),
    };
    if let Some(page) = page {
        page::write(&page, SECTION, &text)?;
        eprintln!("bench: written to {}", page.display());
    }
    if failures > 0 {
        bail!("{failures} of the measurements failed");
    }
    Ok(())
}

impl Stage {
    fn set(args: &Args) -> Result<Self> {
        wrk::ensure_installed()?;
        let guest = guests::build(&["hello-http"])?;
        let gary = match &args.gary {
            Some(path) => path.clone(),
            None => dist::for_this_machine()?,
        };
        let dir = args.dir.clone().unwrap_or_else(std::env::temp_dir);
        let scratch = tempfile::Builder::new()
            .prefix("gary-")
            .tempdir_in(&dir)
            .with_context(|| format!("cannot make a directory in {}", dir.display()))?;
        let disk = Disk::of(scratch.path())?;
        eprintln!(
            "bench: nodes keep their state on {}, where a sync takes {}",
            disk.file_system,
            disk.sync_ms.show(Unit::Milliseconds)
        );
        Ok(Self {
            gary: absolute(&gary)?,
            guest: absolute(guest.first().context("no guest was built")?)?,
            scratch,
            disk,
            effort: if args.quick {
                Effort::QUICK
            } else {
                Effort::FULL
            },
        })
    }

    fn measure(&self, measurement: Measurement, name: &str) -> Result<Outcome> {
        let (guest, effort) = (&self.guest, &self.effort);
        let installation = Installation::new(&self.gary, self.scratch.path().join(name))?;
        match measurement {
            Measurement::Deploy => {
                deploys::measure(installation, guest, effort.deploys, &self.disk)
            }
            Measurement::Death => death::measure(installation, guest, effort.deaths),
            Measurement::Many => {
                many::measure(&installation, guest, effort.many_nodes, effort.replicas)
            }
            Measurement::Idle => idle::measure(&installation, effort.idle_sizes, effort.idle_watch),
            Measurement::Workloads => workloads::measure(installation, guest, effort.workloads),
            Measurement::Traffic => traffic::measure(installation, guest, effort.rounds),
        }
    }

    fn disk_shown(&self) -> String {
        format!(
            "- state on {}, where an append of 512 bytes and its fdatasync take {}, of 50\n",
            self.disk.file_system,
            self.disk.sync_ms.show(Unit::Milliseconds)
        )
    }
}

fn absolute(path: &Path) -> Result<PathBuf> {
    path.canonicalize()
        .with_context(|| format!("cannot find {}", path.display()))
}
