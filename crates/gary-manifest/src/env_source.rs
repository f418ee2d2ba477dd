//! Where a guest's environment comes from.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::EnvVar;

/// A source of environment variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvSource {
    /// A file for the caller to read with [`parse_env_file`](crate::parse_env_file).
    File(PathBuf),
    /// A variable as written.
    Var(EnvVar),
}

/// Files, then variables, which win over them.
pub(crate) fn list(files: Vec<PathBuf>, vars: Vec<EnvVar>) -> impl Iterator<Item = EnvSource> {
    let files = files.into_iter().map(EnvSource::File);
    files.chain(vars.into_iter().map(EnvSource::Var))
}

/// All variables, a later source winning over an earlier one; the first unreadable file ends it.
pub(crate) fn read<E>(
    sources: &[EnvSource],
    mut read_file: impl FnMut(&Path) -> Result<Vec<EnvVar>, E>,
) -> Result<BTreeMap<String, String>, E> {
    let mut vars = Vec::new();
    for source in sources {
        match source {
            EnvSource::File(path) => vars.extend(read_file(path)?),
            EnvSource::Var(var) => vars.push(var.clone()),
        }
    }
    let pair = |var: &EnvVar| (var.name().to_owned(), var.value().to_owned());
    Ok(vars.iter().map(pair).collect())
}
