//! How a keeper goes about its work.

mod asking;
mod scene;
mod updating;
