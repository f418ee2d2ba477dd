//! `cargo xtask bench cluster`: what several nodes on this machine do together, by the binary that people are given.

mod asking;
mod command;
mod deadline;
mod death;
mod deploys;
mod dev;
mod disk;
mod go_between;
mod idle;
mod installation;
mod lone;
mod many;
mod traffic;
mod weights;
mod workloads;

pub(crate) use command::{Args, run};
