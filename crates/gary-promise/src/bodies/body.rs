//! What is promised: its type and, inside, its constraint.

use std::sync::Arc;

use super::{Accept, Capacity, Consider, Have, Host, Keep, Polarity, Serve, Use};
use crate::Lease;

/// What is promised: a type, and what constrains it.
///
/// Each type has one polarity and, where it holds for a while only, its lease among its constraints.
/// So no combination of the parts means nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// `+capacity`: what the promiser's machine has. Shared, because an agent that knows ten thousand of them
    /// looks at them from more than one place.
    Capacity(Arc<Capacity>),
    /// `-consider`: whose submissions the promiser looks at.
    Consider(Consider),
    /// `+keep`: the promiser has a workload in its custody.
    Keep(Keep),
    /// `-use`: the promiser, an owner, uses hostings of a component. The intent of a deploy.
    Use(Box<Use>),
    /// `+host`: the promiser offers one hosting, and hosts it once it is accepted.
    Host(Host),
    /// `-host`: the promiser, a keeper, counts an offer against an intent.
    Accept(Accept),
    /// `+serve`: the promiser answers calls to a workload it hosts.
    Serve(Serve),
    /// `+have`: the promiser gives a component's bytes to whoever asks for them by their digest.
    Have(Have),
    /// `+admit`: the promiser admits whoever shows an invitation to the cluster.
    Admit,
}

impl Body {
    /// Which way it goes.
    pub const fn polarity(&self) -> Polarity {
        match self {
            Self::Capacity(_)
            | Self::Keep(_)
            | Self::Host(_)
            | Self::Serve(_)
            | Self::Have(_)
            | Self::Admit => Polarity::Give,
            Self::Consider(_) | Self::Use(_) | Self::Accept(_) => Polarity::Use,
        }
    }

    /// Its polarity and type as the theory writes them, such as `+capacity`.
    pub const fn notation(&self) -> &'static str {
        match self {
            Self::Capacity(_) => "+capacity",
            Self::Consider(_) => "-consider",
            Self::Keep(_) => "+keep",
            Self::Use(_) => "-use",
            Self::Host(_) => "+host",
            Self::Accept(_) => "-host",
            Self::Serve(_) => "+serve",
            Self::Have(_) => "+have",
            Self::Admit => "+admit",
        }
    }

    /// How long it stands without being renewed; `None` for what stands until it is withdrawn.
    ///
    /// What ends in silence when its machine does has a lease. What is only said, such as a capacity
    /// or an acceptance, does not: nobody should have to say it again.
    pub const fn lease(&self) -> Option<Lease> {
        match self {
            Self::Host(host) => Some(host.lease),
            Self::Serve(serve) => Some(serve.lease),
            Self::Capacity(_)
            | Self::Consider(_)
            | Self::Keep(_)
            | Self::Use(_)
            | Self::Accept(_)
            | Self::Have(_)
            | Self::Admit => None,
        }
    }
}
