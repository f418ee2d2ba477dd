//! What two agents say to each other before they may say anything else.
//!
//! Whoever dialled opens the first stream and presents itself on it. The other side lets it in by
//! presenting itself in return, or refuses by closing the connection with a reason.

use std::io;

use bytes::Bytes;
use futures::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::carrier::{Closing, Code, Connection};
use crate::frame;
use crate::peers::Life;
use crate::{DialError, Doorkeeper, Ending, RecvStream, SendStream};

/// What an agent says of itself.
pub(crate) struct Presented {
    pub(crate) life: Life,
    pub(crate) credentials: Bytes,
}

/// The door between this agent and others.
pub(crate) struct Door<'a> {
    pub(crate) doorkeeper: &'a dyn Doorkeeper,
    /// The life of this agent.
    pub(crate) life: Life,
    pub(crate) credentials_bytes_max: usize,
}

/// Why a peer is not let in.
struct NotAdmitted(String);

impl Door<'_> {
    /// Presents this agent to a peer that was dialled, and judges what it presents in return.
    pub(crate) async fn knock(&self, connection: &impl Connection) -> Result<Presented, DialError> {
        self.refuse_key(connection)?;
        let answer = async {
            let (mut send, mut recv) = connection.open_bi().await.ok()?;
            self.present(connection, &mut send).await.ok()?;
            self.read(&mut recv).await.ok()
        };
        let Some(presented) = answer.await else {
            return Err(self.end(connection).into());
        };
        self.check(connection, &presented).await?;
        Ok(presented)
    }

    /// Judges what a peer presents that has dialled. It is let in by [`Door::answer`] on the stream
    /// that comes with it, and may be refused until then.
    pub(crate) async fn hear(
        &self,
        connection: &impl Connection,
    ) -> Result<(Presented, SendStream), DialError> {
        self.refuse_key(connection)?;
        let question = async {
            let (send, mut recv) = connection.accept_bi().await?;
            let presented = self.read(&mut recv).await.ok()?;
            Some((send, presented))
        };
        let Some((send, presented)) = question.await else {
            return Err(self.end(connection).into());
        };
        self.check(connection, &presented).await?;
        Ok((presented, send))
    }

    /// Lets a peer in that has dialled, by presenting this agent in return.
    pub(crate) async fn answer(
        &self,
        connection: &impl Connection,
        mut send: SendStream,
    ) -> Result<(), DialError> {
        let presented = self.present(connection, &mut send).await;
        presented.map_err(|_| self.end(connection).into())
    }

    fn refuse_key(&self, connection: &impl Connection) -> Result<(), DialError> {
        if self.doorkeeper.admits(connection.peer()) {
            return Ok(());
        }
        let reason = "the key is not admitted".to_owned();
        Err(refuse(connection, NotAdmitted(reason)))
    }

    async fn check(
        &self,
        connection: &impl Connection,
        presented: &Presented,
    ) -> Result<(), DialError> {
        let (peer, address) = (connection.peer(), connection.address());
        let checked = self.doorkeeper.check(peer, address, &presented.credentials);
        let refused = |reason| refuse(connection, NotAdmitted(reason));
        checked.await.map_err(refused)
    }

    async fn present(&self, connection: &impl Connection, send: &mut SendStream) -> io::Result<()> {
        let credentials = self.doorkeeper.credentials(connection.peer());
        send.write_all(&self.life).await?;
        frame::write(send, &credentials).await?;
        send.shutdown().await
    }

    async fn read(&self, recv: &mut RecvStream) -> Result<Presented, frame::ReadError> {
        let mut life = Life::default();
        recv.read_exact(&mut life).await?;
        let credentials = frame::read(recv, self.credentials_bytes_max).await?;
        let credentials =
            credentials.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        Ok(Presented { life, credentials })
    }

    /// Why a conversation at the door broke off. If the connection stands, the peer did not keep to
    /// the protocol. To close it first would hide the reason that the peer may have given.
    fn end(&self, connection: &impl Connection) -> Ending {
        connection.closed().now_or_never().unwrap_or_else(|| {
            let reason = "no credentials were presented";
            connection.close(&Closing::new(Code::Broken, reason));
            Ending::Broken(reason.to_owned())
        })
    }
}

fn refuse(connection: &impl Connection, NotAdmitted(reason): NotAdmitted) -> DialError {
    connection.close(&Closing::new(Code::Refused, &reason));
    DialError::NotAdmitted { reason }
}
