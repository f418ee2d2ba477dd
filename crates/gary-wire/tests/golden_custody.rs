//! What keepers say to one another and to whoever submits something, as it was packed once, in `testdata/frames`.

mod blessed;

use blessed::golden;
use gary_promise::{
    AgentId, Answer, Answered, Asked, Ballot, BootEpoch, Codec, CommitSequence, Completion,
    Configuration, ConfigurationEpoch, Consultation, Consults, Earlier, Entrusted, Entry, Era,
    Frame, Generation, Learned, Outcome, Promise, PromiseId, Question, Recall, Run, RunKey, Runner,
    Runs, SIGNATURE_BYTES, Settlement, Signed, Slot, Submission, Tick, Verdict, Version, Vote,
    WallTime, WorkloadId,
};
use gary_wire::WireCodec;

const WORKLOAD: WorkloadId = WorkloadId::from_bytes([0x11; 16]);
const AGENT: AgentId = AgentId::from_bytes([0x33; 32]);
const OTHER: AgentId = AgentId::from_bytes([0x22; 32]);
const SIGNATURE: [u8; SIGNATURE_BYTES] = [0x55; SIGNATURE_BYTES];

fn id(epoch: u64) -> PromiseId {
    PromiseId {
        promiser: AGENT,
        version: Version::first(BootEpoch(epoch)),
    }
}

fn intent() -> Signed<Promise> {
    Signed::claimed(AGENT, b"statement", SIGNATURE)
}

fn epoch(number: u64) -> ConfigurationEpoch {
    ConfigurationEpoch::new(number).expect("not zero")
}

/// Of those who vote since a register was begun again.
fn epoch_again(number: u64) -> ConfigurationEpoch {
    epoch(number).of(Era::new(2, OTHER))
}

/// Keepers who do not stand in the order of their ids.
fn keepers(number: u64) -> Configuration {
    Configuration::new(epoch(number), [AGENT, OTHER]).expect("two")
}

fn founders() -> Configuration {
    Configuration::new(ConfigurationEpoch::FIRST, [OTHER]).expect("one")
}

fn ballot(counter: u64) -> Ballot {
    Ballot {
        counter,
        by: AGENT,
        epoch: BootEpoch(3),
    }
}

fn entrusted() -> Entrusted<Entry> {
    Entrusted {
        configuration: keepers(8),
        content: Entry {
            intent: intent(),
            earlier: Earlier::new([id(2), id(1)]),
            runs: Runs::default(),
        },
    }
}

/// The same, with what has been run to completion.
fn with_runs() -> Vote<Entry> {
    let mut its = vote(None);
    let key = |slot| RunKey {
        tick: Tick(9),
        slot: Slot(slot),
    };
    let run = |ended| Run {
        attempt: 3,
        failures: 2,
        by: Runner {
            offer: id(4),
            asked: id(5).version,
        },
        ended,
    };
    let ended = Completion {
        outcome: Outcome::Exited(0),
        at: Some(WallTime(1_700_000_000_000)),
        note: Some("done".parse().expect("a note")),
    };
    let runs = [(key(0), run(Some(ended))), (key(1), run(None))];
    its.entrusted.content.runs = Runs::new(runs, (6, 7)).expect("two");
    its
}

fn vote(ballot: Option<Ballot>) -> Vote<Entry> {
    Vote {
        ballot,
        entrusted: entrusted(),
    }
}

fn asked(ballot: Ballot, question: Question<Entry>) -> Consultation<Entry> {
    Consultation::Asked(Asked {
        configuration: keepers(7),
        ballot,
        question,
    })
}

fn answered(answer: Answer<Entry>) -> Consultation<Entry> {
    Consultation::Answered(Answered {
        epoch: epoch(7),
        ballot: ballot(5),
        answer,
    })
}

fn consultations() -> Vec<(&'static str, Consultation<Entry>)> {
    let accept = || Question::Accept(entrusted());
    vec![
        ("asked_prepare", asked(ballot(5), Question::Prepare)),
        ("asked_accept", asked(ballot(5), accept())),
        // Whoever comes first asks nobody before.
        ("asked_first", asked(ballot(0), accept())),
        (
            "answered_promised",
            answered(Answer::Promised(Some(vote(Some(ballot(4)))))),
        ),
        ("answered_promised_free", answered(Answer::Promised(None))),
        ("answered_accepted", answered(Answer::Accepted)),
        ("answered_outbid", answered(Answer::Outbid(ballot(6)))),
        ("answered_ahead", answered(Answer::Ahead(vote(None)))),
        ("answered_behind", answered(Answer::Behind)),
        (
            "answered_elsewhere",
            answered(Answer::Elsewhere(keepers(9))),
        ),
        ("answered_not_asked", answered(Answer::NotAsked)),
        ("chosen", Consultation::Chosen(vote(Some(ballot(5))))),
        // What a configuration begins with has no ballot.
        ("chosen_begins", Consultation::Chosen(vote(None))),
        ("chosen_runs", Consultation::Chosen(with_runs())),
        (
            "learned",
            Consultation::Learned(Learned {
                epoch: ConfigurationEpoch::FIRST,
                ballot: Some(ballot(5)),
            }),
        ),
        (
            "asked_again",
            Consultation::Asked(Asked {
                configuration: Configuration::new(epoch_again(7), [AGENT, OTHER]).expect("two"),
                ballot: ballot(5),
                question: Question::Prepare,
            }),
        ),
        (
            "answered_again",
            Consultation::Answered(Answered {
                epoch: epoch_again(7),
                ballot: ballot(5),
                answer: Answer::Accepted,
            }),
        ),
        (
            "learned_again",
            Consultation::Learned(Learned {
                epoch: epoch_again(1),
                ballot: None,
            }),
        ),
        ("collected", Consultation::Collected(WORKLOAD)),
        (
            "namesake",
            Consultation::Namesake(keepers(3).founded_by(&founders())),
        ),
    ]
}

fn verdicts() -> Vec<(&'static str, Verdict)> {
    let generation = Generation::new(7).expect("not zero");
    vec![
        ("committed", Verdict::Committed(keepers(7))),
        ("conflict", Verdict::Conflict(generation)),
        ("name_taken", Verdict::NameTaken(WORKLOAD)),
        ("not_kept", Verdict::NotKept),
        ("not_allowed", Verdict::NotAllowed),
        ("elsewhere", Verdict::Elsewhere(keepers(7))),
        ("unsettled", Verdict::Unsettled),
        ("exclusivity", Verdict::Exclusivity),
        ("mode", Verdict::Mode),
    ]
}

fn assert_frame(name: &str, frame: &Frame) {
    let bytes = golden("frames", name, &WireCodec.pack(frame));
    let read: Frame = WireCodec.unpack(&bytes).expect(name);
    assert_eq!(&read, frame);
}

#[test]
fn what_keepers_say_is_packed_as_ever() {
    let assert_said = |said: &str, sequence, what| {
        let consults = Consults {
            name: "hello".parse().expect("legal"),
            sequence: CommitSequence(sequence),
            what,
        };
        let frame = Frame::Consults(Box::new(consults));
        assert_frame(&format!("consults_{said}"), &frame);
    };
    for (said, what) in consultations() {
        assert_said(said, 0, what);
    }
    let (_, what) = consultations().swap_remove(0);
    assert_said("numbered", 7, what);
}

#[test]
fn what_keepers_remember_of_each_other_is_packed_as_ever() {
    let asked_in = BootEpoch(3);
    for (name, sequence) in [("saw", 7), ("saw_nothing", 0)] {
        let sequence = CommitSequence(sequence);
        let saw = Recall::Saw { asked_in, sequence };
        assert_frame(&format!("recall_{name}"), &Frame::Recall(saw));
    }
    let asks = Recall::Asks { asked_in };
    assert_frame("recall_asks", &Frame::Recall(asks));
}

#[test]
fn a_submission_is_packed_as_ever() {
    let intent = intent();
    let submission = Submission { intent };
    assert_frame("submission", &Frame::Submission(Box::new(submission)));
}

#[test]
fn what_becomes_of_a_submission_is_packed_as_ever() {
    for (name, verdict) in verdicts() {
        let settlement = Settlement {
            intent: id(1),
            verdict,
        };
        let frame = Frame::Settlement(Box::new(settlement));
        assert_frame(&format!("settlement_{name}"), &frame);
    }
}
