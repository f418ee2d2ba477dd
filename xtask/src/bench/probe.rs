//! What runs in a process of its own: gary-host as a library, timed and weighed from inside.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::ValueEnum;
use gary_host::{Artifact, CACHE_BYTES_MAX, Cache, Engines, Program, Replica, Spec};
use serde_json::json;

use super::process::kibibytes;

/// The allocator of `gary`, on which time and memory depend.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Instances made before the first that counts, and those that count.
const WARM_UP: usize = 200;
const INSTANCES: usize = 5000;

/// Time and weigh components inside the host; prints JSON.
#[derive(clap::Args)]
pub(crate) struct Args {
    step: Step,
    /// A component
    guest: PathBuf,
    /// Copies of it
    #[arg(long)]
    count: u32,
    /// Directory for the cache and its key
    #[arg(long)]
    cache: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Step {
    /// Compile every copy into the cache
    Fill,
    /// Load every copy from the cache
    Load,
}

/// Does one step.
pub(crate) fn run(args: &Args) -> Result<()> {
    let engines = Engines::pooling();
    let cache = Cache::open(
        args.cache.join("code"),
        &args.cache.join("key"),
        CACHE_BYTES_MAX,
    )?;
    let said = match args.step {
        Step::Fill => fill(&engines, &cache, args)?,
        Step::Load => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(load(&engines, &cache, args))?,
    };
    println!("{said}");
    Ok(())
}

fn fill(engines: &Engines, cache: &Cache, args: &Args) -> Result<serde_json::Value> {
    for index in 0..=args.count {
        let artifact = Artifact::new(copy(&args.guest, index)?)?;
        if Program::cached(engines, cache, &artifact).is_none() {
            Program::compile(engines, Some(cache), &artifact)?;
        }
    }
    Ok(json!({ "filled": args.count }))
}

async fn load(engines: &Engines, cache: &Cache, args: &Args) -> Result<serde_json::Value> {
    // The first one pays for what all share, and is timed.
    let first = replica(engines, cache, &args.guest, 0)?;
    for _ in 0..WARM_UP {
        first.try_instantiate().await?;
    }
    let mut instantiate_us = Vec::with_capacity(INSTANCES);
    for _ in 0..INSTANCES {
        let started = Instant::now();
        first.try_instantiate().await?;
        instantiate_us.push(microseconds(started.elapsed()));
    }

    let count = f64::from(args.count);
    let before = Pss::now()?;
    let mut further = Vec::with_capacity(args.count as usize);
    for index in 1..=args.count {
        further.push(replica(engines, cache, &args.guest, index)?);
    }
    let loaded = Pss::now()?;
    for replica in &further {
        replica.try_instantiate().await?;
    }
    let used = Pss::now()?;
    Ok(json!({
        "instantiate_us": instantiate_us,
        "loaded_kib": [(loaded.all_kib - before.all_kib) / count],
        "loaded_file_kib": [(loaded.file_kib - before.file_kib) / count],
        "used_kib": [(used.all_kib - before.all_kib) / count],
    }))
}

fn replica(engines: &Engines, cache: &Cache, guest: &Path, index: u32) -> Result<Replica> {
    let artifact = Artifact::new(copy(guest, index)?)?;
    let program = Program::cached(engines, cache, &artifact)
        .context("a copy is not in the cache; fill it first")?;
    let spec = Spec {
        name: format!("copy-{index}"),
        ..Spec::default()
    };
    Ok(Replica::new(&program, spec)?)
}

/// The component with a custom section that makes it differ from every other copy.
fn copy(guest: &Path, index: u32) -> Result<Vec<u8>> {
    const CUSTOM: u8 = 0;
    const NAME: &[u8] = b"copy";
    let mut bytes =
        std::fs::read(guest).with_context(|| format!("cannot read {}", guest.display()))?;
    let number = index.to_le_bytes();
    // Lengths this short are one byte of LEB128.
    bytes.extend([
        CUSTOM,
        (1 + NAME.len() + number.len()) as u8,
        NAME.len() as u8,
    ]);
    bytes.extend(NAME);
    bytes.extend(number);
    Ok(bytes)
}

/// The memory of this process.
struct Pss {
    all_kib: f64,
    /// Pages of files, which the system takes back when it needs them.
    file_kib: f64,
}

impl Pss {
    fn now() -> Result<Self> {
        let smaps = std::fs::read_to_string("/proc/self/smaps_rollup")?;
        let field = |name| {
            kibibytes(&smaps, name)
                .with_context(|| format!("/proc/self/smaps_rollup has no {name}"))
        };
        Ok(Self {
            all_kib: field("Pss")?,
            file_kib: field("Pss_File")?,
        })
    }
}

fn microseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
