//! The schemas in docs/schemas are made from the types that programs are told things in.
//! `GARY_BLESS=1` rewrites them.

use std::fs;
use std::path::Path;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

use crate::cluster::{Planned, ShownNode};
use crate::event::Event;
use crate::inspect::Inspection;

fn is_checked_in<T: JsonSchema>(name: &str) {
    // What is written is described, which may leave out what a reader would have to expect.
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<T>();
    let schema = serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs/schemas")
        .join(name);
    if std::env::var_os("GARY_BLESS").is_some() {
        fs::write(&path, &schema).expect("the checkout is writable");
    }
    let checked_in = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        checked_in, schema,
        "{name} is stale: GARY_BLESS=1 rewrites it"
    );
}

#[test]
fn the_schema_of_events_is_checked_in() {
    is_checked_in::<Event>("run-events.schema.json");
}

#[test]
fn the_schema_of_inspections_is_checked_in() {
    is_checked_in::<Inspection>("inspect.schema.json");
}

#[test]
fn the_schema_of_plans_is_checked_in() {
    is_checked_in::<Planned>("plan.schema.json");
}

#[test]
fn the_schema_of_the_nodes_of_this_machine_is_checked_in() {
    is_checked_in::<Vec<ShownNode>>("dev.schema.json");
}
