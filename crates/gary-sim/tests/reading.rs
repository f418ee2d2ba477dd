//! How a keeper that has voted, and does not hear what was chosen, finds that out.

use std::collections::BTreeSet;
use std::time::Duration;

use gary_agent::{Dealings, REPLACES_AFTER, Setup, Shown};
use gary_promise::{
    AgentId, AgentKey, Answer, Answered, Asked, Ballot, Body, BootEpoch, CommitSequence, Condition,
    Configuration, ConfigurationEpoch, Consider, Consultation, Consults, Earlier, Entrusted, Entry,
    Frame, Portion, Promiser, Question, Recall, Runs, Submitters, Time, WorkloadName, rendezvous,
};
use gary_sim::{CLUSTER, Frailty, capacity, intent};
use gary_wire::WireCodec;

const CORE: u64 = 1_000_000;
const MEBIBYTE: u64 = 1 << 20;

/// How long a keeper that has voted waits to hear what was chosen.
const READS_AFTER: Duration = Duration::from_secs(2);

/// How long those who were asked have to answer, and whoever was outbid waits at most.
const SOON: Duration = Duration::from_millis(600);

fn promiser(number: u8) -> Promiser {
    Promiser::new(AgentKey::from_seed(&[number; 32]), CLUSTER, BootEpoch(1))
}

fn consider() -> Option<Consider> {
    let submitters = Submitters::AnyClient;
    Some(Consider { submitters })
}

/// A keeper of a name, which has voted for what another asks for.
struct Scene {
    me: Dealings<WireCodec>,
    now: Time,
    name: WorkloadName,
    others: [AgentId; 2],
}

impl Scene {
    fn new() -> Self {
        let now = Time::from_us(1_000_000);
        let setup = Setup {
            key: AgentKey::from_seed(&[1; 32]),
            cluster: CLUSTER,
            epoch: BootEpoch(1),
            capacity: capacity(CORE, MEBIBYTE),
            consider: consider(),
            declines: false,
            replaces_after: REPLACES_AFTER,
            seed: 1,
        };
        let mut me = Dealings::new(setup, WireCodec, now);
        let others = [2, 3].map(|number| promiser(number).id());
        for peer in others {
            let shown = Shown {
                capacity: Some(capacity(CORE, MEBIBYTE).into()),
                consider: consider(),
                ..Shown::default()
            };
            me.handle_sheet(now, peer, shown);
            me.handle_liveness(now, peer, true);
        }

        let portion = Portion::new(CORE / 10, MEBIBYTE).expect("something of both");
        let wanted = intent(1, portion, Frailty::Sound);
        let name = wanted.name.clone();
        let made = promiser(4).promise(
            Body::Use(Box::new(wanted)),
            Condition::default(),
            &WireCodec,
        );
        let mut keepers = [me.id(), others[0], others[1]];
        keepers.sort_by_key(|its| rendezvous(name.as_str().as_bytes(), *its));
        let configuration = Configuration::new(ConfigurationEpoch::FIRST, keepers);
        let configuration = configuration.expect("three");
        let entry = Entry {
            intent: made.expect("it is short").signed().clone(),
            earlier: Earlier::default(),
            runs: Runs::default(),
        };
        let mut scene = Self {
            me,
            now,
            name,
            others,
        };
        let ballot = scene.ballot(1);
        scene.hear(
            others[0],
            Consultation::Asked(Asked {
                configuration: configuration.clone(),
                ballot,
                question: Question::Accept(Entrusted {
                    configuration,
                    content: entry,
                }),
            }),
        );
        scene.drain();
        scene
    }

    /// An attempt of the first of the others.
    fn ballot(&self, counter: u64) -> Ballot {
        Ballot {
            counter,
            by: self.others[0],
            epoch: BootEpoch(1),
        }
    }

    fn hear(&mut self, from: AgentId, what: Consultation<Entry>) {
        let name = self.name.clone();
        let consults = Frame::Consults(Box::new(Consults {
            name,
            sequence: CommitSequence(0),
            what,
        }));
        self.me.handle_frame(self.now, from, consults);
    }

    /// Stores everything, and says who is asked what was voted for, and in which attempt.
    fn drain(&mut self) -> Vec<(AgentId, Ballot)> {
        let mut asked = Vec::new();
        loop {
            while let Some(write) = self.me.poll_write() {
                self.me.handle_stored(write.id);
            }
            let Some(transmit) = self.me.poll_transmit() else {
                return asked;
            };
            match transmit.frame {
                Frame::Consults(consults) => {
                    if let Consultation::Asked(its) = consults.what {
                        asked.push((transmit.to, its.ballot));
                    }
                }
                // Nobody has seen it before.
                Frame::Recall(Recall::Asks { asked_in }) => {
                    let sequence = CommitSequence(0);
                    let saw = Frame::Recall(Recall::Saw { asked_in, sequence });
                    self.me.handle_frame(self.now, transmit.to, saw);
                }
                _ => {}
            }
        }
    }

    /// Lets time go by until somebody is asked, or none is left.
    fn run(&mut self, time: Duration) -> Vec<(AgentId, Ballot)> {
        let until = self.now.after(time);
        while let Some(due_at) = self.me.poll_timeout().filter(|at| *at <= until) {
            self.now = due_at;
            self.me.handle_timeout(due_at);
            let asked = self.drain();
            if !asked.is_empty() {
                return asked;
            }
        }
        self.now = until;
        Vec::new()
    }
}

#[test]
fn who_was_outbid_by_what_may_be_given_up_long_since_tries_once_more_at_once() {
    // The other is gone, or has promised the same later attempt.
    for answer in [&[0_usize][..], &[0, 1]] {
        let mut scene = Scene::new();
        let asked = scene.run(READS_AFTER);
        let everybody: BTreeSet<AgentId> = scene.others.into();
        let whom: BTreeSet<AgentId> = asked.iter().map(|(to, _)| *to).collect();
        assert_eq!(whom, everybody, "it finds out by itself");

        let (_, ballot) = asked[0];
        let later = scene.ballot(ballot.counter + 7);
        for at in answer {
            let answered = Answered {
                epoch: ConfigurationEpoch::FIRST,
                ballot,
                answer: Answer::Outbid(later),
            };
            scene.hear(scene.others[*at], Consultation::Answered(answered));
        }
        let again = scene.run(SOON);
        assert!(again.iter().any(|(_, its)| *its > later), "{again:?}");

        // Whoever outbids it then is there.
        let (_, ballot) = again[0];
        let later = scene.ballot(ballot.counter + 7);
        for from in scene.others {
            let answered = Answered {
                epoch: ConfigurationEpoch::FIRST,
                ballot,
                answer: Answer::Outbid(later),
            };
            scene.hear(from, Consultation::Answered(answered));
        }
        assert_eq!(scene.run(SOON), []);
    }
}
