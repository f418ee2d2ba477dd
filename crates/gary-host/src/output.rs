//! Standard output of guests that share a process, by way of a thread that may wait for its reader.
//!
//! A terminal that is stopped or a pipe that nobody reads blocks whoever writes. A guest that is
//! served must not take a thread of the runtime with it, so its output is queued, and it is the
//! guest that waits once the queue is full.

use std::io::{self, Write};
use std::pin::Pin;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWrite;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

/// Bytes that may wait for the reader of one stream; a guest that writes more waits itself.
const QUEUE_BYTES_MAX: usize = 1 << 20;
/// Time that the reader has at the end of the process.
const FLUSH_WAIT_MAX: Duration = Duration::from_secs(1);

/// One of this process's output streams.
#[derive(Clone, Copy)]
pub(crate) enum Output {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Bytes for the thread, and the room in the queue that they take.
type Chunk = (Bytes, OwnedSemaphorePermit);

struct Queue {
    room: Arc<Semaphore>,
    chunks: Mutex<Sender<Chunk>>,
}

static STDOUT: LazyLock<Queue> = LazyLock::new(|| Queue::start("gary-stdout", io::stdout()));
static STDERR: LazyLock<Queue> = LazyLock::new(|| Queue::start("gary-stderr", io::stderr()));

impl Output {
    fn queue(self) -> &'static Queue {
        match self {
            Self::Stdout => &STDOUT,
            Self::Stderr => &STDERR,
        }
    }
}

/// Waits, for a bounded time, until what guests have written is out.
pub(crate) async fn flush() {
    let all = u32::try_from(QUEUE_BYTES_MAX).unwrap_or(u32::MAX);
    for queue in [LazyLock::get(&STDOUT), LazyLock::get(&STDERR)]
        .into_iter()
        .flatten()
    {
        let emptied = tokio::time::timeout(FLUSH_WAIT_MAX, queue.room.acquire_many(all));
        // A reader that takes nothing loses what it did not take.
        let _ = emptied.await;
    }
}

impl Queue {
    fn start(name: &str, stream: impl Write + Send + 'static) -> Self {
        let (sender, chunks) = mpsc::channel();
        let spawned = thread::Builder::new()
            .name(name.into())
            .spawn(move || write(chunks, stream));
        if let Err(error) = spawned {
            // The receiver is gone, so every write fails and the guest is told.
            tracing::warn!(%error, "no thread to write a guest's output");
        }
        Self {
            room: Arc::new(Semaphore::new(QUEUE_BYTES_MAX)),
            chunks: Mutex::new(sender),
        }
    }

    fn room_bytes(&self) -> usize {
        self.room.available_permits()
    }

    /// Queues bytes that there is room for; `None` where others were quicker.
    fn try_push(&self, bytes: &Bytes) -> Option<io::Result<()>> {
        let wanted = u32::try_from(bytes.len()).ok()?;
        let room = self.room.clone().try_acquire_many_owned(wanted).ok()?;
        Some(self.push(bytes.clone(), room))
    }

    fn push(&self, bytes: Bytes, room: OwnedSemaphorePermit) -> io::Result<()> {
        let chunks = self.chunks.lock().unwrap_or_else(PoisonError::into_inner);
        chunks
            .send((bytes, room))
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// Writes until the stream breaks; then the receiver goes, and guests see a closed stream.
fn write(chunks: Receiver<Chunk>, mut stream: impl Write) {
    while let Ok((bytes, room)) = chunks.recv() {
        if stream
            .write_all(&bytes)
            .and_then(|()| stream.flush())
            .is_err()
        {
            // Gone before the room comes back: who finds room again must not find it in here.
            drop(chunks);
            drop(room);
            return;
        }
        drop(room);
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        match self {
            Self::Stdout => io::IsTerminal::is_terminal(&io::stdout()),
            Self::Stderr => io::IsTerminal::is_terminal(&io::stderr()),
        }
    }
}

impl StdoutStream for Output {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(Writer::new(*self))
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(Writer::new(*self))
    }
}

/// What one guest writes to.
struct Writer {
    queue: &'static Queue,
    /// What a 0.2 guest was promised room for and somebody else's bytes took first.
    late: Option<Bytes>,
    waiting: Option<Room>,
}

type Room = Pin<Box<dyn Future<Output = OwnedSemaphorePermit> + Send + Sync>>;

impl Writer {
    fn new(output: Output) -> Self {
        Self {
            queue: output.queue(),
            late: None,
            waiting: None,
        }
    }

    fn room(&self, bytes: usize) -> Room {
        let room = self.queue.room.clone();
        let wanted = u32::try_from(bytes.min(QUEUE_BYTES_MAX)).unwrap_or(u32::MAX);
        Box::pin(async move {
            let room = room.acquire_many_owned(wanted).await;
            room.expect("the semaphore is never closed")
        })
    }

    /// Queues what came too late, if there is room for it now.
    fn catch_up(&mut self) -> StreamResult<bool> {
        let Some(late) = self.late.take() else {
            return Ok(true);
        };
        match self.queue.try_push(&late) {
            Some(pushed) => pushed.map(|()| true).map_err(|_| StreamError::Closed),
            None => {
                self.late = Some(late);
                Ok(false)
            }
        }
    }
}

#[async_trait]
impl Pollable for Writer {
    async fn ready(&mut self) {
        let wanted = self.late.as_ref().map_or(1, Bytes::len);
        drop(self.room(wanted).await);
    }
}

impl OutputStream for Writer {
    fn check_write(&mut self) -> StreamResult<usize> {
        match self.catch_up()? {
            true => Ok(self.queue.room_bytes().min(QUEUE_BYTES_MAX / 2)),
            false => Ok(0),
        }
    }

    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if self.late.is_some() || bytes.len() > QUEUE_BYTES_MAX / 2 {
            return Err(StreamError::trap(
                "written more than the stream said it had room for",
            ));
        }
        self.late = Some(bytes);
        self.catch_up().map(|_| ())
    }

    fn flush(&mut self) -> StreamResult<()> {
        // The thread writes as soon as it can; there is nothing to hurry.
        Ok(())
    }
}

impl AsyncWrite for Writer {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let this = &mut *self;
        if this.waiting.is_none() {
            this.waiting = Some(this.room(bytes.len()));
        }
        let Some(waiting) = &mut this.waiting else {
            return Poll::Pending;
        };
        let room = ready!(waiting.as_mut().poll(cx));
        this.waiting = None;
        let count = room.num_permits().min(bytes.len());
        let pushed = this
            .queue
            .push(Bytes::copy_from_slice(&bytes[..count]), room);
        Poll::Ready(pushed.map(|()| count))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream whose reader takes nothing until it is told to.
    struct Stuck(mpsc::Receiver<()>);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.recv().map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn writer(stream: impl Write + Send + 'static) -> Writer {
        Writer {
            queue: Box::leak(Box::new(Queue::start("test", stream))),
            late: None,
            waiting: None,
        }
    }

    #[test]
    fn a_stuck_reader_makes_the_guest_wait_and_not_the_thread() {
        let (unstick, stuck) = mpsc::channel();
        let mut writer = writer(Stuck(stuck));
        let mut written = 0;
        while let Ok(room @ 1..) = writer.check_write() {
            writer
                .write(Bytes::from(vec![0; room]))
                .expect("there was room");
            written += room;
        }
        assert_eq!(written, QUEUE_BYTES_MAX);
        drop(unstick);
    }

    #[tokio::test]
    async fn a_guest_goes_on_once_the_reader_does() {
        let (unstick, stuck) = mpsc::channel();
        let mut writer = writer(Stuck(stuck));
        while let Ok(room @ 1..) = writer.check_write() {
            writer
                .write(Bytes::from(vec![0; room]))
                .expect("there was room");
        }
        unstick.send(()).expect("the thread waits for it");
        writer.ready().await;
        assert!(writer.check_write().expect("the stream is open") > 0);
    }

    #[tokio::test]
    async fn two_guests_may_be_promised_the_same_room() {
        let (unstick, stuck) = mpsc::channel();
        let mut first = writer(Stuck(stuck));
        let mut second = Writer {
            queue: first.queue,
            late: None,
            waiting: None,
        };
        let half = Bytes::from(vec![0; QUEUE_BYTES_MAX / 2]);
        first.write(half.clone()).expect("the queue is empty");
        for writer in [&mut first, &mut second] {
            assert_eq!(writer.check_write().expect("it is open"), half.len());
        }
        for writer in [&mut first, &mut second] {
            writer.write(half.clone()).expect("it was promised");
        }
        assert_eq!(second.check_write().expect("it is open"), 0);
        drop(unstick);
    }

    #[tokio::test]
    async fn a_broken_stream_is_a_closed_one() {
        let (unstick, stuck) = mpsc::channel();
        drop(unstick);
        let mut writer = writer(Stuck(stuck));
        writer
            .write(Bytes::from_static(b"x"))
            .expect("it is queued");
        // The room comes back when the thread drops what it could not write.
        let all = u32::try_from(QUEUE_BYTES_MAX).expect("it is small");
        let _ = writer.queue.room.acquire_many(all).await;
        let closed = writer.write(Bytes::from_static(b"y"));
        assert!(matches!(closed, Err(StreamError::Closed)), "{closed:?}");
    }
}
