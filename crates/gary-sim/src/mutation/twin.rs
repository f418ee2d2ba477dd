//! Somebody who holds an agent's key, and speaks in its name without its knowledge.

use std::collections::BTreeMap;
use std::time::Duration;

use gary_promise::{
    Accept, AgentId, AgentKey, Batch, Body, BootEpoch, Condition, Frame, Host, Invitation,
    Observer, Own, Promise, PromiseId, Promiser, Reason, Signed, SignedRecord, Verified,
};

use crate::adapter::Passed;
use crate::reader::Reader;
use crate::world::CLUSTER;
use gary_wire::WireCodec;

/// Somebody who holds an agent's key. What is wrong with it, it says and does in the agent's name; what it has
/// read, it can answer.
#[derive(Debug)]
pub(super) struct Twin {
    promiser: Promiser,
    reader: Reader,
    offers: BTreeMap<PromiseId, Verified<Promise>>,
    acceptances: BTreeMap<PromiseId, Verified<Promise>>,
    pub(super) intents: BTreeMap<PromiseId, Verified<Promise>>,
}

impl Twin {
    pub(super) fn new(key: AgentKey) -> Self {
        // Its versions are never those of the agent itself.
        let epoch = BootEpoch(u64::MAX / 4);
        Self {
            promiser: Promiser::new(key, CLUSTER, epoch),
            reader: Reader::new(CLUSTER),
            offers: BTreeMap::new(),
            acceptances: BTreeMap::new(),
            intents: BTreeMap::new(),
        }
    }

    pub(super) const fn id(&self) -> AgentId {
        self.promiser.id()
    }

    /// The start that it speaks of.
    pub(super) const fn epoch(&self) -> BootEpoch {
        self.promiser.epoch()
    }

    /// Reads along.
    pub(super) fn read(&mut self, frame: &Frame) {
        match frame {
            Frame::Told(batch) => {
                for record in batch.records() {
                    if let SignedRecord::Promise(signed) = record
                        && let Some(promise) = self.reader.promise(signed).cloned()
                    {
                        self.learn(promise);
                    }
                }
            }
            Frame::Invitation(Invitation { intent, .. }) => {
                if let Some(intent) = self.reader.promise(intent).cloned() {
                    self.learn(intent);
                }
            }
            _ => {}
        }
    }

    /// Reads along what the agent hears, which changes nothing.
    pub(super) fn overhear(&mut self, from: AgentId, frame: Frame) -> Passed {
        self.read(&frame);
        Passed {
            hears: vec![(from, frame)],
            ..Passed::default()
        }
    }

    /// An intent, as it was signed.
    pub(super) fn intent(&mut self, signed: &Signed<Promise>) -> Option<Verified<Promise>> {
        self.reader.promise(signed).cloned()
    }

    fn learn(&mut self, promise: Verified<Promise>) {
        let known = match promise.body() {
            Body::Host(_) => &mut self.offers,
            Body::Accept(_) => &mut self.acceptances,
            Body::Use(_) => &mut self.intents,
            _ => return,
        };
        known.insert(promise.id(), promise);
    }

    /// The offers that it has read, and what is offered.
    pub(super) fn all_offers(&self) -> Vec<(PromiseId, Host)> {
        let theirs = self.offers.values();
        theirs
            .filter_map(|its| match its.body() {
                Body::Host(host) => Some((its.id(), host.clone())),
                _ => None,
            })
            .collect()
    }

    /// Whether somebody has really promised this, and to somebody else.
    pub(super) fn is_between_others(&mut self, record: &SignedRecord) -> bool {
        let SignedRecord::Promise(signed) = record else {
            return false;
        };
        let me = self.id();
        match self.reader.promise(signed).map(|its| its.body()) {
            Some(Body::Host(host)) => host.promisee != me,
            Some(Body::Accept(accept)) => accept.offer.promiser != me,
            _ => false,
        }
    }

    /// To whom an offer was made.
    pub(super) fn promisee(&self, offer: &PromiseId) -> Option<AgentId> {
        match self.offers.get(offer)?.body() {
            Body::Host(host) => Some(host.promisee),
            _ => None,
        }
    }

    /// An offer that it has read.
    pub(super) fn offer(&self, id: &PromiseId) -> Option<&Verified<Promise>> {
        self.offers.get(id)
    }

    /// The agent as one who assesses.
    pub(super) fn observer(&self, patience: Duration) -> Observer {
        Observer::new(&self.promiser, patience)
    }

    /// Whether a record is an offer to this agent.
    pub(super) fn is_offer_to_me(&mut self, record: &SignedRecord) -> bool {
        let SignedRecord::Promise(signed) = record else {
            return false;
        };
        let me = self.id();
        let body = self.reader.promise(signed).map(|its| its.body());
        matches!(body, Some(Body::Host(host)) if host.promisee == me)
    }

    /// Reads along what the agent stores.
    pub(super) fn read_record(&mut self, record: &SignedRecord) {
        if let SignedRecord::Promise(signed) = record
            && let Some(promise) = self.reader.promise(signed).cloned()
        {
            self.learn(promise);
        }
    }

    /// The agent's own acceptance of an offer.
    pub(super) fn acceptance_of(&self, offer: &PromiseId) -> Option<PromiseId> {
        let me = self.id();
        let all = self.acceptances.values().filter(|its| its.by() == me);
        let mut theirs =
            all.filter(|its| matches!(its.body(), Body::Accept(accept) if accept.offer == *offer));
        theirs.next().map(|its| its.id())
    }

    /// The offer whose acceptance the agent takes back by this record, for this reason, and what is offered.
    pub(super) fn offer_let_go(
        &mut self,
        record: &SignedRecord,
        reason: Reason,
    ) -> Option<(PromiseId, Host)> {
        let SignedRecord::Withdrawal(signed) = record else {
            return None;
        };
        self.reader
            .withdrawal(signed)
            .filter(|its| its.reason() == reason)?;
        let acceptance = self.reader.taken_back(signed)?;
        let Body::Accept(accept) = self.acceptances.get(&acceptance)?.body() else {
            return None;
        };
        match self.offers.get(&accept.offer)?.body() {
            Body::Host(host) => Some((accept.offer, host.clone())),
            _ => None,
        }
    }

    /// Promises something in the agent's name.
    pub(super) fn promise(&mut self, body: Body) -> Option<Verified<Promise>> {
        let condition = Condition::default();
        let made = self.promiser.promise(body, condition, &WireCodec).ok()?;
        let made = made.into_verified();
        self.learn(made.clone());
        Some(made)
    }

    /// Accepts an offer in the agent's name.
    pub(super) fn accept(&mut self, offer: &PromiseId) -> Option<Verified<Promise>> {
        let Body::Host(host) = self.offers.get(offer)?.body().clone() else {
            return None;
        };
        let workload = host.workload;
        let mut intents = self.intents.values();
        let intent = intents.rfind(|its| its.workload() == Some(workload))?.id();
        self.promise(Body::Accept(Accept {
            workload,
            intent,
            offer: *offer,
        }))
    }

    /// Takes back what the agent has promised.
    pub(super) fn withdraw(&mut self, promise: &PromiseId, reason: Reason) -> Option<Frame> {
        let known = self.offers.get(promise).or(self.acceptances.get(promise))?;
        let own: Own<Promise> = self.promiser.recognise(known.clone()).ok()?;
        let withdrawal = self.promiser.withdraw(&own, reason, &WireCodec).ok()?;
        Some(told(SignedRecord::Withdrawal(withdrawal.signed().clone())))
    }
}

/// A frame that tells one record.
pub(super) fn told(record: SignedRecord) -> Frame {
    let mut batch = Batch::default();
    let fits = batch.push(record);
    debug_assert!(fits, "an empty batch has room");
    Frame::Told(batch)
}
