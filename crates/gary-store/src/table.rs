//! The tables of a store.

use redb::TableDefinition;

/// Where an agent's own secret key is kept, if the shell puts it there. Nothing does so by itself.
pub const IDENTITY: Table = Table::new("identity");

/// A table, which is there as soon as something is put into it. Keys are in the order of their bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Table(&'static str);

/// How redb knows a table.
pub(crate) type Definition = TableDefinition<'static, &'static [u8], &'static [u8]>;

impl Table {
    /// The table of this name.
    ///
    /// # Panics
    /// When the name has a slash in it: such names are the store's own. In a constant it is the
    /// compiler that says so.
    pub const fn new(name: &'static str) -> Self {
        let mut index = 0;
        while index < name.len() {
            assert!(
                name.as_bytes()[index] != b'/',
                "names with a slash are the store's own"
            );
            index += 1;
        }
        Self(name)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        self.0
    }

    pub(crate) const fn definition(self) -> Definition {
        TableDefinition::new(self.0)
    }
}
