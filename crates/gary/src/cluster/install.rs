//! `gary node install`: the node as a service of systemd.

use std::fs;
use std::path::{Path, PathBuf};

use super::typed::NodeInstallArgs;
use crate::console;
use crate::places;
use crate::problem::{Code, Problem};

/// How the unit is called.
const UNIT: &str = "gary.service";

pub(super) fn main(typed: &NodeInstallArgs) -> Result<(), Problem> {
    let is_root = rustix::process::geteuid().is_root();
    let program = std::env::current_exe().map_err(|error| {
        Problem::new(Code::Failure, "cannot tell where this program is").why(error)
    })?;
    let text = unit(&program, is_root)?;
    if typed.print {
        return console::out(&text);
    }
    let dir = match &typed.unit_dir {
        Some(dir) => dir.clone(),
        None => unit_dir(is_root)?,
    };
    let file = dir.join(UNIT);
    let written = fs::create_dir_all(&dir).and_then(|()| fs::write(&file, text));
    written.map_err(|error| {
        let what = format!("cannot write {}", file.display());
        Problem::new(Code::Failure, what)
            .why(error)
            .hint("--unit-dir with another directory, or --print")
    })?;
    let of_user = if is_root { "" } else { " --user" };
    console::out(&format!("{}\n", file.display()))?;
    eprintln!("try: systemctl{of_user} daemon-reload");
    eprintln!("     systemctl{of_user} enable --now gary");
    if !is_root {
        eprintln!("     loginctl enable-linger    # to have it run while nobody is logged in");
    }
    Ok(())
}

fn unit_dir(is_root: bool) -> Result<PathBuf, Problem> {
    if is_root {
        return Ok("/etc/systemd/system".into());
    }
    // As systemd has it: beside Gary's own configuration.
    let config = places::config()?;
    let parent = config.parent().unwrap_or(&config);
    Ok(parent.join("systemd/user"))
}

/// The unit: the node's state, cache and configuration are where they are for whoever installs it.
fn unit(program: &Path, is_root: bool) -> Result<String, Problem> {
    let wanted_by = if is_root {
        "multi-user.target"
    } else {
        "default.target"
    };
    let (state, cache, config) = (places::state()?, places::cache()?, places::config()?);
    let set = |name: &str, dir: &Path| format!("Environment=\"{name}={}\"\n", escaped(dir));
    let environment = [
        set("GARY_STATE_DIR", &state),
        set("GARY_CACHE_DIR", &cache),
        set("GARY_CONFIG_DIR", &config),
    ];
    let (environment, program) = (environment.concat(), escaped(program));
    // A node that has left says so by 9, and is not to be started again. One that stops answers what is under way for ten seconds at most.
    Ok(format!(
        "[Unit]\n\
         Description=Gary, a node that runs WebAssembly workloads\n\
         After=network-online.target\n\
         Wants=network-online.target\n\
         \n\
         [Service]\n\
         {environment}\
         ExecStart=\"{program}\" node run\n\
         Restart=always\n\
         RestartSec=1\n\
         RestartPreventExitStatus=9\n\
         KillMode=mixed\n\
         TimeoutStopSec=20\n\
         LimitNOFILE=65536\n\
         NoNewPrivileges=yes\n\
         \n\
         [Install]\n\
         WantedBy={wanted_by}\n"
    ))
}

/// A path as a unit has it in quotes: systemd reads `%`, `\\` and `"` in its own way.
fn escaped(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('%', "%%")
}
