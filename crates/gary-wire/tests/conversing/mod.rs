//! Everything that one agent sends another, at random.

mod custody;
mod running;
mod tenancy;

use custody::{consults, recalls, settlements, submissions};
use gary_promise::{
    Absence, Batch, BootEpoch, Bound, BoundedSet, Branch, DIGEST_BRANCHES, Denial, Digest,
    Dismissal, Failure, Fetch, Frame, Handover, Hint, Inquiry, Invitation, KEEPERS_MAX,
    LISTING_MAX, Listing, Misfit, Notice, Offers, Promise, RENEWED_MAX, Refusal, Renewal,
    Resources, SHEET_GONE_MAX, SIGNATURE_BYTES, SheetHead, SheetPart, Signed, SignedRecord, Slot,
    Version, Why,
};
use proptest::{collection::vec, option, prelude::*};

use running::all_running;
use tenancy::tenancies;

use crate::saying::{agents, generations, ids, interface, versions, workloads};

pub(crate) fn frames() -> impl Strategy<Value = Frame> {
    let hint = (agents(), versions()).prop_map(|(agent, version)| Hint { agent, version });
    let fetch = (agents(), option::of(versions())).prop_map(|(agent, have)| Fetch { agent, have });
    let dismissal = (epochs(), bounded(vec(versions(), 0..8)))
        .prop_map(|(epoch, offers)| Dismissal { epoch, offers });
    let idle = bounded(vec(versions(), 0..8));
    let notice = (1..=600_000_u32).prop_map(|ms| Notice::from_ms(ms).expect("legal"));
    let ends = option::of(notice.clone());
    let renewal = (versions(), offers(), offers(), offers(), idle, ends).prop_map(
        |(version, offered, bound, by_others, idle, ends_within)| Renewal {
            version,
            offered,
            bound,
            by_others,
            idle,
            ends_within,
        },
    );
    let handover = (versions(), bounded(vec(versions(), 0..8)))
        .prop_map(|(version, offers)| Handover { version, offers });
    let inquiry = (epochs(), any::<u64>(), bounded(vec(versions(), 0..8)));
    let inquiry = inquiry.prop_map(|(epoch, number, offers)| Inquiry {
        epoch,
        number,
        offers,
    });
    let bound = (epochs(), any::<u64>(), promises(), promises());
    let bound = bound.prop_map(|(asked_in, answers, offer, acceptance)| Bound {
        asked_in,
        answers,
        offer,
        acceptance,
    });
    let failures = prop::sample::select(vec![
        Failure::Unstated,
        Failure::Start,
        Failure::Ended,
        Failure::Health,
        Failure::Trapped,
        Failure::TimedOut,
    ]);
    let denial = (versions(), versions(), failures).prop_map(|(version, of, failure)| Denial {
        version,
        of,
        failure,
    });
    let absence = (versions(), notice).prop_map(|(version, notice)| Absence { version, notice });
    // What has choices within a choice comes more often, so that each of them comes.
    prop_oneof![
        1 => hint.prop_map(Frame::Hint),
        1 => fetch.prop_map(Frame::Fetch),
        1 => sheet_parts().prop_map(Frame::Sheet),
        1 => digests().prop_map(Frame::Digest),
        1 => listings().prop_map(Frame::Listing),
        1 => batches().prop_map(Frame::Told),
        1 => invitations().prop_map(Frame::Invitation),
        1 => refusals().prop_map(Frame::Refusal),
        1 => dismissal.prop_map(Frame::Dismissal),
        1 => renewal.prop_map(Frame::Renewal),
        1 => absence.prop_map(Frame::Absence),
        1 => denial.prop_map(Frame::Denial),
        6 => consults().prop_map(|its| Frame::Consults(its.into())),
        1 => recalls().prop_map(Frame::Recall),
        1 => submissions().prop_map(|its| Frame::Submission(its.into())),
        3 => settlements().prop_map(|its| Frame::Settlement(its.into())),
        1 => bound.prop_map(|its| Frame::Bound(its.into())),
        1 => inquiry.prop_map(Frame::Inquiry),
        1 => handover.prop_map(Frame::Handover),
        3 => tenancies().prop_map(|its| Frame::Tenancy(its.into())),
        3 => all_running().prop_map(|its| Frame::Running(its.into())),
    ]
}

/// Records of every kind, as somebody may claim them.
pub(crate) fn records() -> impl Strategy<Value = SignedRecord> {
    let kinds = prop::sample::select(vec!["promise", "withdrawal", "sheet head", "vow"]);
    let claims = (agents(), vec(any::<u8>(), 0..200), signatures());
    (kinds, claims).prop_map(|(kind, (by, bytes, signature))| {
        SignedRecord::claimed(kind.parse().expect("a kind"), by, &bytes, signature)
    })
}

fn epochs() -> impl Strategy<Value = BootEpoch> {
    any::<u64>().prop_map(BootEpoch)
}

fn signatures() -> impl Strategy<Value = [u8; SIGNATURE_BYTES]> {
    any::<[[u8; 32]; 2]>().prop_map(|halves| {
        let mut signature = [0; SIGNATURE_BYTES];
        signature[..32].copy_from_slice(&halves[0]);
        signature[32..].copy_from_slice(&halves[1]);
        signature
    })
}

fn promises() -> impl Strategy<Value = Signed<Promise>> {
    (agents(), vec(any::<u8>(), 0..200), signatures())
        .prop_map(|(by, bytes, signature)| Signed::claimed(by, &bytes, signature))
}

fn heads() -> impl Strategy<Value = Signed<SheetHead>> {
    (agents(), vec(any::<u8>(), 0..200), signatures())
        .prop_map(|(by, bytes, signature)| Signed::claimed(by, &bytes, signature))
}

fn batches() -> impl Strategy<Value = Batch> {
    vec(records(), 0..5).prop_map(|records| {
        let mut batch = Batch::default();
        assert!(records.into_iter().all(|record| batch.push(record)));
        batch
    })
}

fn bounded<T: Ord + std::fmt::Debug, const MAX: usize>(
    values: impl Strategy<Value = Vec<T>>,
) -> impl Strategy<Value = BoundedSet<T, MAX>> {
    values.prop_map(|values| BoundedSet::new(values).expect("few"))
}

fn offers() -> impl Strategy<Value = Offers> {
    bounded::<Version, RENEWED_MAX>(vec(versions(), 0..8))
}

fn branches() -> impl Strategy<Value = Branch> {
    vec(0..16_u8, 0..=8).prop_map(|digits| Branch::new(&digits).expect("not too deep"))
}

fn sheet_parts() -> impl Strategy<Value = SheetPart> {
    let place = (0..u32::MAX, 1..=u32::MAX).prop_map(|(part, parts)| (part % parts, parts));
    let gone = bounded::<Version, SHEET_GONE_MAX>(vec(versions(), 0..8));
    (heads(), option::of(versions()), place, batches(), gone).prop_map(
        |(head, since, (part, parts), made, gone)| SheetPart {
            head,
            since,
            part,
            parts,
            made,
            gone,
        },
    )
}

fn digests() -> impl Strategy<Value = Digest> {
    (branches(), any::<[u64; DIGEST_BRANCHES]>())
        .prop_map(|(branch, hashes)| Digest { branch, hashes })
}

fn listings() -> impl Strategy<Value = Listing> {
    let known = bounded::<_, LISTING_MAX>(vec((agents(), versions()), 0..8));
    (branches(), known, any::<bool>()).prop_map(|(branch, known, asks)| Listing {
        branch,
        known,
        asks,
    })
}

fn slots() -> impl Strategy<Value = Vec<Slot>> {
    vec(any::<u32>().prop_map(Slot), 0..=64)
}

fn invitations() -> impl Strategy<Value = Invitation> {
    let epoch = any::<u64>().prop_map(BootEpoch);
    let keepers = bounded(vec(agents(), 0..=KEEPERS_MAX));
    let (beside, awaited) = (bounded(slots()), bounded(slots()));
    (promises(), epoch, slots(), beside, awaited, keepers).prop_map(
        |(intent, epoch, slots, beside, awaited, keepers)| Invitation {
            beside,
            awaited,
            keepers,
            ..Invitation::new(intent, epoch, slots).expect("few")
        },
    )
}

fn resources() -> impl Strategy<Value = Resources> {
    (0..=4_096_000_000_u64, 0..=1_u64 << 50)
        .prop_map(|(cpu, memory)| Resources::new(cpu, memory).expect("legal"))
}

fn misfits() -> impl Strategy<Value = Misfit> {
    let value = || "[a-zäß =]{1,9}";
    prop_oneof![
        (resources(), resources())
            .prop_map(|(needed, promised)| Misfit::Resources { needed, promised }),
        ("[a-z0-9_]{1,9}", "[a-z0-9_]{1,9}").prop_map(|(needed, promised)| {
            Misfit::Architecture {
                needed: needed.parse().expect("legal"),
                promised: promised.parse().expect("legal"),
            }
        }),
        ("k[a-z/.]{0,9}", value(), option::of(value())).prop_map(|(key, needed, promised)| {
            Misfit::Label {
                key: key.parse().expect("a key"),
                needed: needed.parse().expect("a value"),
                promised: promised.map(|value| value.parse().expect("a value")),
            }
        }),
        interface().prop_map(|needed| Misfit::Interface { needed }),
    ]
}

fn refusals() -> impl Strategy<Value = Refusal> {
    let why = prop_oneof![
        Just(Why::NotConsidered),
        misfits().prop_map(Why::Misfit),
        (resources(), resources()).prop_map(|(needed, left)| Why::NoRoom { needed, left }),
        generations().prop_map(|by| Why::Superseded { by }),
        Just(Why::Hosting),
        Just(Why::Busy),
        Just(Why::Declined),
    ];
    (ids(), workloads(), bounded(slots()), why).prop_map(|(intent, workload, slots, why)| Refusal {
        intent,
        workload,
        slots,
        why,
    })
}
