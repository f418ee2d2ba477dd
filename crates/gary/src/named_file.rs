//! Files that somebody names: reading one within its limit, and why one cannot be read.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::problem::{Code, Problem};

/// All that is in the file; `None` where that is more than `bytes_max`. It is what comes that is
/// counted, since a device or a pipe has no length to go by, and may have no end either.
pub(crate) fn read(file: &mut File, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    let length = file.metadata()?.len();
    if length > bytes_max {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    file.take(bytes_max + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= bytes_max).then_some(bytes))
}

/// The text of a file.
pub(crate) fn read_text(path: &Path, bytes_max: usize) -> Result<String, Problem> {
    let bad = || Problem::new(Code::BadInput, format!("cannot read {}", path.display()));
    let bytes = File::open(path)
        .and_then(|mut file| read(&mut file, bytes_max as u64))
        .map_err(|error| unreadable(path, &error))?
        .ok_or_else(|| {
            bad().why(format!(
                "it has more than the {bytes_max} bytes that are read"
            ))
        })?;
    String::from_utf8(bytes).map_err(|error| {
        bad().why(format!(
            "it is not text: byte {} is not UTF-8",
            error.utf8_error().valid_up_to()
        ))
    })
}

/// Why a file that somebody named cannot be read.
pub(crate) fn unreadable(path: &Path, error: &io::Error) -> Problem {
    let (code, why) = match error.kind() {
        ErrorKind::NotFound => (Code::NotFound, "there is no such file".into()),
        ErrorKind::PermissionDenied => (Code::BadInput, "permission denied".into()),
        _ => (Code::BadInput, error.to_string()),
    };
    let problem = Problem::new(code, format!("cannot read {}", path.display()));
    if error.kind() == ErrorKind::NotFound
        && let Ok(leads_to) = fs::read_link(path)
    {
        return problem
            .why(format!(
                "it is a link to {}, which is not there",
                leads_to.display()
            ))
            .hint("make what it leads to, or correct the link");
    }
    let problem = problem.why(why);
    match (error.kind(), neighbour(path)) {
        (ErrorKind::NotFound, Some(near)) => problem.hint(near.display().to_string()),
        (ErrorKind::NotFound, None) => {
            problem.hint("check the path; it is relative to where you are")
        }
        (ErrorKind::PermissionDenied, _) => problem.hint(format!("chmod u+r {}", path.display())),
        _ => problem,
    }
}

/// A component beside `path` whose name differs by its extension or by `-` and `_` only.
fn neighbour(path: &Path) -> Option<PathBuf> {
    let plain = |path: &Path| {
        let stem = path.file_stem()?.to_string_lossy().into_owned();
        Some(stem.replace('-', "_").to_lowercase())
    };
    let wanted = plain(path)?;
    let dir = path.parent().filter(|dir| *dir != Path::new(""));
    let mut near: Vec<PathBuf> = fs::read_dir(dir.unwrap_or(Path::new(".")))
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .filter(|near| {
            near.extension()
                .is_some_and(|extension| extension == "wasm")
        })
        .filter(|near| plain(near).as_ref() == Some(&wanted))
        .collect();
    near.sort();
    near.into_iter().next()
}
