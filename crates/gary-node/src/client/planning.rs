//! What a deploy would change.

use std::collections::{BTreeMap, BTreeSet};

use gary_promise::{Axis, ComponentDigest, Mode, Use};
use serde_json::Value;

use super::asking::Client;
use super::deploying::{DeployError, Deployment};

/// What a deploy would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Which generation it would be.
    pub generation: u64,
    /// What would be otherwise than it is; of something new, what it would be.
    pub changes: Vec<Change>,
}

/// Something that would be otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What.
    pub what: String,
    /// How it is, where it is at all.
    pub from: Option<String>,
    /// How it would be.
    pub to: String,
}

impl Client {
    /// What a deploy would change. Nothing is changed by that.
    ///
    /// # Errors
    /// When the node does not answer, or it is nothing that can be deployed.
    pub async fn plan(&self, deployment: Deployment) -> Result<Plan, DeployError> {
        let standing = self.standing(&deployment.name).await?;
        let digest = ComponentDigest::from_bytes(deployment.digest);
        let wanted = deployment.wanted(digest)?;
        wanted.check().map_err(super::deploying::nonsense)?;
        let to = words(&wanted);
        let changes = match &standing {
            None => {
                let changes = to.into_iter().map(|(what, to)| Change {
                    what,
                    from: None,
                    to,
                });
                changes.filter(|its| !its.to.is_empty()).collect()
            }
            Some(standing) => differences(words(standing.wanted()), to),
        };
        Ok(Plan {
            generation: standing.map_or(1, |its| its.generation() + 1),
            changes,
        })
    }
}

fn differences(from: BTreeMap<String, String>, to: BTreeMap<String, String>) -> Vec<Change> {
    let whats: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    let of = |words: &BTreeMap<String, String>, what: &String| {
        words.get(what).filter(|its| !its.is_empty()).cloned()
    };
    let changes = whats.into_iter().filter_map(|what| {
        let (from, to) = (of(&from, what), of(&to, what));
        (from != to).then(|| Change {
            what: what.clone(),
            from: Some(from.unwrap_or_else(|| "nothing".to_owned())),
            to: to.unwrap_or_else(|| "nothing".to_owned()),
        })
    });
    changes.collect()
}

/// What is wanted, in words.
fn words(wanted: &Use) -> BTreeMap<String, String> {
    let labels = wanted.needs.labels.iter();
    let labels = labels.map(|(key, value)| format!("{key}={value}"));
    let needed = wanted.needs.interfaces.iter().map(ToString::to_string);
    let routes = wanted.routes.iter().map(ToString::to_string);
    let spread = wanted.spread.axes().iter().map(|axis| match axis {
        Axis::Node => "node".to_owned(),
        Axis::Label(label) => label.to_string(),
    });
    let (surge, unavailable) = (wanted.pace.max_surge(), wanted.pace.max_unavailable());
    let words = [
        ("component", wanted.component.to_string()),
        ("replicas", wanted.valency.get().to_string()),
        (
            "stopped",
            if wanted.is_stopped { "yes" } else { "" }.to_owned(),
        ),
        ("promised", wanted.needs.portion.resources().to_string()),
        ("needs", packages(needed).join(", ")),
        ("hosts", Vec::from_iter(routes).join(", ")),
        ("labels", Vec::from_iter(labels).join(", ")),
        ("spread", Vec::from_iter(spread).join(", ")),
        ("mode", mode(wanted)),
        ("update", format!("{surge} over, {unavailable} under")),
    ];
    let words = words.map(|(what, value)| (what.to_owned(), value));
    // How it is run is said key by key. What cannot be read is not there to be compared.
    let spec: BTreeMap<String, Value> =
        serde_json::from_slice(wanted.spec.as_bytes()).unwrap_or_default();
    let spec = spec.into_iter().map(|(key, value)| {
        let said = match &value {
            Value::Null | Value::Bool(false) => String::new(),
            Value::Array(values) if values.is_empty() => String::new(),
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        (key, said)
    });
    words.into_iter().chain(spec).collect()
}

/// The packages that interfaces are of, each once for each of its versions: what people can take in.
pub fn packages<I: AsRef<str>>(interfaces: impl IntoIterator<Item = I>) -> Vec<String> {
    let packages = interfaces.into_iter().map(|interface| {
        let interface = interface.as_ref();
        let (name, version) = match interface.find('@') {
            Some(at) => interface.split_at(at),
            None => (interface, ""),
        };
        let package = name.split('/').next().unwrap_or(name);
        format!("{package}{version}")
    });
    let packages: BTreeSet<String> = packages.collect();
    packages.into_iter().collect()
}

/// Whether it runs on and on, in words.
fn mode(wanted: &Use) -> String {
    match &wanted.mode {
        Mode::Service if wanted.exclusive => "a service, on one node at most".to_owned(),
        Mode::Service => "a service".to_owned(),
        Mode::Job(retries) => format!("a job, {} retries", retries.get()),
        Mode::Schedule(schedule, retries) => {
            let period_ms = schedule.period_ms();
            format!("every {period_ms} ms, {} retries", retries.get())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_interfaces_people_are_told_the_packages() {
        let interfaces = [
            "wasi:io/streams@0.2.12",
            "wasi:io/poll@0.2.12",
            "wasi:io/poll@0.3.0",
            "wasi:logging/logging",
        ];
        let expected = ["wasi:io@0.2.12", "wasi:io@0.3.0", "wasi:logging"];
        assert_eq!(packages(interfaces), expected);
    }
}
