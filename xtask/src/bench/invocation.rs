//! A command as it is run, and as it is shown to people.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A program, its arguments and the variables set for it.
#[derive(Debug, Clone)]
pub(crate) struct Invocation {
    program: PathBuf,
    args: Vec<OsString>,
    env: Vec<(&'static str, PathBuf)>,
}

impl Invocation {
    pub(crate) fn new(program: &Path) -> Self {
        Self {
            program: program.to_owned(),
            args: Vec::new(),
            env: Vec::new(),
        }
    }

    pub(crate) fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    pub(crate) fn env(mut self, name: &'static str, value: PathBuf) -> Self {
        self.env.push((name, value));
        self
    }

    /// The command, with nothing on its standard streams.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// The command as a line of shell, without the paths of this machine: the program by its name,
    /// files of the checkout relative to `root`, temporary ones below `TMP`.
    pub(crate) fn shown(&self, root: &Path, scratch: &Path) -> String {
        let brief = |text: &OsStr| {
            text.to_string_lossy()
                .replace(&*scratch.to_string_lossy(), "TMP")
                .replace(&format!("{}/", root.to_string_lossy()), "")
        };
        let name = self.program.file_name().unwrap_or_default();
        let env = self
            .env
            .iter()
            .map(|(name, value)| format!("{name}={}", brief(value.as_os_str())));
        let args = self.args.iter().map(|arg| brief(arg));
        env.chain([name.to_string_lossy().into_owned()])
            .chain(args)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_shown_without_the_paths_of_this_machine() {
        let invocation = Invocation::new(Path::new("/checkout/target/release/gary"))
            .args(["run", "/checkout/workloads/a.wasm"])
            .env("GARY_CACHE_DIR", PathBuf::from("/tmp/x7/cache"));
        assert_eq!(
            invocation.shown(Path::new("/checkout"), Path::new("/tmp/x7")),
            "GARY_CACHE_DIR=TMP/cache gary run workloads/a.wasm"
        );
    }
}
