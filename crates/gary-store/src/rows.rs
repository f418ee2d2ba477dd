//! Reading a table.

use redb::{Range, ReadableDatabase, TableError};

use crate::{GetError, Table};

/// What a table held when it was asked for, in the order of keys. What is committed later is not in it.
pub struct Rows(Option<Range<'static, &'static [u8], &'static [u8]>>);

impl Rows {
    pub(crate) fn read(database: &redb::Database, table: Table) -> Result<Self, GetError> {
        let read = || {
            let transaction = database.begin_read()?;
            match transaction.open_table(table.definition()) {
                Ok(table) => Ok(Some(table.range::<&[u8]>(..)?)),
                Err(TableError::TableDoesNotExist(_)) => Ok(None),
                Err(error) => Err(redb::Error::from(error)),
            }
        };
        read().map(Self).map_err(GetError)
    }
}

impl Iterator for Rows {
    type Item = Result<(Vec<u8>, Vec<u8>), GetError>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.0.as_mut()?.next()?;
        let row = row.map(|(key, value)| (key.value().to_vec(), value.value().to_vec()));
        Some(row.map_err(|error| GetError(error.into())))
    }
}

pub(crate) fn get(
    database: &redb::Database,
    table: Table,
    key: &[u8],
) -> Result<Option<Vec<u8>>, GetError> {
    let read = || {
        let transaction = database.begin_read()?;
        match transaction.open_table(table.definition()) {
            Ok(table) => Ok(table.get(key)?.map(|value| value.value().to_vec())),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(redb::Error::from(error)),
        }
    };
    read().map_err(GetError)
}
