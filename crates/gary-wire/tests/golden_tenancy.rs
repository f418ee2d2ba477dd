//! What hosts of an exclusive workload and its keepers say to one another, as it was packed once, in `testdata/frames`.

mod blessed;

use blessed::golden;
use gary_promise::{
    AgentId, BootEpoch, BootNonce, Claim, Codec, Configuration, ConfigurationEpoch, Era,
    FencingEpoch, Frame, Tenancy, TenancyWord, Version, WorkloadId,
};
use gary_wire::WireCodec;

const WORKLOAD: WorkloadId = WorkloadId::from_bytes([0x11; 16]);
const AGENT: AgentId = AgentId::from_bytes([0x33; 32]);
const OTHER: AgentId = AgentId::from_bytes([0x22; 32]);

fn version(epoch: u64) -> Version {
    Version::first(BootEpoch(epoch))
}

fn fencing_epoch(number: u64) -> FencingEpoch {
    let second = ConfigurationEpoch::new(2).expect("not zero");
    FencingEpoch::new(second, number).expect("not zero")
}

fn words() -> Vec<(&'static str, TenancyWord)> {
    let asked = version(4);
    let second = ConfigurationEpoch::new(2).expect("not zero");
    let keepers = || Configuration::new(second, [AGENT, OTHER]).expect("two");
    vec![
        ("asks", TenancyWord::Asks(asked)),
        (
            "grants",
            TenancyWord::Grants {
                asked,
                keepers: keepers(),
            },
        ),
        (
            "refuses",
            TenancyWord::Refuses {
                asked,
                latest: Some(fencing_epoch(8)),
                keepers: keepers(),
            },
        ),
        (
            "refuses_free",
            TenancyWord::Refuses {
                asked,
                latest: None,
                keepers: keepers(),
            },
        ),
        (
            "refuses_again",
            TenancyWord::Refuses {
                asked,
                latest: FencingEpoch::new(second.of(Era::new(1, OTHER)), 8),
                keepers: keepers(),
            },
        ),
        ("releases", TenancyWord::Releases),
    ]
}

#[test]
fn what_is_said_of_a_tenure_is_packed_as_ever() {
    for (name, word) in words() {
        let claim = Claim {
            offer: version(3),
            start: BootNonce(0x0123_4567_89ab_cdef),
            epoch: fencing_epoch(7),
        };
        let frame = Frame::Tenancy(Box::new(Tenancy {
            workload: WORKLOAD,
            claim,
            word,
        }));
        let bytes = golden(
            "frames",
            &format!("tenancy_{name}"),
            &WireCodec.pack(&frame),
        );
        let read: Frame = WireCodec.unpack(&bytes).expect(name);
        assert_eq!(read, frame);
    }
}
