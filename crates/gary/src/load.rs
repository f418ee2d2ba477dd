//! From a file to a program that can be run, by way of the cache.

use std::error::Error as _;
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use gary_host::{
    ARTIFACT_BYTES_MAX, Artifact, ArtifactError, CACHE_BYTES_MAX, Cache, CompileError, Engines,
    Program,
};
use indicatif::ProgressBar;

use crate::named_file::{self, unreadable};
use crate::places;
use crate::problem::{Code, Problem};
use crate::report::Reporter;
use crate::target::Target;

/// A compile that takes longer than this is shown.
const PROGRESS_AFTER: Duration = Duration::from_millis(500);

/// Builds the target where it says how, and reads its component.
pub(crate) fn artifact(target: &Target, reporter: &Reporter) -> Result<Artifact, Problem> {
    if let Some((build, dir)) = target.build() {
        crate::build::run(build, dir, reporter)?;
    }
    let path = &target.component;
    let artifact = read(target)?;
    if let Some(wanted) = target.digest()
        && wanted.sha256() != artifact.digest().as_bytes()
    {
        return Err(Problem::new(
            Code::BadInput,
            format!("{} is another component", path.display()),
        )
        .why(format!("its digest is {}", artifact.digest()))
        .why(format!("gary.toml says        {wanted}"))
        .hint("if the new one is right, write its digest into gary.toml"));
    }
    Ok(artifact)
}

/// The same, compiled unless the cache has it.
pub(crate) fn load(target: &Target, reporter: &Reporter) -> Result<Program, Problem> {
    let artifact = artifact(target, reporter)?;
    // A pool of instances for a component that serves; a command is one.
    let (engines, memory) = match artifact.serves() {
        true => (Engines::pooling(), "a pool"),
        false => (Engines::on_demand(), "the system"),
    };
    tracing::debug!("instances get their memory from {memory}");
    program(target, &artifact, &engines, reporter)
}

/// What an artifact is compiled to that is only looked at here, and run elsewhere: no memory is reserved for it.
pub(crate) fn look_at(
    target: &Target,
    artifact: &Artifact,
    reporter: &Reporter,
) -> Result<Program, Problem> {
    program(target, artifact, &Engines::on_demand(), reporter)
}

/// What an artifact is compiled to, unless the cache has it.
fn program(
    target: &Target,
    artifact: &Artifact,
    engines: &Engines,
    reporter: &Reporter,
) -> Result<Program, Problem> {
    let path = &target.component;
    let cache = open_cache(reporter);
    if let Some(cache) = &cache
        && let Some(program) = Program::cached(engines, cache, artifact)
    {
        return Ok(program);
    }
    compile(path, engines, cache.as_ref(), artifact, reporter)
}

fn read(target: &Target) -> Result<Artifact, Problem> {
    let path = &target.component;
    let mut file = File::open(path).map_err(|error| match (error.kind(), &target.dir) {
        (ErrorKind::NotFound, Some(dir)) => not_built(target, dir, unreadable(path, &error)),
        _ => unreadable(path, &error),
    })?;
    let not_run = || Problem::new(Code::BadInput, format!("cannot run {}", path.display()));
    let bytes = named_file::read(&mut file, ARTIFACT_BYTES_MAX)
        .map_err(|error| unreadable(path, &error))?
        .ok_or_else(|| {
            not_run()
                .why(format!(
                    "it has more than the {} MiB that a component may have",
                    ARTIFACT_BYTES_MAX >> 20
                ))
                .hint("name a component; large data belongs in a directory granted with --dir")
        })?;
    Artifact::new(bytes).map_err(|error| {
        let problem = not_run().why(&error);
        match error {
            ArtifactError::Empty => problem.hint("build it again; the last build may have failed"),
            ArtifactError::NotWasm(_) => {
                problem.hint("name a component or a core wasip1 module (a .wasm file)")
            }
            _ => problem,
        }
    })
}

/// Why the component that a gary.toml names is not there.
fn not_built(target: &Target, dir: &Path, problem: Problem) -> Problem {
    let manifest = dir.join("gary.toml");
    let manifest = manifest.display();
    match target.build() {
        Some(_) => problem
            .why("the build did not make it")
            .hint(format!("correct component in {manifest} to what it makes")),
        None => problem.hint(format!(
            "build it, or correct component in {manifest}; it is relative to that file"
        )),
    }
}

/// The cache, or none where it cannot be had: then every start compiles.
fn open_cache(reporter: &Reporter) -> Option<Cache> {
    let opened = places::cache()
        .and_then(|cache| Ok((cache, places::state()?)))
        .map_err(|problem| problem.what)
        .and_then(|(cache, state)| {
            tracing::debug!(cache = %cache.display(), state = %state.display(), "where things are kept");
            Cache::open(
                cache.join("compiled"),
                &state.join("cache.key"),
                CACHE_BYTES_MAX,
            )
            .map_err(|error| match error.source() {
                Some(why) => format!("{error}: {why}"),
                None => error.to_string(),
            })
        });
    opened
        .map_err(|why| reporter.note(&format!("compiled code will not be kept: {why}")))
        .ok()
}

fn compile(
    path: &Path,
    engines: &Engines,
    cache: Option<&Cache>,
    artifact: &Artifact,
    reporter: &Reporter,
) -> Result<Program, Problem> {
    let compiled = if reporter.shows_progress() {
        let name = path
            .file_name()
            .unwrap_or(path.as_os_str())
            .to_string_lossy();
        let size = crate::inspect::size(artifact.file_bytes());
        with_progress(format!("compiling {name} ({size})"), || {
            Program::compile(engines, cache, artifact)
        })
    } else {
        Program::compile(engines, cache, artifact)
    };
    compiled.map_err(|error| {
        let problem = Problem::new(Code::BadInput, format!("cannot run {}", path.display()));
        match error {
            CompileError::Artifact(error @ ArtifactError::ForeignImport { .. }) => Problem {
                code: Code::MissingInterface,
                ..problem
                    .why(error)
                    .hint("build it for wasm32-wasip2, or as a component")
            },
            CompileError::Engine(error) => {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                Problem::new(Code::Failure, error.to_string()).why(source.unwrap_or_default())
            }
            CompileError::Artifact(error @ ArtifactError::NoStart) => problem
                .why(error)
                .hint("build a program with a main function"),
            CompileError::Artifact(error @ ArtifactError::NoMemory) => problem
                .why(error)
                .hint("build it for wasm32-wasip1, whose linker exports it"),
            error => problem
                .why(error)
                .hint("build it again; the file may be cut off or made by another tool"),
        }
    })
}

/// Shows a spinner beside work that turns out to take long.
fn with_progress<T>(what: String, work: impl FnOnce() -> T) -> T {
    let (done, wait) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            if wait.recv_timeout(PROGRESS_AFTER) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            let spinner = ProgressBar::new_spinner().with_message(what);
            spinner.enable_steady_tick(Duration::from_millis(100));
            // Ends when the other side is dropped.
            let _ = wait.recv();
            spinner.finish_and_clear();
        });
        let result = work();
        drop(done);
        result
    })
}
