//! Serves a component that answers HTTP requests.

mod body;
mod connection;
mod exchange;
mod instances;
mod probe;
mod quiet;
mod server;
mod service;
mod site;

pub use probe::ProbeError;
pub use server::{CONNECTIONS_MAX, Drained, Handler, Server};
pub use service::{Asked, BODY_BYTES_MAX, Observer, Request};
pub use site::{
    Directory, Front, Passed, PassedBody, Site, UNANSWERED, Unanswered, listen, passed,
};
