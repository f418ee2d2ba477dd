//! Who belongs to a cluster, by whose word.
//!
//! A cluster is its root key: its id is the public half. Whoever holds the other half signs invitations, and the first
//! admission. Whoever was admitted admits those who come with an invitation that has not expired. So an [`Admission`] goes
//! back to the root in a few steps, and anybody can check it who knows the id of the cluster; it outlives the invitation.
//!
//! Wall time is looked at once, by who admits. What ends an admission is a list of [`Revocations`], by the root again.

mod admission;
mod credentials;
mod invitation;
mod revocations;
mod root_key;
mod signing;
mod token;

pub use admission::{ADMISSION_STEPS_MAX, Admission, AdmissionError, Chain, Role};
pub use credentials::CREDENTIALS_BYTES_MAX;
pub(crate) use credentials::Credentials;
pub use invitation::{Invitation, InvitationError, Invited};
pub use revocations::{
    CONFIRMED_MAX, REVOCATIONS_BYTES_MAX, REVOKED_MAX, Revocations, RevokeError,
};
pub use root_key::{RootKey, RootKeyError};
pub use token::{TOKEN_ADDRESSES_MAX, Token, TokenError};
