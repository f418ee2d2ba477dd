//! What hosts of an exclusive workload and its keepers say to one another, at random.

use gary_promise::{BootNonce, Claim, FencingEpoch, Tenancy, TenancyWord};
use proptest::{option, prelude::*};

use super::custody::{configurations, epochs};
use crate::saying::{versions, workloads};

pub(super) fn tenancies() -> impl Strategy<Value = Tenancy> {
    let claim = (versions(), any::<u64>(), fencing_epochs());
    let claim = claim.prop_map(|(offer, start, epoch)| Claim {
        offer,
        start: BootNonce(start),
        epoch,
    });
    let word = prop_oneof![
        versions().prop_map(TenancyWord::Asks),
        (versions(), configurations())
            .prop_map(|(asked, keepers)| TenancyWord::Grants { asked, keepers }),
        (versions(), option::of(fencing_epochs()), configurations()).prop_map(
            |(asked, latest, keepers)| TenancyWord::Refuses {
                asked,
                latest,
                keepers,
            }
        ),
        Just(TenancyWord::Releases),
    ];
    (workloads(), claim, word).prop_map(|(workload, claim, word)| Tenancy {
        workload,
        claim,
        word,
    })
}

fn fencing_epochs() -> impl Strategy<Value = FencingEpoch> {
    (epochs(), 1..=u64::MAX).prop_map(|(configuration, number)| {
        FencingEpoch::new(configuration, number).expect("not zero")
    })
}
