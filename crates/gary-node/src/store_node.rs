//! Which node has the store of a workload: its owner says so, by a label that each node has with its own id in it.
//!
//! So nobody else is invited to host it, by the rules that there are for labels anyway.

use gary_promise::{AgentId, LabelKey, LabelValue, Labels};

/// Under which label a node says which one it is.
pub(crate) const LABEL: &str = "gary/node";

/// As much of a node's id as a label has room for, and more than anybody could make two nodes share.
const CHARS: usize = 32;

/// What a node says under it.
pub(crate) fn mark(node: &AgentId) -> String {
    let mut id = node.to_string();
    id.truncate(CHARS);
    id
}

/// Whether the node of an id says so.
pub(crate) fn is(mark: &LabelValue, id: &str) -> bool {
    mark.as_str().len() == CHARS && id.starts_with(mark.as_str())
}

/// By what is asked for, the node that has it.
pub(crate) fn of(labels: &Labels) -> Option<&LabelValue> {
    labels.get(&key())
}

pub(crate) fn key() -> LabelKey {
    LABEL.parse().expect("it is a label's key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_names_one_node() {
        let [one, other] = [[1; 32], [2; 32]].map(AgentId::from_bytes);
        let value: LabelValue = mark(&one).parse().expect("there is room for it");
        assert!(is(&value, &one.to_string()));
        assert!(!is(&value, &other.to_string()));
        let short: LabelValue = "01".parse().expect("it is a value");
        assert!(!is(&short, &one.to_string()));
        let labels = Labels::new([(key(), value.clone())]).expect("there is one");
        assert_eq!(of(&labels), Some(&value));
    }
}
