//! `gary ps` and `gary nodes`: what a cluster runs, and on what.

use gary_node::api::{HostingShown, NodeShown, WorkloadShown};
use serde::Serialize;

use super::{asked, context, waiting};
use crate::cli::ListArgs;
use crate::console;
use crate::problem::{self, Code, Problem};

pub(crate) fn workloads(typed: &ListArgs) -> u8 {
    let listed = waiting(async {
        let client = context::client().await?;
        client.workloads().await.map_err(asked)
    });
    problem::code_of(listed.and_then(|its| match typed.json {
        true => json(&its),
        false => console::out(&table_of_workloads(&its)),
    }))
}

pub(crate) fn nodes(typed: &ListArgs) -> u8 {
    let listed = waiting(async {
        let client = context::client().await?;
        client.nodes().await.map_err(asked)
    });
    problem::code_of(listed.and_then(|its| match typed.json {
        true => json(&its),
        false => console::out(&table_of_nodes(&its)),
    }))
}

pub(super) fn json<T: Serialize>(listed: &T) -> Result<(), Problem> {
    let text = serde_json::to_string_pretty(listed);
    let text = text.map_err(|error| Problem::new(Code::Failure, error.to_string()))?;
    console::out(&format!("{text}\n"))
}

fn table_of_workloads(workloads: &[WorkloadShown]) -> String {
    let mut table = Table::new(["NAME", "GEN", "REPLICAS", "SLOT", "NODE", "STATE"]);
    for workload in workloads {
        let is_current = |its: &&HostingShown| {
            its.runs && its.state == "kept" && its.generation == workload.generation
        };
        let running = workload.hostings.iter().filter(is_current).count();
        let head = [
            workload.name.clone(),
            workload.generation.to_string(),
            format!("{running}/{}", workload.replicas),
        ];
        let mut hostings: Vec<[String; 3]> = workload
            .hostings
            .iter()
            .map(|its| [its.slot.to_string(), its.node.clone(), state(its, workload)])
            .collect();
        hostings.sort_by_key(|[slot, node, _]| (slot.len(), slot.clone(), node.clone()));
        if hostings.is_empty() {
            hostings.push(["-", "-", "-"].map(str::to_owned));
        }
        for (index, [slot, node, state]) in hostings.into_iter().enumerate() {
            let [name, generation, replicas] = match index {
                0 => head.clone(),
                _ => Default::default(),
            };
            table.row([name, generation, replicas, slot, node, state]);
        }
    }
    table.text()
}

/// What a keeper makes of a hosting, and whether it runs.
fn state(hosting: &HostingShown, workload: &WorkloadShown) -> String {
    let state = match hosting.runs {
        false if hosting.state == "kept" => "starting",
        _ => &hosting.state,
    };
    match hosting.generation == workload.generation {
        true => state.to_owned(),
        false => format!("{state} (gen {})", hosting.generation),
    }
}

fn table_of_nodes(nodes: &[NodeShown]) -> String {
    let mut table = Table::new(["NAME", "CPU", "MEMORY", "ADDRESS", ""]);
    for node in nodes {
        table.row([
            node.name.clone(),
            format!("{:.2}", node.cpu_cores),
            size(node.memory_bytes),
            node.address.clone(),
            if node.is_this { "asked" } else { "" }.to_owned(),
        ]);
    }
    table.text()
}

fn size(bytes: u64) -> String {
    match bytes {
        0 => "-".to_owned(),
        bytes if bytes < 10 << 30 => format!("{} MiB", bytes >> 20),
        bytes => format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30)),
    }
}

/// Columns that are as wide as what is in them.
pub(super) struct Table<const COLUMNS: usize>(Vec<[String; COLUMNS]>);

impl<const COLUMNS: usize> Table<COLUMNS> {
    pub(super) fn new(head: [&str; COLUMNS]) -> Self {
        Self(vec![head.map(str::to_owned)])
    }

    pub(super) fn row(&mut self, row: [String; COLUMNS]) {
        self.0.push(row);
    }

    pub(super) fn text(&self) -> String {
        let width = |column: usize| {
            let widths = self.0.iter().map(|row| row[column].chars().count());
            widths.max().unwrap_or(0)
        };
        let mut text = String::new();
        for row in &self.0 {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let width = width(column);
                line.push_str(&format!("{cell:width$}  "));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them_and_no_line_ends_in_blanks() {
        let mut table = Table::new(["NAME", "N", ""]);
        table.row(["a-long-name", "1", "x"].map(str::to_owned));
        table.row(["b", "10", ""].map(str::to_owned));
        assert_eq!(
            table.text(),
            "NAME         N\na-long-name  1   x\nb            10\n"
        );
    }
}
