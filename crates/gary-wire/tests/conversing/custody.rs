//! What keepers say to one another and to whoever submits something, at random.

use gary_promise::{
    AgentId, Answer, Answered, Asked, Ballot, BootEpoch, CommitSequence, Configuration,
    ConfigurationEpoch, Consultation, Consults, EARLIER_MAX, Earlier, Entrusted, Entry, Era,
    KEEPERS_MAX, Learned, Question, Recall, Settlement, Submission, Verdict, Vote,
};
use proptest::{
    collection::{btree_set, vec},
    option,
    prelude::*,
};

use super::promises;
use super::running::all_runs;
use crate::saying::{agents, generations, ids, workloads};

pub(super) fn consults() -> impl Strategy<Value = Consults> {
    let name = "[a-z]{1,9}".prop_map(|name| name.parse().expect("a name"));
    let what = prop_oneof![
        1 => asked().prop_map(Consultation::Asked),
        2 => answered().prop_map(Consultation::Answered),
        1 => votes().prop_map(Consultation::Chosen),
        1 => (epochs(), option::of(ballots()))
            .prop_map(|(epoch, ballot)| Consultation::Learned(Learned { epoch, ballot })),
        1 => workloads().prop_map(Consultation::Collected),
        1 => configurations().prop_map(Consultation::Namesake),
    ];
    (name, any::<u64>(), what).prop_map(|(name, sequence, what)| Consults {
        name,
        sequence: CommitSequence(sequence),
        what,
    })
}

pub(super) fn recalls() -> impl Strategy<Value = Recall> {
    (any::<u64>(), option::of(any::<u64>())).prop_map(|(asked_in, sequence)| {
        let asked_in = BootEpoch(asked_in);
        match sequence.map(CommitSequence) {
            None => Recall::Asks { asked_in },
            Some(sequence) => Recall::Saw { asked_in, sequence },
        }
    })
}

pub(super) fn submissions() -> impl Strategy<Value = Submission> {
    promises().prop_map(|intent| Submission { intent })
}

pub(super) fn settlements() -> impl Strategy<Value = Settlement> {
    let verdict = prop_oneof![
        configurations().prop_map(Verdict::Committed),
        generations().prop_map(Verdict::Conflict),
        workloads().prop_map(Verdict::NameTaken),
        Just(Verdict::NotKept),
        Just(Verdict::NotAllowed),
        Just(Verdict::Exclusivity),
        Just(Verdict::Mode),
        configurations().prop_map(Verdict::Elsewhere),
        Just(Verdict::Unsettled),
    ];
    (ids(), verdict).prop_map(|(intent, verdict)| Settlement { intent, verdict })
}

fn asked() -> impl Strategy<Value = Asked<Entry>> {
    let question = prop_oneof![
        Just(Question::Prepare),
        entrusted().prop_map(Question::Accept),
    ];
    (configurations(), ballots(), question).prop_map(|(configuration, ballot, question)| Asked {
        configuration,
        ballot,
        question,
    })
}

fn answered() -> impl Strategy<Value = Answered<Entry>> {
    let answer = prop_oneof![
        option::of(votes()).prop_map(Answer::Promised),
        Just(Answer::Accepted),
        ballots().prop_map(Answer::Outbid),
        votes().prop_map(Answer::Ahead),
        Just(Answer::Behind),
        configurations().prop_map(Answer::Elsewhere),
        Just(Answer::NotAsked),
    ];
    (epochs(), ballots(), answer).prop_map(|(epoch, ballot, answer)| Answered {
        epoch,
        ballot,
        answer,
    })
}

fn votes() -> impl Strategy<Value = Vote<Entry>> {
    (option::of(ballots()), entrusted()).prop_map(|(ballot, entrusted)| Vote { ballot, entrusted })
}

fn entrusted() -> impl Strategy<Value = Entrusted<Entry>> {
    (configurations(), entries()).prop_map(|(configuration, content)| Entrusted {
        configuration,
        content,
    })
}

fn entries() -> impl Strategy<Value = Entry> {
    let earlier = vec(ids(), 0..=EARLIER_MAX).prop_map(Earlier::new);
    (promises(), earlier, all_runs()).prop_map(|(intent, earlier, runs)| Entry {
        intent,
        earlier,
        runs,
    })
}

pub(super) fn configurations() -> impl Strategy<Value = Configuration> {
    // Nobody twice, in any order.
    let some = || {
        let agents = btree_set(any::<[u8; 32]>(), 1..=KEEPERS_MAX);
        agents.prop_map(Vec::from_iter).prop_shuffle()
    };
    (epochs(), some(), some()).prop_map(|(epoch, keepers, founders)| {
        let of = |epoch, agents: Vec<[u8; 32]>| {
            let agents = agents.into_iter().map(AgentId::from_bytes);
            Configuration::new(epoch, agents).expect("legal")
        };
        let founders = of(ConfigurationEpoch::FIRST, founders);
        of(epoch, keepers).founded_by(&founders)
    })
}

pub(super) fn epochs() -> impl Strategy<Value = ConfigurationEpoch> {
    let eras = (1..=u64::MAX, agents());
    let eras = eras.prop_map(|(number, by)| Era::new(number, by).expect("not zero"));
    (1..=u64::MAX, option::of(eras)).prop_map(|(number, era)| {
        let epoch = ConfigurationEpoch::new(number).expect("not zero");
        epoch.of(era)
    })
}

fn ballots() -> impl Strategy<Value = Ballot> {
    let counter = prop_oneof![Just(0), any::<u64>()];
    (counter, agents(), any::<u64>()).prop_map(|(counter, by, epoch)| Ballot {
        counter,
        by,
        epoch: BootEpoch(epoch),
    })
}
