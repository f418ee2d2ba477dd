//! Whose word it is: signing, checking, and the types that only exist once either was done.

mod agent_key;
mod codec;
mod head;
mod own;
mod promiser;
mod reading;
mod signed;
mod statement;
mod verified;
mod verifier;
mod verify_error;

pub use agent_key::AgentKey;
pub use codec::{Codec, HeadCodec};
pub use head::{Head, HeadError};
pub use own::Own;
pub use promiser::{DeclareError, Promiser};
pub use reading::Reading;
pub use signed::{SIGNATURE_BYTES, Signed};
pub use statement::{STATEMENT_BYTES_MAX, Statement};
pub use verified::Verified;
pub use verifier::Verifier;
pub use verify_error::VerifyError;
