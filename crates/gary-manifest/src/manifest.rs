//! gary.toml.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Build, Component, ConfigEntry, Digest, Grant, Health, Http, Job, ManifestError, Name, Place,
    Problem, Promise, Run, Update, entry_table,
};

/// The longest gary.toml that is read, in bytes; a longer one is refused whole.
pub const MANIFEST_BYTES_MAX: usize = 256 * 1024;

/// One workload, as its gary.toml describes it.
///
/// Paths are as written until [`Manifest::relative_to`] has been called. What is left out stays
/// `None` here: [`Workload::resolve`](crate::Workload::resolve) knows the defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The workload's name; by default the stem of its component's file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// Where the component is: a path, `oci://REGISTRY/NAME@sha256:...` or `https://...`.
    pub component: Component,
    /// The SHA-256 that the component must have; needed with `https://`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// How to make the component.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build: Option<Build>,
    /// What the workload needs promised.
    #[serde(default, skip_serializing_if = "is_default")]
    pub promise: Promise,
    /// What the workload may use; nothing is granted by default.
    #[serde(default, skip_serializing_if = "is_default")]
    pub grant: Grant,
    /// What the guest reads through `wasi:config/store`.
    #[serde(default, with = "entry_table", skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "entry_table::schema")]
    pub config: Vec<ConfigEntry>,
    /// How an HTTP component is served.
    #[serde(default, skip_serializing_if = "is_default")]
    pub http: Http,
    /// How to tell that a replica works. On a cluster only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
    /// That it runs to completion rather than on and on. On a cluster only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<Job>,
    /// Which nodes may run it. On a cluster only.
    #[serde(default, skip_serializing_if = "is_default")]
    pub place: Place,
    /// How a new generation replaces the old one. On a cluster only.
    #[serde(default, skip_serializing_if = "is_default")]
    pub update: Update,
    /// What only `gary run` looks at.
    #[serde(default, skip_serializing_if = "is_default")]
    pub run: Run,
}

impl Manifest {
    /// Reads the text of a gary.toml.
    ///
    /// # Errors
    ///
    /// Says the line and column of the first thing that is wrong. Unknown keys come first, because
    /// a mistyped key is often why another one is missing.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        if text.len() > MANIFEST_BYTES_MAX {
            return Err(ManifestError::too_long(text.len()));
        }
        let manifest: Self =
            toml::from_str(text).map_err(|error| ManifestError::from_toml(text, &error))?;
        match manifest.conflict() {
            Some((path, problem)) => Err(ManifestError::at_path(text, path, problem)),
            None => Ok(manifest),
        }
    }

    /// The same workload with its relative paths taken from `dir`, the directory that gary.toml
    /// was read from. Paths that a guest sees stay as they are.
    pub fn relative_to(mut self, dir: &Path) -> Self {
        if let Component::Path(path) = &mut self.component {
            *path = dir.join(&path);
        }
        if let Some(build) = &mut self.build {
            join_all(dir, &mut build.watch);
        }
        join_all(dir, &mut self.grant.env_file);
        let dirs = self.grant.dirs.into_iter();
        self.grant.dirs = dirs.map(|grant| grant.relative_to(dir)).collect();
        self
    }

    /// What no single key can know: the path of the key to point at, and what is wrong.
    fn conflict(&self) -> Option<(&'static [&'static str], Problem)> {
        let conflict = |message: &'static str, hint: &'static str| Problem::Conflict {
            message: Cow::Borrowed(message),
            hint: Cow::Borrowed(hint),
        };
        if matches!(self.component, Component::Https { .. }) && self.digest.is_none() {
            let problem = conflict(
                "a component from the web needs its digest",
                "add digest = \"sha256:...\" beside it",
            );
            return Some((&["component"], problem));
        }
        if self
            .build
            .as_ref()
            .is_some_and(|build| build.command.trim().is_empty())
        {
            let problem = conflict(
                "the build command is empty",
                "write a command, or leave [build] out",
            );
            return Some((&["build", "command"], problem));
        }
        if self.update.max_surge == 0 && self.update.max_unavailable == 0 {
            let problem = conflict(
                "with max_surge and max_unavailable both 0 no replica could ever be replaced",
                "set one of them to 1",
            );
            return Some((&["update", "max_surge"], problem));
        }
        let tells = self.run.verbose.is_some_and(|level| level.get() > 0);
        if self.run.quiet && tells {
            let problem = conflict(
                "quiet and verbose exclude each other",
                "leave one of them out",
            );
            return Some((&["run", "quiet"], problem));
        }
        None
    }
}

fn join_all(dir: &Path, paths: &mut [PathBuf]) {
    for path in paths {
        *path = dir.join(&path);
    }
}

/// serde's `skip_serializing_if` takes a path and a reference.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every key there is, so that a key which is dropped or renamed shows.
    const WHOLE: &str = r#"
        name = "hello"
        component = "target/hello.wasm"
        digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
        [build]
        command = "cargo build"
        watch = ["src"]
        [promise]
        replicas = 3
        cpu = 0.1
        memory = "64MiB"
        instance_memory = "32MiB"
        max_concurrency = 64
        reuse = 1
        timeout = "30s"
        exclusive = true
        store = "per-replica"
        [grant]
        env = { GREETING = "hello" }
        env_file = ".env"
        dirs = ["./public::/public:ro"]
        net = ["api.example.com:443"]
        listen = true
        [config]
        theme = "dark"
        [http]
        addr = "127.0.0.1:8080"
        host = "hello.localhost"
        max_body = "16MiB"
        [health]
        path = "/healthz"
        interval = "5s"
        [job]
        every = "5m"
        retries = 3
        [place]
        require = { zone = "attic" }
        spread = ["zone", "node"]
        [update]
        max_surge = 1
        max_unavailable = 0
        [run]
        args = ["a"]
        drain = "10s"
        watch = true
        json = true
        verbose = 2
        color = "never"
    "#;

    #[test]
    fn reads_every_key() {
        let manifest = Manifest::parse(WHOLE).expect("legal");
        assert_eq!(
            manifest.promise.memory.map(|size| size.bytes()),
            Some(64 << 20)
        );
        assert_eq!(manifest.promise.cpu.map(|cpu| cpu.cores()), Some(0.1));
        assert_eq!(manifest.grant.env_file, [PathBuf::from(".env")]);
        assert_eq!(manifest.grant.env[0].to_string(), "GREETING=hello");
        assert_eq!(manifest.config[0].to_string(), "theme=dark");
        assert_eq!(manifest.place.spread, ["zone", "node"]);
        assert_eq!(manifest.run.verbose.map(|level| level.get()), Some(2));
    }

    #[test]
    fn written_and_read_again_is_the_same() {
        for text in [WHOLE, "component = \"a.wasm\""] {
            let manifest = Manifest::parse(text).expect("legal");
            let written = serde_json::to_value(&manifest).expect("every key is a string");
            let read: Manifest = serde_json::from_value(written).expect("legal");
            assert_eq!(read, manifest);
        }
    }

    #[test]
    fn one_line_is_enough() {
        let manifest = Manifest::parse("component = \"a.wasm\"").expect("legal");
        assert_eq!(manifest.promise, Promise::default());
        assert_eq!(manifest.update.max_surge, 1);
    }

    #[test]
    fn env_file_may_be_several() {
        let text = "component = \"a\"\n[grant]\nenv_file = [\"a\", \"b\"]";
        let manifest = Manifest::parse(text).expect("legal");
        assert_eq!(manifest.grant.env_file.len(), 2);
    }

    #[test]
    fn relative_paths_are_taken_from_its_directory() {
        let manifest = Manifest::parse(WHOLE)
            .expect("legal")
            .relative_to(Path::new("/app"));
        assert_eq!(
            manifest.component,
            Component::Path("/app/target/hello.wasm".into())
        );
        assert_eq!(manifest.grant.env_file, [PathBuf::from("/app/.env")]);
        assert_eq!(manifest.grant.dirs[0].host(), Path::new("/app/./public"));
        assert_eq!(manifest.grant.dirs[0].guest(), "/public");
        let build = manifest.build.expect("said");
        assert_eq!(build.watch, [PathBuf::from("/app/src")]);
    }
}
