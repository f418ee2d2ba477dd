//! Where this checkout is, for the code that is shared with xtask.

pub(crate) use crate::support::checkout as root;
