//! One checker for each property, and the book that all of them keep of what was seen.
//!
//! A checker sees frames, facts on disk, orders to hosts, and what was done to the world. It never looks into
//! an agent: whatever holds an agent in its hands could hold it to anything.
//!
//! What agents judge shows, since they write it down when it changes. By what they judge does not: that, `Hearings`
//! find out from what each has heard. What the membership tells an agent is its own view, and is taken as it is.

mod acquaintance;
mod all;
mod book;
mod cause;
mod check;
mod chosen_runs;
mod crowding;
mod draining;
mod entry;
mod eras;
mod experiences;
mod first_hand;
mod granting;
mod hearings;
mod keeps;
mod mending;
mod notes;
mod nothing_is_lost;
mod pace;
mod quiet;
mod registers;
mod room;
mod rounds;
mod silences;
mod undecided;

mod at_most_one;
mod both_halves;
mod broken_has_a_cause;
mod capacity_is_promised;
mod conditions_quench;
mod convergence;
mod downstream_choice;
mod free_refusal;
mod no_hidden_desired_state;
mod no_promising_for_others;
mod no_remote_command;
mod no_special_node;
mod once;
mod overlap;
mod partition_freedom;
mod pending;
mod private_assessment;
mod scope_holds;
mod self_repair;
mod three_values;
mod trust_is_local;
mod valency;
mod votes_are_remembered;
mod withdrawal;

pub(crate) use all::all_checkers;
pub use book::Book;
pub use check::{Checker, Verdict};
pub use entry::{AcceptanceSeen, AgentSeen, DrainSeen, OfferSeen, RunSeen, WorkloadSeen};
