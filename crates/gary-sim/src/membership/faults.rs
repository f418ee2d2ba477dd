//! What the network and the machines do to agents.

/// What goes wrong, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Faults {
    /// The least time a packet takes.
    pub latency_us_min: u64,
    /// The most. Each packet takes its own, all between being as likely.
    pub latency_us_max: u64,
    /// How many packets in a thousand are lost, each by itself.
    pub loss_permille: u32,
    /// Whether agents stall.
    pub stalls: Option<Stalls>,
}

/// Agents stall: for a while one does nothing, and what arrives waits.
///
/// When it wakes, it first does what is due and then reads what has arrived, in one instant. A real one
/// may do so, and it is the worse order: what is due may be to take somebody for dead whose answer is
/// among what has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stalls {
    /// How long a stall lasts.
    pub length_ms: u64,
    /// How long an agent does well between two stalls, on average: anything from nothing to twice this is
    /// as likely, and each agent draws for itself.
    pub gap_ms_mean: u64,
}

impl Faults {
    /// A network of machines in one place that loses nothing: 0.2 to 2 ms.
    pub const fn calm() -> Self {
        Self {
            latency_us_min: 200,
            latency_us_max: 2000,
            loss_permille: 0,
            stalls: None,
        }
    }

    /// The same with so much loss, and every agent stalling for 500 ms about once a minute.
    pub const fn rough(loss_permille: u32) -> Self {
        Self {
            loss_permille,
            stalls: Some(Stalls {
                length_ms: 500,
                gap_ms_mean: 60_000,
            }),
            ..Self::calm()
        }
    }
    /// The same between machines in different places: 20 to 150 ms, so up to 300 ms there and back.
    #[must_use]
    pub const fn far(self) -> Self {
        Self {
            latency_us_min: 20_000,
            latency_us_max: 150_000,
            ..self
        }
    }
}
