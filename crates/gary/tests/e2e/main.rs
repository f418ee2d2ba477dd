//! End-to-end tests: each drives the real binary, from its command line to its exit code.
//!
//! One binary holds them all, so that the guests are built once and one link is enough.

mod support;

mod address_space;
mod bodies;
mod build;
mod cache;
mod call;
mod clients;
mod cluster;
mod cluster_cut;
mod cluster_losses;
mod cluster_operating;
mod cluster_refusals;
mod cluster_stores;
mod cluster_traffic;
mod command;
mod completions;
mod config;
mod denied;
mod failing_guests;
mod files;
mod grants;
mod inspect;
mod isolation;
mod keyvalue;
mod languages;
mod limits;
mod manifest;
mod network;
mod new;
mod open_files;
mod output;
mod pipes;
mod precedence;
mod queue;
mod serving;
mod shutdown;
mod traps;
mod unread;
mod usage;
mod watch;
