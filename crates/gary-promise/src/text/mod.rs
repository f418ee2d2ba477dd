//! Names and labels: text of a known form and length.

mod architecture;
mod bounded_text;
mod interface;
mod kind;
mod label;
mod labels;
mod note;
mod route;
mod workload_name;

pub use architecture::Architecture;
pub use bounded_text::TextError;
pub use interface::{INTERFACE_BYTES_MAX, INTERFACES_MAX, Interface, InterfaceError, Interfaces};
pub use kind::Kind;
pub use label::{LabelKey, LabelValue};
pub use labels::{LABELS_MAX, Labels, LabelsError};
pub use note::Note;
pub use route::{ROUTES_MAX, Route, Routes};
pub use workload_name::WorkloadName;
