//! A node's socket: where people of its machine ask it, and nobody else can.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

use crate::node::StartError;

/// What is in a node's state directory for whoever looks for its socket: that, or a link to where it is.
pub const SOCKET: &str = "node.sock";

/// The longest path that a socket can have, in bytes: the system takes no longer one. A node with a longer one is not
/// started.
pub const SOCKET_PATH_BYTES_MAX: usize = 107;

/// Where a node's socket is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketPlace {
    /// At this path.
    At(PathBuf),
    /// In this directory of its user's, by the node's name. It is made if need be.
    Under(PathBuf),
}

/// The socket of a node that runs. It is gone once the node is.
#[derive(Debug)]
pub(crate) struct Socket {
    path: PathBuf,
    link: PathBuf,
    /// Held for as long as somebody listens there, so that another node of the same name leaves it alone.
    _lock: File,
}

impl SocketPlace {
    fn path(&self, state: &Path, name: &str) -> PathBuf {
        match self {
            Self::At(path) => path.clone(),
            // What people call a node may be no name of a file.
            Self::Under(_) if name.contains('/') => state.join(SOCKET),
            Self::Under(dir) => dir.join(format!("{name}.sock")),
        }
    }
}

/// Whether a socket can be at this path.
///
/// # Errors
/// When it is too long.
pub fn check_socket_path(path: &Path) -> Result<(), StartError> {
    let bytes = path.as_os_str().as_bytes().len();
    match bytes <= SOCKET_PATH_BYTES_MAX {
        true => Ok(()),
        false => Err(StartError::SocketTooLong {
            path: path.to_owned(),
            bytes,
        }),
    }
}

impl Socket {
    /// Listens for people of this machine, on behalf of the node of this name in a state directory.
    pub(crate) fn listen(
        place: &SocketPlace,
        state: &Path,
        name: &str,
    ) -> Result<(Self, UnixListener), StartError> {
        let path = place.path(state, name);
        // The link leads there from another directory.
        let path = std::path::absolute(&path).unwrap_or(path);
        check_socket_path(&path)?;
        let failed = |source| StartError::Socket {
            path: path.clone(),
            source,
        };
        if let SocketPlace::Under(dir) = place {
            let mut made = DirBuilder::new();
            made.recursive(true)
                .mode(0o700)
                .create(dir)
                .map_err(failed)?;
        }
        let link = state.join(SOCKET);
        if let Some(taken) = [&path, &link].into_iter().find(|its| is_of_others(its)) {
            return Err(StartError::NoSocket(taken.clone()));
        }
        let lock = lock(&path).map_err(failed)?;
        let lock = lock.ok_or_else(|| StartError::SocketInUse(path.clone()))?;
        // The link comes first: where it is in the socket's own place, the socket takes that.
        remove(&link)
            .and_then(|()| symlink(&path, &link))
            .map_err(failed)?;
        // Nobody listens at what is left of an earlier start.
        let listener = remove(&path)
            .and_then(|()| UnixListener::bind(&path))
            .map_err(failed)?;
        let only_they = Permissions::from_mode(0o600);
        fs::set_permissions(&path, only_they).map_err(failed)?;
        let socket = Self {
            path,
            link,
            _lock: lock,
        };
        Ok((socket, listener))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Whoever finds them asks in vain, and is told so.
        let _ = remove(&self.path);
        let _ = remove(&self.link);
    }
}

/// Where the socket is that one is looked for at: there, or where a link leads.
pub(crate) fn resolved(socket: &Path) -> PathBuf {
    // The system would follow the link, and refuse one whose own path is too long.
    fs::read_link(socket).unwrap_or_else(|_| socket.to_owned())
}

/// Takes the lock beside a socket; nothing where somebody else has it. What is left of it means nothing.
fn lock(path: &Path) -> io::Result<Option<File>> {
    let mut beside = path.to_owned().into_os_string();
    beside.push(".lock");
    let mut options = OpenOptions::new();
    let file = options
        .create(true)
        .write(true)
        .truncate(false)
        .mode(0o600)
        .open(beside)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether something is at a path that no node has left there: it is neither a socket nor a link.
fn is_of_others(file: &Path) -> bool {
    fs::symlink_metadata(file).is_ok_and(|meta| {
        let kind = meta.file_type();
        !kind.is_socket() && !kind.is_symlink()
    })
}

/// Removes a socket or a link, if one is there.
fn remove(file: &Path) -> io::Result<()> {
    if is_of_others(file) {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    fn place() -> (tempfile::TempDir, PathBuf, SocketPlace) {
        let dir = tempfile::tempdir().expect("there is a place for it");
        let state = dir.path().join("state");
        fs::create_dir(&state).expect("it is new");
        let under = SocketPlace::Under(dir.path().join("run/gary"));
        (dir, state, under)
    }

    #[tokio::test]
    async fn is_where_it_is_said_and_found_by_way_of_the_state_directory() {
        let (dir, state, under) = place();
        let there = dir.path().join("run/gary/n1.sock");
        let (socket, _listener) = Socket::listen(&under, &state, "n1").expect("it is free");
        assert_eq!(socket.path(), there);
        assert_eq!(resolved(&state.join(SOCKET)), there);
        UnixStream::connect(state.join(SOCKET)).expect("somebody listens");
        let mode = |path: &Path| {
            let meta = fs::metadata(path).expect("it is there");
            meta.permissions().mode() & 0o777
        };
        assert_eq!(mode(&there), 0o600);
        assert_eq!(mode(&dir.path().join("run/gary")), 0o700);
        // Another one of that name is told, and takes nothing away from the first.
        let other = dir.path().join("other");
        fs::create_dir(&other).expect("it is new");
        let refused = Socket::listen(&under, &other, "n1").expect_err("it is in use");
        assert!(matches!(refused, StartError::SocketInUse(at) if at == there));
        UnixStream::connect(&there).expect("somebody listens still");
        drop(socket);
        assert!(!there.exists());
        assert!(fs::symlink_metadata(state.join(SOCKET)).is_err());
    }

    #[tokio::test]
    async fn is_in_the_state_directory_if_that_is_said_or_the_name_is_none_of_a_file() {
        let (_dir, state, under) = place();
        let there = state.join(SOCKET);
        for (place, name) in [(SocketPlace::At(there.clone()), "n1"), (under, "a/b")] {
            // Something is left of an earlier start.
            drop(UnixListener::bind(&there).expect("nobody listens"));
            let (socket, _listener) = Socket::listen(&place, &state, name).expect("it is free");
            assert_eq!(socket.path(), there);
            assert_eq!(resolved(&there), there);
            UnixStream::connect(&there).expect("somebody listens");
        }
    }

    #[tokio::test]
    async fn a_file_that_is_no_socket_stays_where_it_is() {
        let (dir, state, _) = place();
        let notes = dir.path().join("notes.txt");
        fs::write(&notes, "mine").expect("it can be written");
        let refused = Socket::listen(&SocketPlace::At(notes.clone()), &state, "n1");
        let refused = refused.expect_err("it is somebody's");
        assert!(matches!(refused, StartError::NoSocket(at) if at == notes));
        // Nor is it removed where it came to the socket's place later.
        let there = dir.path().join("n1.sock");
        let (socket, _listener) =
            Socket::listen(&SocketPlace::At(there.clone()), &state, "n1").expect("it is free");
        fs::rename(&notes, &there).expect("it can be moved");
        drop(socket);
        assert_eq!(fs::read_to_string(&there).expect("it is there"), "mine");
        assert!(!state.join(SOCKET).exists());
    }

    #[test]
    fn a_path_that_the_system_does_not_take_is_refused() {
        let path = |bytes: usize| PathBuf::from(format!("/{}", "x".repeat(bytes - 1)));
        check_socket_path(&path(SOCKET_PATH_BYTES_MAX)).expect("it is short enough");
        let refused = check_socket_path(&path(SOCKET_PATH_BYTES_MAX + 1));
        let refused = refused.expect_err("it is too long").to_string();
        assert!(refused.contains("108 bytes"), "{refused}");
    }
}
