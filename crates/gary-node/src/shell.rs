//! The loop that joins an agent to the world: one event after the other, and all that follows from each.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use gary_agent::{Agent, Order, WriteId};
use gary_promise::{AgentId, Codec, PACKET_BYTES_MAX, PromiseId, Settlement};
use gary_store::CommitError;
use gary_transport::{Event as Heard, Events, Peer, Transport};
use gary_wire::WireCodec;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::sleep_until;

use crate::chronicle::Chronicle;
use crate::clock::Clock;
use crate::disk::Disk;
use crate::doors::Doors;
use crate::event::{Ask, Event};
use crate::gate::{Gate, agent, key};

/// Events of its own parts that wait for the loop. Whoever has one more waits.
pub(crate) const EVENTS_MAX: usize = 1_024;

/// How long peers have to take note that the node ends.
const CLOSES_WITHIN: Duration = Duration::from_millis(500);

/// What a node's own host is told.
pub(crate) trait Host: Send {
    /// Does it, and reports in its own time.
    fn order(&mut self, order: Order);
}

/// Answers whom a peer asks something over a stream of its own.
pub(crate) trait Answers: Send {
    /// Takes a request.
    fn answer(&mut self, from: Peer, kind: u8, stream: gary_transport::Stream);
}

/// A node's agent, and all that it works with.
pub(crate) struct Shell {
    pub(crate) agent: Agent<WireCodec>,
    pub(crate) clock: Clock,
    pub(crate) disk: Disk,
    pub(crate) gate: Arc<Gate>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) host: Box<dyn Host>,
    pub(crate) answers: Box<dyn Answers>,
    pub(crate) chronicle: Arc<Chronicle>,
    pub(crate) doors: Arc<Doors>,
    /// What comes once its doors are closed.
    pub(crate) then: Then,
    pub(crate) heard: Events,
    pub(crate) events: mpsc::Receiver<Event>,
    /// By which the disk says that it is done.
    pub(crate) stored: mpsc::UnboundedSender<(WriteId, Result<(), CommitError>)>,
    pub(crate) stored_events: mpsc::UnboundedReceiver<(WriteId, Result<(), CommitError>)>,
    /// Who waits for what becomes of which intent.
    pub(crate) waiting: BTreeMap<PromiseId, Vec<oneshot::Sender<Settlement>>>,
    /// How many members there were when it was last looked.
    pub(crate) members: usize,
    /// Is told when that is another number.
    pub(crate) others_changed: Arc<Notify>,
}

/// What comes once a node's doors are closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// It ends.
    Stops,
    /// It is started again.
    Restarts,
    /// It has left for good.
    Leaves,
}

/// Why a node has ended.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// It was asked to.
    #[error("it was stopped")]
    Stopped,
    /// It is to be started again at once.
    #[error("it starts again")]
    Restarts,
    /// It has left its cluster.
    #[error("it has left its cluster")]
    Left,
    /// Its disk takes nothing any more: what it would say might be forgotten.
    #[error("the disk takes nothing any more")]
    Disk(#[from] CommitError),
}

impl Shell {
    /// Runs until it is asked to end, has left, or can remember nothing more. Whoever is connected is told then, and asks
    /// somebody else at once.
    pub(crate) async fn run(mut self) -> Ended {
        let ended = self.go_on().await;
        self.events.close();
        // A peer that does not take it finds out by itself.
        let _ = tokio::time::timeout(CLOSES_WITHIN, self.transport.close()).await;
        ended
    }

    async fn go_on(&mut self) -> Ended {
        loop {
            self.carry_out().await;
            // What it serves and has to say still is seen to before it goes.
            if self.agent.has_left() && self.doors.begin_to_close() {
                self.then = Then::Leaves;
            }
            let due_at = self.clock.instant(self.agent.poll_timeout());
            tokio::select! {
                Some((write, stored)) = self.stored_events.recv() => {
                    if let Err(failed) = stored {
                        return Ended::Disk(failed);
                    }
                    self.agent.handle_stored(self.clock.now(), write);
                }
                Some(heard) = self.heard.next() => self.hear(heard),
                event = self.events.recv() => match event {
                    // Who asks for the second time does not wait for those who are still being served.
                    Some(Event::Asked(Ask::Stop)) if self.doors.begin_to_close() => {}
                    Some(Event::Asked(Ask::Stop)) | None => return Ended::Stopped,
                    Some(Event::Asked(Ask::Restart)) => {
                        if self.doors.begin_to_close() {
                            self.then = Then::Restarts;
                        }
                    }
                    Some(event) => self.take(event).await,
                },
                () = self.doors.closed() => return self.goes().await,
                () = sleep_until(due_at) => self.agent.handle_timeout(self.clock.now()),
            }
        }
    }

    /// Ends as was decided when its doors began to close.
    async fn goes(&mut self) -> Ended {
        match self.then {
            Then::Stops => Ended::Stopped,
            Then::Restarts => Ended::Restarts,
            // Whoever starts it again would have a node come back that is not expected.
            Then::Leaves => match self.disk.leave().await {
                Ok(()) => Ended::Left,
                Err(error) => Ended::Disk(error),
            },
        }
    }

    async fn take(&mut self, event: Event) {
        let now = self.clock.now();
        match event {
            Event::Reported(report) => self.agent.handle_report(now, report),
            Event::Asked(Ask::With(what)) => what(&mut self.agent, now),
            Event::Asked(Ask::Store { what, told }) => {
                what(&mut self.agent, now);
                // The disk stores one thing after the other: whoever comes behind all of this is told after it.
                self.write().await;
                self.disk.tell_once_stored(told).await;
            }
            Event::Asked(Ask::Stop | Ask::Restart) => {}
            Event::Asked(Ask::Settle { begin, told }) => {
                if let Some(intent) = begin(&mut self.agent, now) {
                    self.waiting.entry(intent).or_default().push(told);
                }
            }
        }
    }

    /// What others say. Whoever is no member has nothing to say to the agent.
    fn hear(&mut self, heard: Heard) {
        let now = self.clock.now();
        match heard {
            Heard::Datagram { from, bytes } if self.gate.is_member(from.key) => {
                self.agent.handle_packet(now, agent(from.key), &bytes);
            }
            Heard::Frame { from, bytes } if self.gate.is_member(from.key) => {
                match WireCodec.unpack(&bytes) {
                    Ok(frame) => self.agent.handle_frame(now, agent(from.key), frame),
                    Err(error) => {
                        tracing::debug!(peer = %from.key, %error, "a frame cannot be read")
                    }
                }
            }
            Heard::Request {
                from, kind, stream, ..
            } => self.answers.answer(from, kind, stream),
            Heard::Datagram { .. } | Heard::Frame { .. } => {}
            Heard::Connected { peer, .. } => tracing::debug!(peer = %peer.key, "connected"),
            Heard::Lost { peer, ending } => tracing::debug!(peer = %peer.key, ?ending, "lost"),
        }
    }

    /// Hands the disk all that the agent wants stored.
    async fn write(&mut self) {
        while let Some(write) = self.agent.poll_write() {
            self.chronicle.tell_of(&write, &self.agent);
            let stored = self.stored.clone();
            let done = move |id, result| {
                // The loop is over, and nobody waits for the disk.
                let _ = stored.send((id, result));
            };
            self.disk.write(&write, done).await;
        }
    }

    /// Takes all that the agent has, and does it.
    async fn carry_out(&mut self) {
        self.write().await;
        while let Some((to, packet)) = self.agent.poll_packet() {
            debug_assert!(packet.len() <= PACKET_BYTES_MAX);
            let to = Peer {
                key: key(to.agent),
                address: to.address,
            };
            // What cannot be sent is lost, and membership lives with that.
            let _ = self.transport.send_datagram(to, packet.into());
        }
        while let Some(transmit) = self.agent.poll_transmit() {
            let to = Peer {
                key: key(transmit.to),
                address: self.address_of(&transmit.to),
            };
            let _ = self
                .transport
                .send_frame(to, WireCodec.pack(&transmit.frame).into());
        }
        while let Some(order) = self.agent.poll_order() {
            self.host.order(order);
        }
        while let Some(settlement) = self.agent.poll_settlement() {
            for told in self.waiting.remove(&settlement.intent).unwrap_or_default() {
                // Whoever asked may have left.
                let _ = told.send(settlement.clone());
            }
        }
        let members = self.agent.membership().members_count();
        if members != self.members {
            self.members = members;
            self.others_changed.notify_one();
        }
    }

    /// Where an agent is. Of whom that is not known, a connection may be there all the same.
    fn address_of(&self, agent: &AgentId) -> SocketAddr {
        let known = self.agent.membership().address_of(agent);
        known.unwrap_or((Ipv4Addr::UNSPECIFIED, 0).into())
    }
}
