//! A connection in memory.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use tokio::sync::{Mutex as AsyncMutex, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::pipe::pipe;
use crate::link::FRAME_STREAMS_MAX;
use crate::stream::Used;
use crate::{
    Closing, Code, Connection, Ending, Incoming, Lane, PeerKey, RecvStream, SendStream, Settings,
};

/// Datagrams that wait to be read. The next one is lost.
const DATAGRAMS_MAX: usize = 64;

/// Is done at the end of a connection.
pub(super) type Closed = Shared<BoxFuture<'static, ()>>;

/// What both ends of a connection share.
pub(super) struct Wire {
    ends: [End; 2],
    lane: Lane,
    closed: Closed,
    /// Taken by whichever end closes the connection.
    open: Mutex<Result<oneshot::Sender<()>, (usize, Closing)>>,
}

/// One end: who is there, and what has come for it.
pub(super) struct End {
    key: PeerKey,
    address: SocketAddr,
    stream_bytes: usize,
    datagrams: Queue<Bytes>,
    uni: Queue<RecvStream>,
    bi: Queue<(SendStream, RecvStream)>,
    uni_max: Arc<Semaphore>,
    bi_max: Arc<Semaphore>,
}

struct Queue<T> {
    send: mpsc::Sender<T>,
    recv: AsyncMutex<mpsc::Receiver<T>>,
}

/// One side's hold on a connection.
#[derive(Clone)]
pub(crate) struct MemoryConnection {
    wire: Arc<Wire>,
    side: usize,
    _hold: Arc<Hold>,
}

/// Ends the connection when one side has let go of it.
struct Hold(Arc<Wire>, usize);

/// A connection that somebody has dialled.
pub(crate) struct MemoryIncoming(Option<MemoryConnection>);

/// Both sides of a new connection, the dialler's first.
pub(super) fn connect(ends: [End; 2], lane: Lane) -> [MemoryConnection; 2] {
    let (open, closed) = oneshot::channel();
    let wire = Arc::new(Wire {
        ends,
        lane,
        closed: closed.map(drop).boxed().shared(),
        open: Mutex::new(Ok(open)),
    });
    [0, 1].map(|side| MemoryConnection {
        wire: Arc::clone(&wire),
        side,
        _hold: Arc::new(Hold(Arc::clone(&wire), side)),
    })
}

impl Wire {
    /// Ends the connection on behalf of one side, if neither has before.
    pub(super) fn close(&self, side: usize, closing: &Closing) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.is_ok() {
            // What is dropped here is what everybody waits for.
            *open = Err((side, closing.clone()));
        }
    }
}

impl End {
    pub(super) fn new(key: PeerKey, address: SocketAddr, settings: &Settings) -> Self {
        let (uni_max, bi_max) = (FRAME_STREAMS_MAX as usize, settings.requests_max as usize);
        Self {
            key,
            address,
            stream_bytes: settings.stream_window_bytes as usize,
            datagrams: Queue::new(DATAGRAMS_MAX),
            uni: Queue::new(uni_max),
            bi: Queue::new(bi_max),
            uni_max: Arc::new(Semaphore::new(uni_max)),
            bi_max: Arc::new(Semaphore::new(bi_max)),
        }
    }

    /// A stream that is read at this end.
    fn pipe(&self, closed: &Closed, used: &Used) -> (SendStream, RecvStream) {
        pipe(self.stream_bytes, closed, used)
    }
}

impl<T> Queue<T> {
    fn new(max: usize) -> Self {
        let (send, recv) = mpsc::channel(max.max(1));
        let recv = AsyncMutex::new(recv);
        Self { send, recv }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.close(self.1, &Closing::new(Code::Done, "let go of"));
    }
}

impl MemoryIncoming {
    pub(super) fn new(connection: MemoryConnection) -> Self {
        Self(Some(connection))
    }

    pub(super) fn connection(&self) -> Option<&MemoryConnection> {
        self.0.as_ref()
    }
}

impl Incoming for MemoryIncoming {
    type Connection = MemoryConnection;

    async fn accept(mut self) -> Result<MemoryConnection, Ending> {
        self.0.take().ok_or(Ending::Here)
    }
}

impl Drop for MemoryIncoming {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            connection.close(&Closing::new(Code::NoRoom, "too many at once"));
        }
    }
}

impl MemoryConnection {
    /// What it takes to end it later.
    pub(super) fn end(&self) -> (Weak<Wire>, usize) {
        (Arc::downgrade(&self.wire), self.side)
    }

    fn here(&self) -> &End {
        &self.wire.ends[self.side]
    }

    fn there(&self) -> &End {
        &self.wire.ends[1 - self.side]
    }

    /// Waits for something, or for the end.
    async fn unless_closed<T>(&self, something: impl Future<Output = Option<T>>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.wire.closed.clone() => None,
            something = something => something,
        }
    }

    async fn permit(&self, max: &Arc<Semaphore>) -> Result<Used, Ending> {
        let permit = async { Arc::clone(max).acquire_owned().await.ok() };
        match self.unless_closed(permit).await {
            Some(permit) => Ok(Arc::<OwnedSemaphorePermit>::new(permit)),
            None => Err(self.closed().await),
        }
    }
}

impl Connection for MemoryConnection {
    fn peer(&self) -> PeerKey {
        self.there().key
    }

    fn address(&self) -> SocketAddr {
        self.there().address
    }

    fn lane(&self) -> Lane {
        self.wire.lane
    }

    fn send_datagram(&self, bytes: Bytes) {
        // Lost when there are too many, as on any network.
        let _ = self.there().datagrams.send.try_send(bytes);
    }

    async fn read_datagram(&self) -> Option<Bytes> {
        let read = async { self.here().datagrams.recv.lock().await.recv().await };
        self.unless_closed(read).await
    }

    async fn open_uni(&self) -> Result<SendStream, Ending> {
        let permit = self.permit(&self.there().uni_max).await?;
        let (send, recv) = self.there().pipe(&self.wire.closed, &permit);
        // There are as many places as permits, and the receiver stays as long as the wire.
        let _ = self.there().uni.send.try_send(recv);
        Ok(send)
    }

    async fn accept_uni(&self) -> Option<RecvStream> {
        let accepted = async { self.here().uni.recv.lock().await.recv().await };
        self.unless_closed(accepted).await
    }

    async fn open_bi(&self) -> Result<(SendStream, RecvStream), Ending> {
        let permit = self.permit(&self.there().bi_max).await?;
        let (send, far_recv) = self.there().pipe(&self.wire.closed, &permit);
        let (far_send, recv) = self.here().pipe(&self.wire.closed, &permit);
        // As above.
        let _ = self.there().bi.send.try_send((far_send, far_recv));
        Ok((send, recv))
    }

    async fn accept_bi(&self) -> Option<(SendStream, RecvStream)> {
        let accepted = async { self.here().bi.recv.lock().await.recv().await };
        self.unless_closed(accepted).await
    }

    fn close(&self, closing: &Closing) {
        self.wire.close(self.side, closing);
    }

    async fn closed(&self) -> Ending {
        self.wire.closed.clone().await;
        let open = self.wire.open.lock();
        let open = open.unwrap_or_else(PoisonError::into_inner);
        match &*open {
            Err((side, closing)) if *side != self.side => {
                Closing::received(closing.code as u64, closing.reason().as_bytes())
            }
            _ => Ending::Here,
        }
    }
}
