//! The binary, with a home of its own for each test.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};

use tempfile::TempDir;

use super::{Outcome, Process};

/// The key that vouches for what the tests compile. All tests share it and the cache, so that each
/// guest is compiled once; the tests of the cache itself have their own of both.
const SHARED_KEY: [u8; 32] = *b"the key that all the tests share";

/// Gary with its own state, configuration and working directory, which last for as long as this or
/// a process that was started from it.
pub(crate) struct Gary {
    home: Arc<TempDir>,
    cache: PathBuf,
}

/// One call of the binary, not yet started.
pub(crate) struct Invocation {
    home: Arc<TempDir>,
    command: Command,
    stdin: Vec<u8>,
}

impl Gary {
    /// A new home, and the cache that all tests share.
    pub(crate) fn new() -> Self {
        let gary = Self::with_cache(shared_cache());
        fs::create_dir(gary.state()).expect("the home is new");
        fs::write(gary.state().join("cache.key"), SHARED_KEY).expect("the state is writable");
        gary
    }

    /// A new home with a cache and a key of its own, both still to be made.
    pub(crate) fn with_own_cache() -> Self {
        let mut gary = Self::with_cache(PathBuf::new());
        gary.cache = gary.home.path().join("cache");
        gary
    }

    fn with_cache(cache: PathBuf) -> Self {
        let home = TempDir::new().expect("a temporary directory can be made");
        for dir in ["work", "run"] {
            fs::create_dir(home.path().join(dir)).expect("the home is new");
        }
        Self {
            home: Arc::new(home),
            cache,
        }
    }

    /// The directory that the binary is started in.
    pub(crate) fn work(&self) -> PathBuf {
        self.home.path().join("work")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.home.path().join("state")
    }

    /// Where nodes of this home have their sockets.
    pub(crate) fn runtime(&self) -> PathBuf {
        self.home.path().join("run")
    }

    pub(crate) fn cache(&self) -> &Path {
        &self.cache
    }

    /// The files of compiled code in the cache.
    pub(crate) fn cache_entries(&self) -> Vec<PathBuf> {
        let Ok(dir) = fs::read_dir(self.cache.join("compiled")) else {
            return Vec::new();
        };
        dir.map(|entry| entry.expect("the cache is readable").path())
            .collect()
    }

    /// Writes a file below the working directory and returns its path.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.work().join(name);
        let dir = path.parent().expect("it is below the working directory");
        fs::create_dir_all(dir).expect("the working directory is writable");
        fs::write(&path, content).expect("the working directory is writable");
        path
    }

    /// A call with these arguments.
    pub(crate) fn call<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Invocation {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gary"));
        command.args(args);
        self.invocation(command)
    }

    /// `gary run WHAT`.
    pub(crate) fn run(&self, what: impl AsRef<OsStr>) -> Invocation {
        self.call([OsStr::new("run"), what.as_ref()])
    }

    /// `gary run WHAT` at a free port.
    pub(crate) fn serve(&self, what: impl AsRef<OsStr>) -> Invocation {
        self.run(what).args(["--addr", "127.0.0.1:0"])
    }

    /// A script for `sh`, in which `$GARY` is the binary.
    pub(crate) fn shell(&self, script: &str) -> Invocation {
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(script)
            .env("GARY", env!("CARGO_BIN_EXE_gary"));
        self.invocation(command)
    }

    fn invocation(&self, mut command: Command) -> Invocation {
        command
            .current_dir(self.work())
            .env("GARY_STATE_DIR", self.state())
            .env("GARY_CONFIG_DIR", self.home.path().join("config"))
            .env("GARY_CACHE_DIR", &self.cache)
            .env("XDG_RUNTIME_DIR", self.runtime())
            // What the test runner's cargo or terminal happens to set is nothing to test by.
            .env_remove("CARGO_TARGET_DIR")
            .env_remove("CARGO_BUILD_TARGET_DIR")
            .env_remove("NO_COLOR");
        Invocation {
            home: self.home.clone(),
            command,
            stdin: Vec::new(),
        }
    }
}

impl Invocation {
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    /// Arguments of the guest.
    pub(crate) fn guest_args<S: AsRef<OsStr>>(self, args: impl IntoIterator<Item = S>) -> Self {
        self.arg("--").args(args)
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Starts it and gives it its input.
    pub(crate) fn start(self) -> Process {
        Process::start(self.command, self.stdin, self.home)
    }

    /// Starts it with a stdout of the test's own.
    pub(crate) fn start_with_stdout(mut self, stdout: impl Into<Stdio>) -> Process {
        self.command.stdout(stdout);
        Process::start_with_own_stdout(self.command, self.stdin, self.home)
    }

    /// Starts it with the write end of a pipe that nobody reads any more as its stdout.
    pub(crate) fn start_with_closed_stdout(self) -> Process {
        let (reader, writer) = std::io::pipe().expect("a pipe can be made");
        drop(reader);
        self.start_with_stdout(writer)
    }

    /// Runs it to its end.
    pub(crate) fn output(self) -> Outcome {
        self.start().wait()
    }
}

/// The cache that all tests share. It outlives them, and not the binary: what another build of the
/// same version compiled is not what this one would.
fn shared_cache() -> PathBuf {
    static CACHE: OnceLock<PathBuf> = OnceLock::new();
    let cache = CACHE.get_or_init(|| {
        let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("gary-cache");
        let binary = fs::metadata(env!("CARGO_BIN_EXE_gary")).expect("the binary was built");
        let build = format!("{:?} {}", binary.modified(), binary.len());
        let stamp = cache.join("build");
        if fs::read_to_string(&stamp).is_ok_and(|of| of == build) {
            return cache;
        }
        // There may be none yet.
        let _ = fs::remove_dir_all(&cache);
        fs::create_dir_all(&cache).expect("the target directory is ours");
        fs::write(stamp, build).expect("the target directory is ours");
        cache
    });
    cache.clone()
}
