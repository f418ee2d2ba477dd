//! What an agent takes in, by kind.

use gary_promise::Frame;

/// What an agent takes in: a packet, a frame of some kind, or something of its own machine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A datagram of the membership.
    Packet,
    /// A sheet has changed.
    Hint,
    /// A sheet is asked for.
    Fetch,
    /// A sheet, or what has changed of one.
    Sheet,
    /// What is known of sheets, in brief.
    Digest,
    /// Which sheets are known in which version.
    Listing,
    /// Slots to offer for.
    Invitation,
    /// Records: offers, acceptances, withdrawals.
    Told,
    /// Slots that are not offered for.
    Refusal,
    /// Offers that are not accepted.
    Dismissal,
    /// Leases that go on.
    Renewal,
    /// A planned absence.
    Absence,
    /// A promise that is not kept now.
    Denial,
    /// Votes on a register.
    Consults,
    /// What keepers remember of each other's stores.
    Recall,
    /// An intent that was submitted elsewhere.
    Submission,
    /// What has become of one.
    Settlement,
    /// A hosting that another keeper has bound.
    Bound,
    /// Asking after such hostings.
    Inquiry,
    /// Leaving such hostings to others.
    Handover,
    /// The tenure of something exclusive.
    Tenancy,
    /// Runs to completion.
    Running,
    /// Its own timer.
    Timer,
    /// Its own disk has stored something.
    Stored,
    /// Its own host has started or stopped something.
    Report,
    /// A person deploys.
    Deploy,
}

/// What a kind is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// Who is there.
    Membership,
    /// What everybody promises to everyone.
    Sheets,
    /// What passes between keepers and hosts.
    Dealings,
    /// Nothing that is sent.
    Local,
}

impl Kind {
    /// All of them, in order.
    pub const ALL: [Self; 26] = [
        Self::Packet,
        Self::Hint,
        Self::Fetch,
        Self::Sheet,
        Self::Digest,
        Self::Listing,
        Self::Invitation,
        Self::Told,
        Self::Refusal,
        Self::Dismissal,
        Self::Renewal,
        Self::Absence,
        Self::Denial,
        Self::Consults,
        Self::Recall,
        Self::Submission,
        Self::Settlement,
        Self::Bound,
        Self::Inquiry,
        Self::Handover,
        Self::Tenancy,
        Self::Running,
        Self::Timer,
        Self::Stored,
        Self::Report,
        Self::Deploy,
    ];

    /// That of a frame.
    pub const fn of(frame: &Frame) -> Self {
        match frame {
            Frame::Hint(_) => Self::Hint,
            Frame::Fetch(_) => Self::Fetch,
            Frame::Sheet(_) => Self::Sheet,
            Frame::Digest(_) => Self::Digest,
            Frame::Listing(_) => Self::Listing,
            Frame::Invitation(_) => Self::Invitation,
            Frame::Told(_) => Self::Told,
            Frame::Refusal(_) => Self::Refusal,
            Frame::Dismissal(_) => Self::Dismissal,
            Frame::Renewal(_) => Self::Renewal,
            Frame::Absence(_) => Self::Absence,
            Frame::Denial(_) => Self::Denial,
            Frame::Consults(_) => Self::Consults,
            Frame::Recall(_) => Self::Recall,
            Frame::Submission(_) => Self::Submission,
            Frame::Settlement(_) => Self::Settlement,
            Frame::Bound(_) => Self::Bound,
            Frame::Inquiry(_) => Self::Inquiry,
            Frame::Handover(_) => Self::Handover,
            Frame::Tenancy(_) => Self::Tenancy,
            Frame::Running(_) => Self::Running,
        }
    }

    /// What it is for.
    pub const fn layer(self) -> Layer {
        match self {
            Self::Packet => Layer::Membership,
            Self::Hint | Self::Fetch | Self::Sheet | Self::Digest | Self::Listing => Layer::Sheets,
            Self::Invitation
            | Self::Told
            | Self::Refusal
            | Self::Dismissal
            | Self::Renewal
            | Self::Absence
            | Self::Denial
            | Self::Consults
            | Self::Recall
            | Self::Submission
            | Self::Settlement
            | Self::Bound
            | Self::Inquiry
            | Self::Handover
            | Self::Tenancy
            | Self::Running => Layer::Dealings,
            Self::Timer | Self::Stored | Self::Report | Self::Deploy => Layer::Local,
        }
    }

    /// Its name, for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Packet => "packet",
            Self::Hint => "hint",
            Self::Fetch => "fetch",
            Self::Sheet => "sheet",
            Self::Digest => "digest",
            Self::Listing => "listing",
            Self::Invitation => "invitation",
            Self::Told => "records (offers, acceptances, withdrawals)",
            Self::Refusal => "refusal",
            Self::Dismissal => "dismissal",
            Self::Renewal => "renewal",
            Self::Absence => "absence",
            Self::Denial => "denial",
            Self::Consults => "votes on a register",
            Self::Recall => "which commits of a keeper were seen",
            Self::Submission => "intent passed on",
            Self::Settlement => "what became of an intent",
            Self::Bound => "hosting bound by another keeper",
            Self::Inquiry => "inquiry after such hostings",
            Self::Handover => "such hostings left to others",
            Self::Tenancy => "tenure of what is exclusive",
            Self::Running => "runs to completion",
            Self::Timer => "own timer",
            Self::Stored => "own disk has stored",
            Self::Report => "own host reports",
            Self::Deploy => "deploy",
        }
    }
}
