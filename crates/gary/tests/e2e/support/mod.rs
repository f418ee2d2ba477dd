//! What the tests stand on: Gary's binary, the guests it runs, and a client to ask them.

mod cut;
mod gary;
mod guests;
mod http;
mod outcome;
mod process;
mod schema;

pub(crate) use cut::{Cuts, Proxy};
pub(crate) use gary::{Gary, Invocation};
pub(crate) use guests::{Guest, built_by_npm, built_by_pip, from_wat};
pub(crate) use http::{Answer, Client, Request, body, get, post, runtime, streamed};
pub(crate) use outcome::Outcome;
pub(crate) use process::{Process, WAIT_MAX};
pub(crate) use schema::{check as check_schema, check_listing};

use std::path::PathBuf;

/// The root of the checkout that is tested.
pub(crate) fn checkout() -> PathBuf {
    // Cargo sets the variable for what it runs. The compiled-in value is second, because a target
    // directory shared by two checkouts would make it name the wrong one.
    let own = std::env::var_os("CARGO_MANIFEST_DIR");
    let mut root = own.map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    root.pop();
    root.pop();
    root
}

/// Says that a test was not run, where somebody reads it.
pub(crate) fn skip(test: &str, why: &str) {
    eprintln!("SKIPPED {test}: {why}");
}
