//! What a person has left with a node until its keepers can be reached.

use bytes::Bytes;
use gary_promise::{Codec, PromiseId, Reason, SignedRecord};
use gary_wire::WireCodec;
use http::Method;

use super::asking::{AskError, Client};
use super::deploying::{DeployError, nonsense};
use super::person::Person;
use crate::api::{PendingShown, SettlementWord};

impl Client {
    /// What persons have left with it, and what was refused since.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn pending(&self) -> Result<Vec<PendingShown>, AskError> {
        self.get("/v1/pending").await
    }

    /// The last that a person has left with it under a name, as it was signed; `None` where nothing of that is pending.
    pub(super) async fn left_last(
        &self,
        person: &Person,
        name: &str,
    ) -> Result<Option<Bytes>, DeployError> {
        let mut left = self.pending().await?;
        left.retain(|its| its.name == name && its.verdict == SettlementWord::Pending);
        let ids = left.iter().filter_map(|its| {
            let intent = its.intent.parse::<PromiseId>().ok()?;
            (intent.promiser == person.id()).then_some((its.generation, intent))
        });
        let Some((_, last)) = ids.max() else {
            return Ok(None);
        };
        let path = format!("/v1/pending/{last}");
        match self.send(Method::GET, &path, Bytes::new()).await {
            Ok(packed) => Ok(Some(packed)),
            // It was settled just now.
            Err(AskError::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes back what a person has left with it.
    ///
    /// # Errors
    /// When it is not theirs, or not pending there.
    pub async fn withdraw(
        &self,
        person: &Person,
        pending: &PendingShown,
    ) -> Result<(), DeployError> {
        let intent: PromiseId = pending.intent.parse().map_err(nonsense)?;
        if intent.promiser != person.id() {
            return Err(DeployError::NotTheirs {
                name: pending.name.clone(),
                generation: pending.generation,
            });
        }
        let cluster = self.node().await?.cluster.parse().map_err(nonsense)?;
        let mut promiser = person.promiser(cluster)?;
        let withdrawal = promiser.withdraw_by_id(intent, Reason::Unstated, &WireCodec);
        let withdrawal = withdrawal.map_err(nonsense)?.signed().clone();
        let record = WireCodec.pack(&SignedRecord::Withdrawal(withdrawal));
        let sent = self.send(Method::POST, "/v1/pending/withdraw", record.into());
        Ok(sent.await.map(drop)?)
    }

    /// Has it show something no more that was refused.
    ///
    /// # Errors
    /// When nothing of that was refused there.
    pub async fn dismiss(&self, refused: &PendingShown) -> Result<(), DeployError> {
        let intent: PromiseId = refused.intent.parse().map_err(nonsense)?;
        let path = format!("/v1/pending/{intent}");
        let sent = self.send(Method::DELETE, &path, Bytes::new());
        Ok(sent.await.map(drop)?)
    }
}
