//! What a keeper makes of a host that leaves.

use std::collections::BTreeSet;
use std::time::Duration;

use gary_agent::{Acknowledgement, Afterwards, DeployError, Drain};
use gary_promise::{
    AgentId, Condition, Frame, Notice, Own, Promise, SignedRecord, Slot, WorkloadId,
};

use crate::scene::{Scene, told};

/// One of a workload, hosted by the first of three peers.
fn hosted(scene: &mut Scene) -> (WorkloadId, Own<Promise>) {
    let (workload, _) = scene.deploy(1, Condition::default());
    let mut offered = None;
    scene.run(Duration::from_secs(1), |scene, to, frame| {
        let is_asked = matches!(frame, Frame::Invitation(_));
        let offer = (is_asked && offered.is_none()).then(|| scene.offer(to, workload, Slot(0), 1));
        let answer = offer.as_ref().map(|its| told(its.signed().clone()));
        offered = offered.take().or(offer);
        answer
    });
    let offer = offered.expect("somebody was asked");
    scene.renew(offer.by(), offer.id());
    (workload, offer)
}

/// What has become of a slot whose host leaves.
#[derive(Default)]
struct Heard {
    /// Who was asked for it, as one in which something runs that goes then.
    asked: BTreeSet<AgentId>,
    /// Who offers, and what.
    offered: Option<Own<Promise>>,
    /// Whether the acceptance of the one that leaves is taken back.
    is_let_go: bool,
}

impl Heard {
    /// Whoever is asked offers, if nobody has.
    fn hear(
        &mut self,
        scene: &mut Scene,
        workload: WorkloadId,
        to: AgentId,
        frame: &Frame,
    ) -> Option<Frame> {
        match frame {
            Frame::Invitation(invitation) => {
                assert!(invitation.awaited.contains(&Slot(0)), "it runs elsewhere");
                self.asked.insert(to);
                if self.offered.is_some() {
                    return None;
                }
                let offer = scene.offer(to, workload, Slot(0), 1);
                let answer = told(offer.signed().clone());
                self.offered = Some(offer);
                Some(answer)
            }
            Frame::Told(batch) => {
                let mut records = batch.records().iter();
                self.is_let_go |= records.any(|its| matches!(its, SignedRecord::Withdrawal(_)));
                None
            }
            _ => None,
        }
    }
}

#[test]
fn who_leaves_is_let_go_once_another_runs_the_same_and_not_before() {
    let mut scene = Scene::new(3);
    let (workload, first) = hosted(&mut scene);
    scene.drain_peer(first.by(), first.id());
    let account = scene.me.account(&workload, scene.now).expect("it is kept");
    assert_eq!(account.leaving.len(), 1);
    assert!(account.open.is_empty(), "it is hosted well until then");
    let mut heard = Heard::default();
    scene.run(Duration::from_secs(2), |scene, to, frame| {
        heard.hear(scene, workload, to, frame)
    });
    assert!(!heard.asked.is_empty() && !heard.asked.contains(&first.by()));
    assert!(!heard.is_let_go, "the other has not said that it is bound");
    let other = heard.offered.take().expect("somebody has offered");
    scene.renew_as(other.by(), other.id(), false, None);
    scene.drain_peer(first.by(), first.id());
    scene.run(Duration::from_secs(2), |scene, to, frame| {
        heard.hear(scene, workload, to, frame)
    });
    assert!(!heard.is_let_go, "the other does not run yet");
    scene.renew(other.by(), other.id());
    scene.run(Duration::from_secs(2), |scene, to, frame| {
        heard.hear(scene, workload, to, frame)
    });
    assert!(heard.is_let_go);
    assert_eq!(scene.counted(&workload), Some(other.id()));
}

#[test]
fn nobody_is_asked_for_who_stays_after_all() {
    let mut scene = Scene::new(3);
    let (workload, first) = hosted(&mut scene);
    scene.drain_peer(first.by(), first.id());
    let mut asked = 0;
    scene.run(Duration::from_secs(1), |_, _, frame| {
        asked += usize::from(matches!(frame, Frame::Invitation(_)));
        None
    });
    assert!(asked > 0, "nobody has answered");
    scene.renew(first.by(), first.id());
    let mut heard = Heard::default();
    scene.run(Duration::from_secs(5), |scene, to, frame| {
        heard.hear(scene, workload, to, frame)
    });
    assert!(heard.asked.is_empty() && !heard.is_let_go);
    let account = scene.me.account(&workload, scene.now).expect("it is kept");
    assert_eq!(account.leaving, []);
}

#[test]
fn of_two_that_leave_neither_goes_for_the_other() {
    let mut scene = Scene::new(3);
    let (workload, first) = hosted(&mut scene);
    scene.drain_peer(first.by(), first.id());
    let mut heard = Heard::default();
    scene.run(Duration::from_secs(1), |scene, to, frame| {
        heard.hear(scene, workload, to, frame)
    });
    let second = heard.offered.take().expect("somebody has offered");
    heard.asked.clear();
    scene.drain_peer(second.by(), second.id());
    scene.run(Duration::from_secs(2), |scene, to, frame| {
        heard.hear(scene, workload, to, frame)
    });
    // One of them is one too many, as any two are. Who stays is the third.
    let third = heard.offered.take().expect("the third is asked");
    assert!(third.by() != first.by() && third.by() != second.by());
    scene.renew(third.by(), third.id());
    scene.run(Duration::from_secs(2), |scene, to, frame| {
        heard.hear(scene, workload, to, frame)
    });
    assert_eq!(scene.counted(&workload), Some(third.id()));
    let account = scene.me.account(&workload, scene.now).expect("it is kept");
    assert_eq!(account.counted.len(), 1);
}

#[test]
fn who_is_drained_and_knows_of_nobody_else_says_why_it_takes_nothing() {
    let within = Notice::from_ms(30_000).expect("half a minute");
    let then = Afterwards::Stays;
    for (peers, refused) in [(0, Some(DeployError::Drained)), (1, None)] {
        let mut scene = Scene::new(peers);
        scene.me.drain(scene.now, Drain { within, then });
        let intent = scene.intended(1, Condition::default());
        let submitted = scene.me.submit(
            scene.now,
            intent.signed().clone(),
            Acknowledgement::Majority,
        );
        assert_eq!(submitted.err(), refused);
    }
}
