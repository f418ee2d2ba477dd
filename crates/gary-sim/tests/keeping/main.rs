//! How a keeper goes about its work.

mod asking;
mod leaving;
mod scene;
mod updating;
