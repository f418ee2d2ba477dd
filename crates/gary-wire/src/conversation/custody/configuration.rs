//! Who votes on a register.

use gary_promise::{AgentId, ConfigurationEpoch, KEEPERS_MAX};

use crate::{
    DecodeError,
    message::{Shaped, fixed, zero},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Configuration {
    #[prost(uint64, tag = "1")]
    epoch: u64,
    #[prost(bytes = "vec", repeated, tag = "2")]
    keepers: Vec<Vec<u8>>,
}

impl Shaped for Configuration {
    const SHAPE: Shape = Shape {
        what: "configuration",
        fields: &[
            Field::u64(1, "configuration.epoch"),
            Field::bytes(2, "configuration.keepers", 32).times(KEEPERS_MAX),
        ],
    };
}

impl From<&gary_promise::Configuration> for Configuration {
    fn from(configuration: &gary_promise::Configuration) -> Self {
        let keepers = configuration.keepers().iter();
        Self {
            epoch: configuration.epoch().get(),
            // In their order, which says who may begin.
            keepers: keepers.map(|agent| agent.as_bytes().to_vec()).collect(),
        }
    }
}

impl TryFrom<Configuration> for gary_promise::Configuration {
    type Error = DecodeError;

    fn try_from(configuration: Configuration) -> Result<Self, DecodeError> {
        const KEEPERS: &str = "configuration.keepers";
        let epoch = epoch("configuration.epoch", configuration.epoch)?;
        let keepers = configuration.keepers.iter();
        let keepers: Vec<_> = keepers
            .map(|id| fixed(KEEPERS, id).map(AgentId::from_bytes))
            .collect::<Result<_, _>>()?;
        Self::new(epoch, keepers).map_err(DecodeError::illegal(KEEPERS))
    }
}

/// The epoch of a configuration, which is counted from 1.
pub(crate) fn epoch(field: &'static str, number: u64) -> Result<ConfigurationEpoch, DecodeError> {
    ConfigurationEpoch::new(number).ok_or_else(|| zero(field, u64::MAX))
}
