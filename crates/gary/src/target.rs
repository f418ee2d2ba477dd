//! WHAT on the command line: a component file, a gary.toml, or a directory that has one.

use std::fs;
use std::path::{Path, PathBuf};

use gary_manifest::{
    Build, Component, Digest, Flags, MANIFEST_BYTES_MAX, Manifest, Name, Workload,
};

use crate::named_file::{self, unreadable};
use crate::problem::{Code, Problem};

const MANIFEST: &str = "gary.toml";

/// What was named, and where its component is or will be built.
pub(crate) struct Target {
    /// What gary.toml and the command line say together.
    pub(crate) workload: Workload,
    /// The component's file.
    pub(crate) component: PathBuf,
    /// The directory of its gary.toml, where its build command runs; `None` for a bare file.
    pub(crate) dir: Option<PathBuf>,
}

impl Target {
    /// Finds out what `what` names.
    pub(crate) fn resolve(what: &Path, flags: Flags) -> Result<Self, Problem> {
        if let Some(remote) = remote(what) {
            return Err(remote);
        }
        let Some(path) = manifest_path(what)? else {
            let stem = what.file_stem().unwrap_or_default().to_string_lossy();
            let workload = Workload::resolve(None, flags, Name::from_stem(&stem))
                .map_err(|error| Problem::new(Code::Usage, error.to_string()).hint(error.hint()))?;
            return Ok(Self {
                workload,
                component: what.to_owned(),
                dir: None,
            });
        };
        let dir = match path.parent() {
            Some(dir) if dir != Path::new("") => dir.to_owned(),
            _ => PathBuf::from("."),
        };
        let manifest = read(&path)?.relative_to(&dir);
        let component = match &manifest.component {
            Component::Path(component) => component.clone(),
            remote => return Err(remote_component(&path, remote)),
        };
        let stem = component.file_stem().unwrap_or_default().to_string_lossy();
        let fallback = Name::from_stem(&stem);
        let workload = Workload::resolve(Some(manifest), flags, fallback).map_err(|error| {
            Problem::new(Code::BadInput, format!("{} makes no sense", path.display()))
                .why(&error)
                .hint(error.hint())
        })?;
        Ok(Self {
            workload,
            component,
            dir: Some(dir),
        })
    }

    /// What paths are relative to, for somebody whose path leads nowhere; `None` where there is no
    /// gary.toml that could have named it.
    pub(crate) fn relative_to(&self) -> Option<String> {
        let manifest = self.dir.as_ref()?.join(MANIFEST);
        Some(format!(
            "check the path; in {} it is relative to that file, in a flag to where you are",
            manifest.display()
        ))
    }

    /// The command that builds the component, where there is one.
    pub(crate) fn build(&self) -> Option<(&Build, &Path)> {
        Some((self.workload.build.as_ref()?, self.dir.as_deref()?))
    }

    /// The digest the component must have, where gary.toml says one.
    pub(crate) fn digest(&self) -> Option<&Digest> {
        self.workload.digest.as_ref()
    }
}

/// The gary.toml that `what` is or holds; `None` when it is a component's file.
fn manifest_path(what: &Path) -> Result<Option<PathBuf>, Problem> {
    let metadata = fs::metadata(what).map_err(|error| unreadable(what, &error))?;
    if !metadata.is_dir() {
        let is_manifest = what
            .extension()
            .is_some_and(|extension| extension == "toml");
        return Ok(is_manifest.then(|| what.to_owned()));
    }
    let path = what.join(MANIFEST);
    if path.exists() {
        return Ok(Some(path));
    }
    Err(
        Problem::new(Code::BadInput, format!("cannot run {}", what.display()))
            .why("it is a directory without a gary.toml")
            .hint("name a component file, or a directory with a gary.toml (gary new makes one)"),
    )
}

fn read(path: &Path) -> Result<Manifest, Problem> {
    let text = named_file::read_text(path, MANIFEST_BYTES_MAX)?;
    Manifest::parse(&text).map_err(|error| {
        let place = format!("{}:{}:{}", path.display(), error.line(), error.column());
        let problem = Problem::new(Code::BadInput, format!("{place}: {}", error.problem()));
        match error.hint() {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    })
}

/// Why a URL or an image in a registry cannot be run, where `what` is one and no file.
fn remote(what: &Path) -> Option<Problem> {
    let text = what.to_str().filter(|_| !what.exists())?;
    let (scheme, rest) = text.split_once("://")?;
    let problem = Problem::new(Code::BadInput, format!("cannot fetch {text}"))
        .why("this version runs files only");
    Some(match (scheme, rest.rsplit('/').next()) {
        ("http" | "https", Some(file)) if file.ends_with(".wasm") => problem.hint(format!(
            "download it first: curl -LO {text} && gary run {file}"
        )),
        _ => problem.hint("download it, and name the file"),
    })
}

fn remote_component(path: &Path, component: &Component) -> Problem {
    Problem::new(Code::BadInput, format!("cannot fetch {component}"))
        .why(format!(
            "{} names a component that is not a file, and this version runs files only",
            path.display()
        ))
        .hint("download it, and name the file")
}
