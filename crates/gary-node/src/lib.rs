//! One node: joins the agent to a clock, a disk, a network and a host.

#![allow(dead_code)]
mod facts;
