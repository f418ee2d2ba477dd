//! `--watch`: notices when what a workload is made of changes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::event::{EventKind, ModifyKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc::{self, Receiver};
use tokio::time::timeout;

use crate::problem::{Code, Problem};
use crate::report::Reporter;
use crate::target::Target;

/// Changes closer together than this are one: an editor or a compiler writes in bursts.
const SETTLE: Duration = Duration::from_millis(200);

/// Watches the component, its gary.toml and the sources that it names.
pub(crate) struct Watcher {
    changes: Receiver<PathBuf>,
    _system: RecommendedWatcher,
}

impl Watcher {
    pub(crate) fn start(target: &Target) -> Result<Self, Problem> {
        let cannot = |error: &dyn std::fmt::Display| {
            Problem::new(Code::Failure, "cannot watch for changes").why(error)
        };
        let (tell, changes) = mpsc::channel(1);
        let paths = watched(target);
        let relevant = paths.clone();
        let mut system = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let Some(event) = event.ok().filter(|event| is_change(event.kind)) else {
                return;
            };
            let mut changed = event.paths.into_iter();
            let changed =
                changed.find(|path| relevant.iter().any(|(root, _)| path.starts_with(root)));
            if let Some(path) = changed {
                // One that is not yet seen to stands for this one too.
                let _ = tell.try_send(path);
            }
        })
        .map_err(|error| cannot(&error))?;
        for (path, mode) in &paths {
            // A file is replaced rather than written by most tools, so its directory is watched.
            let place = match mode {
                RecursiveMode::Recursive => path,
                RecursiveMode::NonRecursive => path.parent().unwrap_or(path),
            };
            system
                .watch(place, *mode)
                .map_err(|error| cannot(&format!("{}: {error}", path.display())))?;
        }
        Ok(Self {
            changes,
            _system: system,
        })
    }

    /// Waits for a change, and until what changes has settled.
    pub(crate) async fn changed(&mut self, reporter: &Reporter) {
        let Some(path) = self.changes.recv().await else {
            return std::future::pending().await;
        };
        while let Ok(Some(_)) = timeout(SETTLE, self.changes.recv()).await {}
        reporter.changed(&path.display().to_string());
    }

    /// Forgets what has changed so far: a build that was just run has written it.
    pub(crate) fn forget(&mut self) {
        while self.changes.try_recv().is_ok() {}
    }
}

/// Whether something was written. The system also tells of opening and reading, which Gary itself
/// does each time it starts.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Create(_) | EventKind::Remove(_) => true,
        EventKind::Modify(kind) => !matches!(kind, ModifyKind::Metadata(_)),
        _ => false,
    }
}

/// With a build command, its sources; without one, the component itself. Always gary.toml.
fn watched(target: &Target) -> Vec<(PathBuf, RecursiveMode)> {
    let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut paths = Vec::new();
    if let Some(dir) = &target.dir {
        paths.push((whole(&dir.join("gary.toml")), RecursiveMode::NonRecursive));
    }
    match &target.workload.build {
        Some(build) if !build.watch.is_empty() => {
            for path in &build.watch {
                let mode = match path.is_dir() {
                    true => RecursiveMode::Recursive,
                    false => RecursiveMode::NonRecursive,
                };
                paths.push((whole(path), mode));
            }
        }
        _ => paths.push((whole(&target.component), RecursiveMode::NonRecursive)),
    }
    paths
}
