//! Programs that commands here need and that a fresh machine does not have. They are installed under
//! `target/tools`, never outside the checkout.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Result;

use crate::cargo::{as_if_by_hand, cargo, succeed};
use crate::repository;

/// Where tools are installed.
pub(crate) fn tools() -> PathBuf {
    repository::root().join("target/tools")
}

/// The path of a program from crates.io in exactly this version: the one on PATH, or one that is
/// installed now or was before.
pub(crate) fn cargo_tool(name: &str, version: &str) -> Result<PathBuf> {
    let installed = tools().join("bin").join(name);
    for candidate in [Path::new(name), &installed] {
        if has_version(candidate, version) {
            return Ok(candidate.to_owned());
        }
    }

    eprintln!("xtask: installing {name} {version} under target/tools");
    let build = tools().join("build");
    succeed(
        cargo()
            // These run for seconds and take minutes to optimise.
            .env("CARGO_PROFILE_DEV_OPT_LEVEL", "0")
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .args(["install", name, "--version", version, "--locked", "--force"])
            .args(["--profile", "dev"])
            .arg("--root")
            .arg(tools())
            .arg("--target-dir")
            .arg(&build),
    )?;
    // Hundreds of megabytes that nothing asks for again.
    std::fs::remove_dir_all(&build)?;
    Ok(installed)
}

/// The path of a Python that has this package from PyPI in exactly this version, in an environment of
/// its own.
pub(crate) fn python_with(package: &str, version: &str) -> Result<PathBuf> {
    let environment = tools().join(format!("{package}-{version}"));
    let python = environment.join("bin/python");
    let imports = Command::new(&python)
        .args(["-c", &format!("import {package}")])
        .stderr(Stdio::null())
        .status();
    if imports.is_ok_and(|status| status.success()) {
        return Ok(python);
    }

    eprintln!("xtask: installing {package} {version} from PyPI under target/tools");
    succeed(
        as_if_by_hand("python3")
            .args(["-m", "venv"])
            .arg(&environment),
    )?;
    succeed(
        as_if_by_hand(&python)
            .args(["-m", "pip", "install", "--quiet"])
            .arg(format!("{package}=={version}")),
    )?;
    Ok(python)
}

fn has_version(program: &Path, version: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| {
            String::from_utf8_lossy(&output.stdout)
                .split_whitespace()
                .any(|word| word == version)
        })
}
