//! Every checker there is.

use super::Checker;
use super::at_most_one::AtMostOne;
use super::both_halves::BothHalves;
use super::broken_has_a_cause::BrokenHasACause;
use super::capacity_is_promised::CapacityIsPromised;
use super::conditions_quench::ConditionsQuench;
use super::convergence::Convergence;
use super::downstream_choice::DownstreamChoice;
use super::free_refusal::FreeRefusal;
use super::no_hidden_desired_state::NoHiddenDesiredState;
use super::no_promising_for_others::NoPromisingForOthers;
use super::no_remote_command::NoRemoteCommand;
use super::no_special_node::NoSpecialNode;
use super::nothing_is_lost::NothingIsLost;
use super::once::OncePerRun;
use super::overlap::Overlap;
use super::partition_freedom::PartitionFreedom;
use super::private_assessment::PrivateAssessment;
use super::scope_holds::ScopeHolds;
use super::self_repair::SelfRepair;
use super::three_values::ThreeValues;
use super::trust_is_local::TrustIsLocal;
use super::valency::Valency;
use super::votes_are_remembered::VotesAreRemembered;
use super::withdrawal::Withdrawals;

/// A checker for each property that can be judged, in the order of their numbers.
pub(crate) fn all_checkers() -> Vec<Box<dyn Checker>> {
    vec![
        Box::<NoRemoteCommand>::default(),
        Box::<NoPromisingForOthers>::default(),
        Box::<FreeRefusal>::default(),
        Box::<BothHalves>::default(),
        Box::<Overlap>::default(),
        Box::<Valency>::default(),
        Box::<CapacityIsPromised>::default(),
        Box::<ConditionsQuench>::default(),
        Box::<PrivateAssessment>::default(),
        Box::<ThreeValues>::default(),
        Box::<BrokenHasACause>::default(),
        Box::<Withdrawals>::default(),
        Box::<SelfRepair>::default(),
        Box::<Convergence>::default(),
        Box::<ScopeHolds>::default(),
        Box::<NoSpecialNode>::default(),
        Box::<NoHiddenDesiredState>::default(),
        Box::<PartitionFreedom>::default(),
        Box::<DownstreamChoice>::default(),
        Box::<TrustIsLocal>::default(),
        Box::<NothingIsLost>::default(),
        Box::<AtMostOne>::default(),
        Box::<OncePerRun>::default(),
        Box::<VotesAreRemembered>::default(),
    ]
}
