//! Why a statement is not believed.

use std::error::Error;

use crate::{AgentId, STATEMENT_BYTES_MAX};

/// A statement was refused. Nothing was learned from it.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError<E: Error + 'static> {
    /// It is longer than any agent would have signed.
    #[error("the statement has {bytes} bytes, more than {STATEMENT_BYTES_MAX}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Who is said to have signed it has no key, so it is nobody.
    #[error("{by} is no key of an agent")]
    NoAgent {
        /// Who is said to have signed it.
        by: AgentId,
    },
    /// It was signed by somebody else, for another cluster, as something else, or it was changed.
    #[error("it was not signed by {by}")]
    Signature {
        /// Who is said to have signed it.
        by: AgentId,
    },
    /// It is signed, and cannot be understood.
    #[error("what {by} signed cannot be unpacked")]
    Unpack {
        /// Who signed it.
        by: AgentId,
        /// What is wrong with it.
        #[source]
        source: E,
    },
}
