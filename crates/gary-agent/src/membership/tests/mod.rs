//! Members as they see each other.

mod bad_input;
mod comings;
mod doubles;
mod hinting;
mod village;
