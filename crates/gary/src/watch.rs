//! `--watch`: notices when what a workload is made of changes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify_debouncer_mini::notify::{RecommendedWatcher, RecursiveMode};
use notify_debouncer_mini::{DebounceEventResult, Debouncer, new_debouncer};
use tokio::sync::mpsc::{self, Receiver};

use crate::problem::{Code, Problem};
use crate::report::Reporter;
use crate::target::Target;

/// Changes closer together than this are one: an editor or a compiler writes in bursts.
const SETTLE: Duration = Duration::from_millis(200);

/// Watches the component, its gary.toml and the sources that it names.
pub(crate) struct Watcher {
    changes: Receiver<PathBuf>,
    _debouncer: Debouncer<RecommendedWatcher>,
}

impl Watcher {
    pub(crate) fn start(target: &Target) -> Result<Self, Problem> {
        let cannot = |error: &dyn std::fmt::Display| {
            Problem::new(Code::Failure, "cannot watch for changes").why(error)
        };
        let (tell, changes) = mpsc::channel(1);
        let paths = watched(target);
        let relevant = paths.clone();
        let mut debouncer = new_debouncer(SETTLE, move |events: DebounceEventResult| {
            let changed = events.into_iter().flatten().map(|event| event.path);
            let mut changed =
                changed.filter(|path| relevant.iter().any(|(root, _)| path.starts_with(root)));
            if let Some(path) = changed.next() {
                // One that is not yet seen to stands for this one too.
                let _ = tell.try_send(path);
            }
        })
        .map_err(|error| cannot(&error))?;
        for (path, mode) in &paths {
            // A file is replaced rather than written by most tools, so its directory is watched.
            let watched = match mode {
                RecursiveMode::Recursive => path,
                RecursiveMode::NonRecursive => path.parent().unwrap_or(path),
            };
            debouncer
                .watcher()
                .watch(watched, *mode)
                .map_err(|error| cannot(&format!("{}: {error}", path.display())))?;
        }
        Ok(Self {
            changes,
            _debouncer: debouncer,
        })
    }

    /// Waits for a change.
    pub(crate) async fn changed(&mut self, reporter: &Reporter) {
        if let Some(path) = self.changes.recv().await {
            reporter.changed(&path.display().to_string());
        }
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
