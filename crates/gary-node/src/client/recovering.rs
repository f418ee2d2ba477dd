//! Beginning a name again whose keepers are gone for good.

use gary_promise::{Generation, Lineage, Update, Use, WorkloadName};
use http::Method;

use super::asking::{AskError, Client};
use super::deploying::{DeployError, Deployed, nonsense};
use super::person::Person;
use crate::api::{RecoveryShown, RecoveryWanted};

impl Client {
    /// What may be lost if it begins a name again.
    ///
    /// # Errors
    /// When it does not answer, keeps nothing under the name, or a majority of those is there who do.
    pub async fn assess_recovery(&self, name: &str) -> Result<RecoveryShown, DeployError> {
        let name: WorkloadName = name.parse().map_err(nonsense)?;
        Ok(self.get(&format!("/v1/workloads/{name}/recovery")).await?)
    }

    /// Has it begin a name again, with what stands as far as it knows: a person signs that, by what they were shown.
    ///
    /// # Errors
    /// When it does not, or something has changed since.
    pub async fn recover(
        &self,
        person: &Person,
        shown: &RecoveryShown,
    ) -> Result<Deployed, DeployError> {
        let name: WorkloadName = shown.name.parse().map_err(nonsense)?;
        let packed = hex::decode(&shown.intent).map_err(nonsense)?;
        let stands = self.standing_by(&packed, &name).await?;
        let next = Generation::new(shown.next);
        let next = next.ok_or_else(|| nonsense("there is no generation 0"))?;
        let update = Update::new(stands.workload(), next).map_err(nonsense)?;
        let wanted = Use {
            lineage: Lineage::Updates(update),
            ..stands.wanted().clone()
        };
        let (replicas, needs) = (wanted.valency.get(), wanted.needs.clone());
        let signed = self.sign(person, wanted).await?;
        let wanted = RecoveryWanted {
            assessment: shown.assessment.clone(),
            intent: hex::encode(signed),
        };
        let body = serde_json::to_vec(&wanted).map_err(AskError::from)?;
        let path = format!("/v1/workloads/{name}/recovery");
        let answer = self.send(Method::POST, &path, body.into()).await?;
        Ok(Deployed {
            needs,
            moved: None,
            replicas: (Some(replicas), replicas),
            generation: shown.next,
            settlement: serde_json::from_slice(&answer).map_err(AskError::from)?,
        })
    }
}
