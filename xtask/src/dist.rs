//! `cargo xtask dist`: the binaries that are given to people.
//!
//! They are static, against musl, so that one file runs on any Linux of its architecture. Gary's
//! dependencies hold C and assembly, which zig compiles for either architecture on any machine; it
//! comes from PyPI and cargo-zigbuild joins it to cargo.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::cargo::{as_if_by_hand, succeed};
use crate::elf::{Elf, MACHINE_AARCH64, MACHINE_X86_64};
use crate::{repository, tool, toolchain};

const ZIGBUILD_VERSION: &str = "0.24.1";
const ZIG_VERSION: &str = "0.17.1";
const PROFILE: &str = "shipped";

/// What one binary may weigh. A Raspberry Pi on a slow line has to fetch it.
const BINARY_BYTES_MAX: u64 = 40_000_000;

struct Target {
    triple: &'static str,
    architecture: &'static str,
    machine: u16,
}

const TARGETS: &[Target] = &[
    Target {
        triple: "x86_64-unknown-linux-musl",
        architecture: "x86_64",
        machine: MACHINE_X86_64,
    },
    Target {
        triple: "aarch64-unknown-linux-musl",
        architecture: "aarch64",
        machine: MACHINE_AARCH64,
    },
];

/// Build the static binaries into target/dist.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Build for these targets alone
    #[arg(long = "target", value_name = "TRIPLE", value_parser = TARGETS.iter().map(|target| target.triple).collect::<Vec<_>>())]
    targets: Vec<String>,
}

/// Builds, checks and packs a binary for each target, and prints what each weighs.
pub(crate) fn run(args: &Args) -> Result<()> {
    let zigbuild = Zigbuild::ensure()?;
    let dist = repository::root().join("target/dist");
    fs::create_dir_all(&dist).with_context(|| format!("cannot make {}", dist.display()))?;

    let wanted = TARGETS.iter().filter(|target| {
        args.targets.is_empty() || args.targets.iter().any(|wanted| wanted == target.triple)
    });
    let version = env!("CARGO_PKG_VERSION");
    let mut rows = Vec::new();
    for target in wanted {
        let binary = zigbuild.build(target)?;
        let bytes = check(&binary, target)?;
        let name = format!("gary-{version}-{}", target.triple);
        let archive = pack(&binary, &dist, &name)?;
        rows.push((name, bytes, archive.metadata()?.len()));
    }
    write_sums(&dist, &format!("gary-{version}-"))?;

    println!("{:<42} {:>9} {:>9}", "", "binary", "archive");
    for (name, binary_bytes, archive_bytes) in rows {
        let (binary, archive) = (megabytes(binary_bytes), megabytes(archive_bytes));
        println!("{name:<42} {binary:>9} {archive:>9}");
    }
    println!("in {}", dist.display());
    Ok(())
}

/// Builds the binary that people on a machine like this one are given, and returns its path.
///
/// # Errors
/// When it cannot be built, or none is given to them.
pub(crate) fn for_this_machine() -> Result<PathBuf> {
    let target = TARGETS
        .iter()
        .find(|target| target.architecture == std::env::consts::ARCH)
        .context("no binary is made for machines such as this one")?;
    Zigbuild::ensure()?.build(target)
}

/// cargo-zigbuild and the zig it calls.
struct Zigbuild {
    program: PathBuf,
    python: PathBuf,
}

impl Zigbuild {
    fn ensure() -> Result<Self> {
        Ok(Self {
            program: tool::cargo_tool("cargo-zigbuild", ZIGBUILD_VERSION)?,
            python: tool::python_with("ziglang", ZIG_VERSION)?,
        })
    }

    /// Builds gary and returns the path of the binary.
    fn build(&self, target: &Target) -> Result<PathBuf> {
        toolchain::ensure_target(target.triple)?;
        let target_dir = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| repository::root().join("target"), PathBuf::from);
        let caches = tool::tools().join("zig-cache");
        let rustflags = format!(
            "CARGO_TARGET_{}_RUSTFLAGS",
            target.triple.to_uppercase().replace('-', "_")
        );
        succeed(
            as_if_by_hand(&self.program)
                .env("CARGO_ZIGBUILD_PYTHON_PATH", &self.python)
                .env("CARGO_ZIGBUILD_CACHE_DIR", &caches)
                .env("ZIG_GLOBAL_CACHE_DIR", &caches)
                .env("ZIG_LOCAL_CACHE_DIR", &caches)
                // What is shipped does not depend on who builds it.
                .env_remove("RUSTFLAGS")
                .env_remove("CARGO_ENCODED_RUSTFLAGS")
                // rustc asks for -static-pie, which zig takes for -static.
                .env(rustflags, "-Clink-arg=-pie")
                .args(["zigbuild", "--package", "gary", "--locked"])
                .args(["--profile", PROFILE, "--target", target.triple])
                .arg("--target-dir")
                .arg(&target_dir),
        )?;
        Ok(target_dir.join(target.triple).join(PROFILE).join("gary"))
    }
}

/// Fails unless the binary is what it is said to be, and returns its size.
fn check(binary: &Path, target: &Target) -> Result<u64> {
    let triple = target.triple;
    let bytes = fs::read(binary).with_context(|| format!("cannot read {}", binary.display()))?;
    let elf = Elf::read(&bytes).with_context(|| format!("{triple}: not an ELF file"))?;
    ensure!(
        elf.machine == target.machine,
        "{triple}: built for machine {}",
        elf.machine
    );
    ensure!(elf.is_static, "{triple}: needs a dynamic linker");
    ensure!(
        elf.is_position_independent,
        "{triple}: can only be loaded at one address"
    );

    let size = bytes.len() as u64;
    ensure!(
        size <= BINARY_BYTES_MAX,
        "{triple}: {}, and {} are allowed",
        megabytes(size),
        megabytes(BINARY_BYTES_MAX)
    );
    start(binary, target)?;
    Ok(size)
}

/// Starts the binary once, where this machine or an emulator on it can.
fn start(binary: &Path, target: &Target) -> Result<()> {
    let mut command = if target.architecture == std::env::consts::ARCH {
        Command::new(binary)
    } else {
        let emulator = format!("qemu-{}-static", target.architecture);
        if Command::new(&emulator).arg("--version").output().is_err() {
            eprintln!(
                "dist: NOT STARTED: {} is for another machine and there is no {emulator} here",
                binary.display()
            );
            return Ok(());
        }
        let mut command = Command::new(emulator);
        command.arg(binary);
        command
    };
    succeed(command.arg("--version").stdout(std::io::stderr()))
}

/// Puts the binary and what has to go with it into `NAME.tar.gz`; the same files make the same archive.
fn pack(binary: &Path, dist: &Path, name: &str) -> Result<PathBuf> {
    let folder = dist.join(name);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let root = repository::root();
    for (from, to) in [
        (binary.to_owned(), "gary"),
        (root.join("LICENSE"), "LICENSE"),
        (root.join("README.md"), "README.md"),
    ] {
        fs::copy(&from, folder.join(to))
            .with_context(|| format!("cannot copy {}", from.display()))?;
    }

    let archive = dist.join(format!("{name}.tar.gz"));
    succeed(
        Command::new("tar")
            .current_dir(dist)
            .args(["--create", "--sort=name", "--mtime=@0", "--numeric-owner"])
            .args(["--owner=0", "--group=0", "--mode=u=rwX,go=rX"])
            .args(["--use-compress-program", "gzip --no-name --best", "--file"])
            .arg(&archive)
            .arg(name),
    )?;
    Ok(archive)
}

/// Writes `sha256sums` over every archive whose name begins like this, those of an earlier call too,
/// in the form that `sha256sum --check` reads.
fn write_sums(dist: &Path, prefix: &str) -> Result<()> {
    let mut archives = Vec::new();
    for entry in fs::read_dir(dist)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with(prefix) && name.ends_with(".tar.gz") {
            archives.push(name);
        }
    }
    archives.sort();

    let mut sums = String::new();
    for archive in archives {
        let output = Command::new("sha256sum")
            .current_dir(dist)
            .arg(&archive)
            .output()
            .context("sha256sum did not start")?;
        ensure!(output.status.success(), "sha256sum: {}", output.status);
        write!(sums, "{}", String::from_utf8_lossy(&output.stdout))?;
    }
    fs::write(dist.join("sha256sums"), sums).context("cannot write sha256sums")
}

/// `38.2 MB`, of a million bytes each.
fn megabytes(bytes: u64) -> String {
    let tenths = bytes.div_ceil(100_000);
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_in_megabytes_and_never_too_small() {
        assert_eq!(megabytes(BINARY_BYTES_MAX), "40.0 MB");
        assert_eq!(megabytes(BINARY_BYTES_MAX + 1), "40.1 MB");
        assert_eq!(megabytes(1), "0.1 MB");
    }
}
