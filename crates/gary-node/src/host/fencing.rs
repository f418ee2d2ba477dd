//! What a guest that is exclusive may say to others, so that they refuse whoever held it before.

use gary_promise::FencingEpoch;

/// Under which environment variable it finds that.
pub(super) const VARIABLE: &str = "GARY_FENCING_EPOCH";

/// A fencing epoch as text: of two the later is the greater, byte by byte.
pub(super) fn text(epoch: FencingEpoch) -> String {
    let configuration = epoch.configuration();
    let within = format!("{:016x}.{:016x}", configuration.get(), epoch.number());
    match configuration.era() {
        None => format!("0.{within}"),
        Some(era) => format!("1.{:016x}.{}.{within}", era.number(), era.by()),
    }
}

#[cfg(test)]
mod tests {
    use gary_promise::{AgentId, ConfigurationEpoch, Era};

    use super::*;

    #[test]
    fn the_later_is_the_greater_text() {
        let agent = |byte| AgentId::from_bytes([byte; 32]);
        let eras = [
            None,
            Era::new(1, agent(1)),
            Era::new(1, agent(2)),
            Era::new(16, agent(1)),
        ];
        let configurations = eras.iter().flat_map(|era| {
            let numbers = [1, 9, 10, 16, u64::MAX].into_iter();
            let epochs = numbers.filter_map(ConfigurationEpoch::new);
            epochs.map(|epoch| epoch.of(*era))
        });
        let epochs = configurations.flat_map(|configuration| {
            let numbers = [1, 2, 15, 16, 1 << 40].into_iter();
            numbers.filter_map(move |number| FencingEpoch::new(configuration, number))
        });
        let mut epochs = Vec::from_iter(epochs);
        assert_eq!(epochs.len(), 100);
        epochs.sort();
        let texts = Vec::from_iter(epochs.into_iter().map(text));
        assert!(texts.is_sorted_by(|one, other| one < other), "{texts:?}");
    }
}
