//! `-use`, the intent of a deploy.

use gary_promise::{
    ComponentDigest, Lineage, ROUTES_MAX, Route, SPEC_BYTES_MAX, SPREAD_MAX, Spec, Valency,
    WorkloadName,
};

use super::{
    Shaped,
    consider::Submitters,
    fixed,
    mode::Mode,
    needs::Needs,
    pace::Pace,
    required,
    spread::{self, Axis},
    text,
    update::Update,
};
use crate::{
    DecodeError,
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Use {
    /// Left out by an intent that founds a workload.
    #[prost(message, optional, tag = "1")]
    updates: Option<Update>,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(bytes = "vec", tag = "3")]
    component: Vec<u8>,
    #[prost(uint32, tag = "4")]
    valency: u32,
    #[prost(message, optional, tag = "5")]
    needs: Option<Needs>,
    #[prost(message, repeated, tag = "6")]
    spread: Vec<Axis>,
    #[prost(string, repeated, tag = "7")]
    routes: Vec<String>,
    #[prost(message, optional, tag = "64")]
    updaters: Option<Submitters>,
    #[prost(bytes = "vec", tag = "65")]
    spec: Vec<u8>,
    /// Left out where it is as it was before intents could say it: one more at once, and none fewer.
    #[prost(message, optional, tag = "66")]
    pace: Option<Pace>,
    #[prost(bool, tag = "70")]
    exclusive: bool,
    /// Left out where it runs on and on.
    #[prost(message, optional, tag = "72")]
    mode: Option<Mode>,
    #[prost(bool, tag = "73")]
    is_stopped: bool,
}

impl Shaped for Use {
    const SHAPE: Shape = Shape {
        what: "use",
        fields: &[
            Field::message(1, "use.updates", &Update::SHAPE),
            Field::bytes(2, "use.name", WorkloadName::BYTES_MAX),
            Field::bytes(3, "use.component", 32),
            Field::u32(4, "use.valency"),
            Field::message(5, "use.needs", &Needs::SHAPE),
            Field::message(6, "use.spread", &Axis::SHAPE).times(SPREAD_MAX),
            Field::bytes(7, "use.routes", Route::BYTES_MAX).times(ROUTES_MAX),
            Field::message(64, "use.updaters", &Submitters::SHAPE),
            Field::bytes(65, "use.spec", SPEC_BYTES_MAX),
            Field::message(66, "use.pace", &Pace::SHAPE),
            Field::flag(70, "use.exclusive"),
            Field::message(72, "use.mode", &Mode::SHAPE),
            Field::flag(73, "use.is_stopped"),
        ],
    };
}

impl From<&gary_promise::Use> for Use {
    fn from(intent: &gary_promise::Use) -> Self {
        Self {
            updates: Update::of(intent.lineage),
            name: intent.name.to_string(),
            component: intent.component.as_bytes().to_vec(),
            valency: intent.valency.get(),
            needs: Some((&intent.needs).into()),
            spread: spread::axes(&intent.spread),
            routes: text::texts(intent.routes.iter()),
            updaters: Some((&intent.updaters).into()),
            spec: intent.spec.as_bytes().to_vec(),
            is_stopped: intent.is_stopped,
            exclusive: intent.exclusive,
            mode: Mode::of(intent.mode),
            pace: Pace::of(intent.pace),
        }
    }
}

impl TryFrom<Use> for gary_promise::Use {
    type Error = DecodeError;

    fn try_from(intent: Use) -> Result<Self, DecodeError> {
        let lineage = match intent.updates {
            None => Lineage::Founds,
            Some(update) => Lineage::Updates(update.try_into()?),
        };
        let component = fixed("use.component", &intent.component)?;
        let valency = Valency::new(intent.valency);
        Ok(Self {
            lineage,
            name: text::text("use.name", &intent.name)?,
            component: ComponentDigest::from_bytes(component),
            valency: valency.map_err(DecodeError::illegal("use.valency"))?,
            is_stopped: intent.is_stopped,
            exclusive: intent.exclusive,
            mode: Mode::read(intent.mode)?,
            needs: required("use.needs", intent.needs)?.try_into()?,
            spread: spread::spread("use.spread", intent.spread)?,
            routes: text::routes("use.routes", &intent.routes)?,
            updaters: required("use.updaters", intent.updaters)?.try_into()?,
            spec: Spec::new(&intent.spec).map_err(DecodeError::illegal("use.spec"))?,
            pace: Pace::read(intent.pace)?,
        })
    }
}
