//! Which formats of the state there are.

use redb::{ReadableDatabase, TableDefinition, WriteTransaction};

/// Brings a store from one format to the next. It must not commit.
pub(crate) type Step = fn(&WriteTransaction) -> Result<(), redb::Error>;

/// How a store of each earlier format becomes one of the next, the first format's first. There is one
/// for each format that has ever been released, so that any of them can be brought up to date.
pub(crate) const STEPS: &[Step] = &[];

/// What the store knows of itself. The name is not one that a caller's table can have.
const META: TableDefinition<'_, &str, u64> = TableDefinition::new("store/meta");

const FORMAT: &str = "format";

/// Why a store cannot be brought to the present format.
#[derive(Debug)]
pub(crate) enum FormatError {
    /// It was written by a later release.
    Newer(u64),
    /// It was not written by any.
    Foreign,
    /// A step failed.
    Step(u64, redb::Error),
    /// It cannot be read.
    Read(redb::Error),
}

/// The format that comes of all steps.
pub(crate) fn latest(steps: &[Step]) -> u64 {
    steps.len() as u64 + 1
}

/// Marks a new store as one of the present format.
pub(crate) fn mark(transaction: &WriteTransaction, format: u64) -> Result<(), redb::Error> {
    let mut meta = transaction.open_table(META)?;
    meta.insert(FORMAT, format)?;
    Ok(())
}

/// Brings a store up to date, in one transaction: after a crash it has one format or the other.
pub(crate) fn update(database: &redb::Database, steps: &[Step]) -> Result<(), FormatError> {
    let found = read(database).map_err(FormatError::Read)?;
    let found = found
        .filter(|found| *found > 0)
        .ok_or(FormatError::Foreign)?;
    let latest = latest(steps);
    if found > latest {
        return Err(FormatError::Newer(found));
    }
    if found == latest {
        return Ok(());
    }
    let migrate = || {
        let transaction = database.begin_write()?;
        // At most as many as there are steps, by the comparison above.
        for step in &steps[found as usize - 1..] {
            step(&transaction)?;
        }
        mark(&transaction, latest)?;
        Ok(transaction.commit()?)
    };
    migrate().map_err(|error| FormatError::Step(found, error))
}

/// The format that a store says it has, if it is one.
fn read(database: &redb::Database) -> Result<Option<u64>, redb::Error> {
    let transaction = database.begin_read()?;
    match transaction.open_table(META) {
        Ok(meta) => Ok(meta.get(FORMAT)?.map(|format| format.value())),
        Err(redb::TableError::Storage(error)) => Err(error.into()),
        Err(_) => Ok(None),
    }
}
