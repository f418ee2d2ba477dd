//! Versions and lints stand once, in the workspace.

use toml::{Table, Value};

use super::{Files, Finding, Place};

const DEPENDENCIES: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

pub(super) fn check(files: &Files) -> Vec<Finding> {
    let manifests = files.iter().filter(|(path, _)| {
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
        name == "Cargo.toml" && !dir.is_empty()
    });
    manifests
        .flat_map(|(path, text)| check_manifest(path, text))
        .collect()
}

fn check_manifest(path: &str, text: &str) -> Vec<Finding> {
    let finding = |rule, what| Finding {
        place: Place::File(path.to_owned()),
        rule,
        what,
    };
    let manifest: Table = match toml::from_str(text) {
        Ok(manifest) => manifest,
        Err(error) => return vec![finding("manifest", error.message().to_owned())],
    };
    // The root of another workspace has no other place for them.
    if manifest.contains_key("workspace") {
        return Vec::new();
    }

    let mut findings = Vec::new();
    for (name, value) in dependencies(&manifest) {
        if !is_inherited(value) {
            findings.push(finding(
                "workspace-dependency",
                format!("{name} has a version or path of its own; write it in [workspace.dependencies] and `{name}.workspace = true` here"),
            ));
        }
    }
    if !manifest.get("lints").is_some_and(is_inherited) {
        findings.push(finding(
            "workspace-lints",
            "has no `[lints] workspace = true`".to_owned(),
        ));
    }
    findings
}

/// The dependencies of every kind and of every `[target]`.
fn dependencies(manifest: &Table) -> impl Iterator<Item = (&String, &Value)> {
    let targets = manifest.get("target").and_then(Value::as_table);
    let per_target = targets
        .into_iter()
        .flat_map(Table::values)
        .filter_map(Value::as_table);
    std::iter::once(manifest)
        .chain(per_target)
        .flat_map(|table| DEPENDENCIES.iter().filter_map(|kind| table.get(*kind)))
        .filter_map(Value::as_table)
        .flatten()
}

/// Whether the value is a table with `workspace = true`.
fn is_inherited(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINTS: &str = "[lints]\nworkspace = true\n";

    fn rules(path: &str, text: &str) -> Vec<&'static str> {
        let files = Files::from([(path.to_owned(), text.to_owned())]);
        check(&files).iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn what_is_inherited_passes() {
        let text = format!(
            "[dependencies]\na.workspace = true\nb = {{ workspace = true, features = [\"x\"] }}\n{LINTS}"
        );
        assert_eq!(rules("crates/x/Cargo.toml", &text), [""; 0]);
    }

    #[test]
    fn a_version_of_its_own_is_found_wherever_it_stands() {
        for dependencies in [
            "[dependencies]\na = \"1\"",
            "[dev-dependencies]\na = { path = \"../a\" }",
            "[build-dependencies]\na.version = \"1\"",
            "[target.'cfg(unix)'.dependencies]\na = \"1\"",
        ] {
            let text = format!("{dependencies}\n{LINTS}");
            assert_eq!(
                rules("crates/x/Cargo.toml", &text),
                ["workspace-dependency"],
                "{dependencies}"
            );
        }
    }

    #[test]
    fn missing_lints_are_found() {
        assert_eq!(rules("crates/x/Cargo.toml", ""), ["workspace-lints"]);
        let off = "[lints]\nworkspace = false";
        assert_eq!(rules("crates/x/Cargo.toml", off), ["workspace-lints"]);
    }

    #[test]
    fn the_root_of_a_workspace_is_where_versions_stand() {
        let text = "[workspace]\n[workspace.dependencies]\na = \"1\"";
        assert_eq!(rules("Cargo.toml", text), [""; 0]);
        assert_eq!(rules("workloads/Cargo.toml", text), [""; 0]);
    }

    #[test]
    fn what_is_no_toml_is_found() {
        assert_eq!(rules("crates/x/Cargo.toml", "["), ["manifest"]);
    }
}
