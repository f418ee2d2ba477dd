//! What a node remembers, on its disk: its key, its starts, how it was admitted, and what its agent does.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use gary_agent::{Fact, Write, WriteId};
use gary_promise::{AgentId, BootEpoch};
use gary_store::{Batch, CommitError, GetError, IDENTITY, OpenError, Store};
use tokio::sync::oneshot;

use crate::cluster::{Chain, Credentials, Revocations};
use crate::facts::{Row, Rows, Table, UnreadableRow, fact_of};

const SEED: &[u8] = b"seed";
const CLUSTER: &[u8] = b"cluster";
const ADMISSION: &[u8] = b"admission";
const STARTS: &[u8] = b"starts";
const NAME: &[u8] = b"name";
const PEERS: &[u8] = b"peers";
const REVOCATIONS: &[u8] = b"revocations";
const LEFT: &[u8] = b"left";

/// What a node remembers, on its disk.
pub(crate) struct Disk {
    store: Arc<Store>,
    rows: Rows,
}

/// A node that is a member of a cluster, or is about to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// What its key grows from.
    pub(crate) seed: [u8; 32],
    /// Of which cluster.
    pub(crate) cluster: [u8; 32],
    /// How it was admitted.
    pub(crate) chain: Chain,
    /// What people call it.
    pub(crate) name: String,
}

/// A node's state cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// The directory, or the file in it.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It cannot be read.
    #[error("the state cannot be read")]
    Read(#[from] GetError),
    /// It cannot be written.
    #[error("the state cannot be written")]
    Write(#[from] CommitError),
    /// It is not what it was written as.
    #[error("the state is damaged: {what}")]
    Damaged {
        /// What of it.
        what: String,
    },
}

impl From<UnreadableRow> for DiskError {
    fn from(row: UnreadableRow) -> Self {
        let why = std::error::Error::source(&row).map(ToString::to_string);
        Self::Damaged {
            what: format!("{row}: {}", why.unwrap_or_default()),
        }
    }
}

impl Disk {
    /// Opens what is in a state directory.
    pub(crate) fn open(dir: &Path) -> Result<Self, DiskError> {
        Ok(Self {
            store: Arc::new(Store::open(dir)?),
            rows: Rows::default(),
        })
    }

    /// Which node it is of, if it is of one.
    pub(crate) fn identity(&self) -> Result<Option<Identity>, DiskError> {
        let get = |key| self.store.get(IDENTITY, key);
        let Some(seed) = get(SEED)? else {
            return Ok(None);
        };
        let damaged = |what: &str| DiskError::Damaged { what: what.into() };
        let key = |bytes: Option<Vec<u8>>| bytes.and_then(|bytes| bytes.try_into().ok());
        let chain = get(ADMISSION)?.and_then(|bytes| Credentials::unpack(&bytes));
        let Some(Credentials::Admitted(chain)) = chain else {
            return Err(damaged("the admission"));
        };
        let name = get(NAME)?.and_then(|bytes| String::from_utf8(bytes).ok());
        Ok(Some(Identity {
            seed: key(Some(seed)).ok_or_else(|| damaged("the key"))?,
            cluster: key(get(CLUSTER)?).ok_or_else(|| damaged("the cluster"))?,
            chain,
            name: name.ok_or_else(|| damaged("the name"))?,
        }))
    }

    /// Makes it that of a node.
    pub(crate) async fn found(&self, identity: &Identity) -> Result<(), DiskError> {
        let mut batch = Batch::new();
        let chain = Credentials::Admitted(identity.chain.clone()).pack();
        batch.put(IDENTITY, SEED, identity.seed);
        batch.put(IDENTITY, CLUSTER, identity.cluster);
        batch.put(IDENTITY, ADMISSION, chain);
        batch.put(IDENTITY, NAME, identity.name.as_bytes());
        Ok(self.store.commit(batch).await?)
    }

    /// Counts one more start, for good: no earlier one ever has the same number.
    pub(crate) async fn count_start(&self) -> Result<BootEpoch, DiskError> {
        let starts = self.store.get(IDENTITY, STARTS)?;
        let starts = starts.map(|bytes| bytes.try_into().map(u64::from_be_bytes));
        let starts = starts.transpose().map_err(|_| DiskError::Damaged {
            what: "the number of starts".into(),
        })?;
        let starts = starts.unwrap_or(0) + 1;
        let mut batch = Batch::new();
        batch.put(IDENTITY, STARTS, starts.to_be_bytes());
        self.store.commit(batch).await?;
        Ok(BootEpoch(starts))
    }

    /// Whom it knew last, and where.
    pub(crate) fn peers(&self) -> Result<Vec<(AgentId, SocketAddr)>, DiskError> {
        let peers = self.store.get(IDENTITY, PEERS)?.unwrap_or_default();
        // What cannot be read is as good as nobody: a cluster is found by any of them.
        Ok(serde_json::from_slice::<Vec<(String, SocketAddr)>>(&peers)
            .unwrap_or_default()
            .into_iter()
            .filter_map(|(agent, address)| Some((agent.parse().ok()?, address)))
            .collect())
    }

    /// Whether it has left its cluster for good.
    pub(crate) fn has_left(&self) -> Result<bool, DiskError> {
        Ok(self.store.get(IDENTITY, LEFT)?.is_some())
    }

    /// It has left its cluster for good.
    pub(crate) async fn leave(&self) -> Result<(), CommitError> {
        let mut batch = Batch::new();
        batch.put(IDENTITY, LEFT, []);
        self.store.commit(batch).await
    }

    /// Who was revoked, as far as it had heard.
    pub(crate) fn revocations(&self) -> Result<Option<Revocations>, DiskError> {
        let packed = self.store.get(IDENTITY, REVOCATIONS)?;
        let read = packed.map(|bytes| Revocations::unpack(&bytes));
        read.map(|list| {
            list.ok_or_else(|| DiskError::Damaged {
                what: "who was revoked".into(),
            })
        })
        .transpose()
    }

    /// Where it is stored who was revoked.
    pub(crate) fn for_revocations(&self) -> RevocationStore {
        RevocationStore(Arc::clone(&self.store))
    }

    /// Where it is stored whom it knows.
    pub(crate) fn for_peers(&self) -> PeerStore {
        PeerStore(Arc::clone(&self.store))
    }

    /// All that its agent remembers.
    pub(crate) fn facts(&mut self) -> Result<Vec<Fact>, DiskError> {
        let mut facts = Vec::new();
        for table in Table::ALL {
            for row in self.store.iterate(stored(table))? {
                let (key, value) = row?;
                self.rows.after(table, &key);
                facts.extend(fact_of(table, &key, &value)?);
            }
        }
        Ok(facts)
    }

    /// Writes what its agent wants stored. `done` is called once it is, or is not.
    pub(crate) async fn write(
        &mut self,
        write: &Write,
        done: impl FnOnce(WriteId, Result<(), CommitError>) + Send + 'static,
    ) {
        let mut batch = Batch::new();
        for row in write.facts.iter().flat_map(|fact| self.rows.of(fact)) {
            let Row { table, key, value } = row;
            match value {
                Some(value) => batch.put(stored(table), key, value),
                None => batch.delete(stored(table), key),
            }
        }
        let id = write.id;
        self.store
            .submit(batch, move |stored| done(id, stored))
            .await;
    }

    /// Tells somebody once all that was written before is stored; nothing if it is not.
    pub(crate) async fn tell_once_stored(&self, told: oneshot::Sender<()>) {
        let done = move |stored: Result<(), CommitError>| {
            if stored.is_ok() {
                // Whoever asked may have left.
                let _ = told.send(());
            }
        };
        self.store.submit(Batch::new(), done).await;
    }
}

/// Where it is stored whom a node knows.
pub(crate) struct PeerStore(Arc<Store>);

impl PeerStore {
    /// Stores it, in the place of whom it knew before.
    pub(crate) async fn store(&self, peers: &[(AgentId, SocketAddr)]) -> Result<(), CommitError> {
        let peers = peers.iter().map(|(agent, at)| (agent.to_string(), at));
        let peers = serde_json::to_vec(&Vec::from_iter(peers)).unwrap_or_default();
        let mut batch = Batch::new();
        batch.put(IDENTITY, PEERS, peers);
        self.0.commit(batch).await
    }
}

/// Where it is stored who was revoked.
pub(crate) struct RevocationStore(Arc<Store>);

impl RevocationStore {
    /// Stores it, in the place of an earlier list.
    pub(crate) async fn store(&self, list: &Revocations) -> Result<(), CommitError> {
        let mut batch = Batch::new();
        batch.put(IDENTITY, REVOCATIONS, list.pack());
        self.0.commit(batch).await
    }
}

fn stored(table: Table) -> gary_store::Table {
    gary_store::Table::new(table.name())
}

#[cfg(test)]
mod tests {
    use gary_agent::{Afterwards, Drain};
    use gary_promise::Notice;

    use super::*;

    #[tokio::test]
    async fn who_is_told_once_it_is_stored_is_told_when_it_is_there() {
        let dir = tempfile::tempdir().expect("there is a place for it");
        let mut disk = Disk::open(dir.path()).expect("it is new");
        let fact = Fact::Drained(Some(Drain {
            within: Notice::from_ms(1_000).expect("it is short enough"),
            then: Afterwards::Stays,
        }));
        let write = Write {
            id: WriteId(1),
            facts: vec![fact.clone()],
        };
        disk.write(&write, |_, _| {}).await;
        let (told, is_told) = oneshot::channel();
        disk.tell_once_stored(told).await;
        is_told.await.expect("the disk takes it");
        assert_eq!(disk.facts().expect("it can be read"), [fact]);
    }
}
