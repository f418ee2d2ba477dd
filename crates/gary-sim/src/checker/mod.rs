//! One checker for each property, and the book that all of them keep of what was seen.
//!
//! A checker sees frames, facts on disk, orders to hosts, and what was done to the world. It never looks into
//! an agent: whatever holds an agent in its hands could hold it to anything.
//!
//! Properties without a checker, and what each waits for:
//!
//! - 8, conditions: no agent makes a conditional promise before interfaces are bound across nodes.
//! - 9, private assessment: two observers of one promise come with custody.
//! - 11, broken has a cause: an agent does not tell its assessments before `gary why` asks for them.
//! - 19, downstream choice: users come with ingress.
//! - 21 and 22 come with custody.

mod all;
mod book;
mod cause;
mod check;
mod entry;
mod first_hand;
mod hearings;
mod keeps;

mod both_halves;
mod broken_has_a_cause;
mod capacity_is_promised;
mod conditions_quench;
mod convergence;
mod crowding;
mod downstream_choice;
mod free_refusal;
mod no_hidden_desired_state;
mod no_promising_for_others;
mod no_remote_command;
mod no_special_node;
mod overlap;
mod partition_freedom;
mod private_assessment;
mod scope_holds;
mod self_repair;
mod three_values;
mod trust_is_local;
mod valency;
mod withdrawal;

pub(crate) use all::all_checkers;
pub use book::Book;
pub use check::{Checker, Verdict};
pub use entry::{AcceptanceSeen, AgentSeen, OfferSeen, RunSeen, WorkloadSeen};
