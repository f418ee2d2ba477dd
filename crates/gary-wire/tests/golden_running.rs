//! What hosts of what runs to completion and its keepers say to one another, as it was packed once, in `testdata/frames`.

mod blessed;

use blessed::golden;
use gary_promise::{
    AgentId, BootEpoch, Codec, Completion, Failure, Frame, Generation, Outcome, PromiseId, Run,
    RunKey, RunWord, Runner, Running, Slot, Tick, Version, WallTime, WorkloadId,
};
use gary_wire::WireCodec;

const WORKLOAD: WorkloadId = WorkloadId::from_bytes([0x11; 16]);
const AGENT: AgentId = AgentId::from_bytes([0x33; 32]);

fn version(epoch: u64) -> Version {
    Version::first(BootEpoch(epoch))
}

fn key() -> RunKey {
    RunKey {
        tick: Tick(28_400_000),
        slot: Slot(1),
    }
}

fn run(ended: Option<Completion>) -> Run {
    Run {
        attempt: 2,
        failures: 1,
        by: Runner {
            offer: PromiseId {
                promiser: AGENT,
                version: version(3),
            },
            asked: version(4),
        },
        ended,
    }
}

fn completion(outcome: Outcome) -> Completion {
    Completion {
        outcome,
        at: Some(WallTime(1_700_000_000_000)),
        note: Some("no such file".parse().expect("a note")),
    }
}

fn words() -> Vec<(&'static str, RunWord)> {
    let failed = completion(Outcome::Failed(Failure::Start));
    let bare = Completion {
        outcome: Outcome::Lost,
        at: None,
        note: None,
    };
    vec![
        ("claims", RunWord::Claims),
        ("ends", RunWord::Ends(completion(Outcome::Exited(3)))),
        ("stands", RunWord::Stands(key(), run(None))),
        ("stands_ended", RunWord::Stands(key(), run(Some(failed)))),
        ("kept", RunWord::Kept(Some((key(), run(Some(bare)))))),
        ("kept_nothing", RunWord::Kept(None)),
    ]
}

#[test]
fn what_is_said_of_a_run_is_packed_as_ever() {
    for (name, word) in words() {
        let frame = Frame::Running(Box::new(Running {
            workload: WORKLOAD,
            generation: Generation::FIRST,
            offer: version(3),
            asked: version(4),
            key: key(),
            word,
        }));
        let bytes = golden(
            "frames",
            &format!("running_{name}"),
            &WireCodec.pack(&frame),
        );
        let read: Frame = WireCodec.unpack(&bytes).expect(name);
        assert_eq!(read, frame);
    }
}
