//! Which context is asked where none is typed, and which was before it.

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::processes;
use crate::places;
use crate::problem::{Code, Problem};

/// Where it is said, in the configuration directory: a context a line, the one that is asked first. Where there is none it
/// is this machine's own node.
const FILE: &str = "context";

/// Before the name of a context that is asked over the network; what else stands there is the directory of a `gary dev`.
const MARK: char = '@';

/// The most that are remembered. Beyond, those chosen longest ago are forgotten.
const REMEMBERED_MAX: usize = 8;

/// What this machine's own node is called among contexts.
pub(super) const LOCAL: &str = "local";

/// What the cluster of `gary dev` is called among contexts.
pub(super) const DEV: &str = "dev";

/// Nodes that can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Context {
    /// This machine's own node.
    Local,
    /// The cluster of `gary dev` that is in a directory.
    Dev(PathBuf),
    /// A cluster that is asked over the network.
    Network(String),
}

impl Context {
    fn read(line: &str) -> Self {
        match line.strip_prefix(MARK) {
            Some(name) => Self::Network(name.to_owned()),
            None => Self::Dev(line.into()),
        }
    }

    /// As it is remembered. That nothing is chosen stands nowhere.
    fn line(&self) -> Option<String> {
        match self {
            Self::Local => None,
            Self::Dev(dir) => Some(dir.display().to_string()),
            Self::Network(name) => Some(format!("{MARK}{name}")),
        }
    }

    /// Its name, and where it is if another may be called the same.
    pub(super) fn in_full(&self) -> String {
        match self {
            Self::Local | Self::Network(_) => self.to_string(),
            Self::Dev(dir) => format!("{self} in {}", dir.display()),
        }
    }

    fn exists(&self) -> bool {
        match self {
            Self::Local => true,
            Self::Dev(dir) => !processes::all(dir).is_empty(),
            Self::Network(name) => super::context::admittance(name).is_ok(),
        }
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => LOCAL.fmt(f),
            Self::Dev(_) => DEV.fmt(f),
            Self::Network(name) => name.fmt(f),
        }
    }
}

/// Which is asked where none is typed.
pub(super) fn chosen() -> Result<Context, Problem> {
    let remembered = remembered()?;
    let Some(first) = remembered.first() else {
        return Ok(Context::Local);
    };
    // Who types where state is kept means the nodes that keep theirs there.
    if !places::is_state_typed() || !matches!(first, Context::Dev(_)) {
        return Ok(first.clone());
    }
    let there = Context::Dev(dev_dir()?);
    match remembered.contains(&there) {
        true => Ok(there),
        false => Ok(Context::Local),
    }
}

/// Asks this one from now on. Gives the one that was asked until now, if that was another.
///
/// A `gary dev` may end soon, so what was asked before is remembered with it; to choose another forgets all before.
pub(super) fn choose(context: Context) -> Result<Option<Context>, Problem> {
    let mut remembered = remembered()?;
    let before = remembered.first().cloned().unwrap_or(Context::Local);
    if before == context {
        return Ok(None);
    }
    match &context {
        Context::Dev(_) => remembered.retain(|its| *its != context),
        Context::Local | Context::Network(_) => remembered.clear(),
    }
    remembered.insert(0, context);
    remember(&remembered)?;
    Ok(Some(before))
}

/// Forgets a cluster of `gary dev`, which ends. If that was asked, gives the one that is asked from now on: the one before
/// it that is there still.
pub(super) fn leave(dir: &Path) -> Result<Option<Context>, Problem> {
    let mut remembered = remembered()?;
    let left = Context::Dev(dir.to_owned());
    let was_asked = remembered.first() == Some(&left);
    if !remembered.contains(&left) {
        return Ok(None);
    }
    remembered.retain(|its| *its != left && its.exists());
    remember(&remembered)?;
    let first = remembered.into_iter().next().unwrap_or(Context::Local);
    Ok(was_asked.then_some(first))
}

/// Where the nodes of `gary dev` have their directories.
pub(super) fn dev_dir() -> Result<PathBuf, Problem> {
    let dir = places::state()?.join("dev");
    // What is remembered has to be found from other directories too.
    std::path::absolute(&dir).map_err(|error| {
        let why = format!("{}: {error}", dir.display());
        Problem::new(Code::Failure, "there is no place for a cluster").why(why)
    })
}

fn remembered() -> Result<Vec<Context>, Problem> {
    let file = places::config()?.join(FILE);
    match fs::read_to_string(&file) {
        Ok(text) => Ok(text.lines().map(Context::read).collect()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(
            Problem::new(Code::Failure, "it cannot be told which nodes to ask")
                .why(format!("{}: {error}", file.display())),
        ),
    }
}

fn remember(contexts: &[Context]) -> Result<(), Problem> {
    let dir = places::config()?;
    let file = dir.join(FILE);
    let lines = contexts.iter().filter_map(Context::line);
    let lines = Vec::from_iter(lines.take(REMEMBERED_MAX));
    let written = match lines.is_empty() {
        true => fs::remove_file(&file).or_else(|error| match error.kind() {
            ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        }),
        false => fs::create_dir_all(&dir).and_then(|()| fs::write(&file, lines.join("\n"))),
    };
    written.map_err(|error| {
        Problem::new(Code::Failure, "cannot remember which nodes to ask")
            .why(format!("{}: {error}", file.display()))
    })
}
