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
    #[prost(bytes = "vec", repeated, tag = "4")]
    founders: Vec<Vec<u8>>,
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
            Field::bytes(4, "configuration.founders", 32).times(KEEPERS_MAX),
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
        let ids = |agents: &[AgentId]| agents.iter().map(|its| its.as_bytes().to_vec()).collect();
        // Those of the first configuration are its founders.
        let is_first = configuration.founders() == configuration.keepers();
        Self {
            epoch: configuration.epoch().get(),
            // In their order, which says who may begin.
            keepers: ids(configuration.keepers()),
            era: configuration.epoch().era().map(Era::from),
            founders: if is_first {
                Vec::new()
            } else {
                ids(configuration.founders())
            },
        }
    }
}

impl TryFrom<Configuration> for gary_promise::Configuration {
    type Error = DecodeError;

    fn try_from(configuration: Configuration) -> Result<Self, DecodeError> {
        const KEEPERS: &str = "configuration.keepers";
        const FOUNDERS: &str = "configuration.founders";
        let epoch = epoch(
            "configuration.epoch",
            configuration.epoch,
            configuration.era,
        )?;
        let of = |field, epoch, ids: &[Vec<u8>]| {
            let agents = ids
                .iter()
                .map(|id| fixed(field, id).map(AgentId::from_bytes));
            let agents = agents.collect::<Result<Vec<_>, _>>()?;
            Self::new(epoch, agents).map_err(DecodeError::illegal(field))
        };
        let keepers = of(KEEPERS, epoch, &configuration.keepers)?;
        if configuration.founders.is_empty() {
            return Ok(keepers);
        }
        let founders = of(FOUNDERS, ConfigurationEpoch::FIRST, &configuration.founders)?;
        Ok(keepers.founded_by(&founders))
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
