//! Who votes on a register.

use gary_promise::{AgentId, ConfigurationEpoch, Era as Begun, KEEPERS_MAX};

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
    #[prost(message, optional, tag = "3")]
    era: Option<Era>,
}

/// How often a register was begun again, and by which agent. It is left out where it was not.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Era {
    #[prost(uint64, tag = "1")]
    number: u64,
    #[prost(bytes = "vec", tag = "2")]
    by: Vec<u8>,
}

impl Shaped for Configuration {
    const SHAPE: Shape = Shape {
        what: "configuration",
        fields: &[
            Field::u64(1, "configuration.epoch"),
            Field::bytes(2, "configuration.keepers", 32).times(KEEPERS_MAX),
            Field::message(3, "configuration.era", &Era::SHAPE),
        ],
    };
}

impl Shaped for Era {
    const SHAPE: Shape = Shape {
        what: "era",
        fields: &[Field::u64(1, "era.number"), Field::bytes(2, "era.by", 32)],
    };
}

impl From<Begun> for Era {
    fn from(era: Begun) -> Self {
        Self {
            number: era.number(),
            by: era.by().as_bytes().to_vec(),
        }
    }
}

impl From<&gary_promise::Configuration> for Configuration {
    fn from(configuration: &gary_promise::Configuration) -> Self {
        let keepers = configuration.keepers().iter();
        Self {
            epoch: configuration.epoch().get(),
            // In their order, which says who may begin.
            keepers: keepers.map(|agent| agent.as_bytes().to_vec()).collect(),
            era: configuration.epoch().era().map(Era::from),
        }
    }
}

impl TryFrom<Configuration> for gary_promise::Configuration {
    type Error = DecodeError;

    fn try_from(configuration: Configuration) -> Result<Self, DecodeError> {
        const KEEPERS: &str = "configuration.keepers";
        let epoch = epoch(
            "configuration.epoch",
            configuration.epoch,
            configuration.era,
        )?;
        let keepers = configuration.keepers.iter();
        let keepers: Vec<_> = keepers
            .map(|id| fixed(KEEPERS, id).map(AgentId::from_bytes))
            .collect::<Result<_, _>>()?;
        Self::new(epoch, keepers).map_err(DecodeError::illegal(KEEPERS))
    }
}

/// The epoch of a configuration, which is counted from 1.
pub(crate) fn epoch(
    field: &'static str,
    number: u64,
    era: Option<Era>,
) -> Result<ConfigurationEpoch, DecodeError> {
    let epoch = ConfigurationEpoch::new(number).ok_or_else(|| zero(field, u64::MAX))?;
    let era = era.map(|era| {
        let by = fixed("era.by", &era.by).map(AgentId::from_bytes)?;
        Begun::new(era.number, by).ok_or_else(|| zero("era.number", u64::MAX))
    });
    Ok(epoch.of(era.transpose()?))
}
