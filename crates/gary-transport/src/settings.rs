//! The limits of a transport.

use std::num::NonZeroU64;
use std::time::Duration;

/// The longest datagram: what fits into one packet on every path that QUIC can use at all.
pub const DATAGRAM_BYTES_MAX: usize = 1_100;

/// What a transport may take up. Each limit says what happens when it is reached.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Connections at once, of both lanes. Past it the one used longest ago among those that nobody
    /// is using makes room; where all are in use, the new one is refused.
    pub connections_max: usize,
    /// Peers at once of which something is remembered: a connection, something to send, a back-off.
    /// Past it back-offs are forgotten first, and then nothing is sent to one more.
    pub peers_max: usize,
    /// Inbound connections at once that are not let in yet. One more is refused.
    pub handshakes_max: usize,
    /// Outbound connections at once that are not made yet. One more waits, within its own time.
    pub dials_max: usize,
    /// How long connecting may take, from the first packet until the peer was let in. Past it the
    /// attempt has failed. It is also how long a stream may take to say what it is for.
    pub handshake_timeout: Duration,
    /// The longest credentials that are read. Who presents more is refused.
    pub credentials_bytes_max: usize,
    /// The longest frame. Sending a longer one is an error; a stream with one is closed and counted.
    pub frame_bytes_max: usize,
    /// Frames that wait for one peer. The next one is dropped and counted.
    pub frames_waiting_max: usize,
    /// Bytes of frames that wait for one peer. A frame that would be past it is dropped and counted.
    pub frame_bytes_waiting_max: usize,
    /// Datagrams that wait until a peer is connected. The next one is dropped and counted.
    pub datagrams_waiting_max: usize,
    /// Events other than datagrams that wait for the shell. Past it the connections are not read any
    /// further, and who sends is held up by that.
    pub events_max: usize,
    /// Received datagrams that wait for the shell. The next one is dropped and counted.
    pub datagram_events_max: usize,
    /// Requests at once that a peer may have open on one connection. It waits with one more.
    pub requests_max: u32,
    /// Bytes of one stream that are received ahead of their reader. The sender waits with more.
    pub stream_window_bytes: u32,
    /// Bytes of one connection that are received ahead of their readers, and as many that are kept
    /// until the peer has acknowledged them. Senders wait with more.
    pub connection_window_bytes: u32,
    /// How long a connection is kept on which nothing comes.
    pub idle_timeout: Duration,
    /// How long a peer is not dialled after it was dialled in vain for the first time. It doubles with
    /// each time, less a random part.
    pub backoff_min: Duration,
    /// The longest that a peer is not dialled.
    pub backoff_max: Duration,
    /// Bytes per second that are sent on the bulk lane, to all peers together, and as many that are
    /// received. None is no limit.
    pub bulk_bytes_per_second: Option<NonZeroU64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections_max: 512,
            peers_max: 4_096,
            handshakes_max: 64,
            dials_max: 64,
            handshake_timeout: Duration::from_secs(5),
            credentials_bytes_max: 64 << 10,
            frame_bytes_max: 1 << 20,
            frames_waiting_max: 1_024,
            frame_bytes_waiting_max: 4 << 20,
            datagrams_waiting_max: 16,
            events_max: 256,
            datagram_events_max: 256,
            requests_max: 256,
            stream_window_bytes: 1 << 20,
            connection_window_bytes: 4 << 20,
            idle_timeout: Duration::from_secs(15),
            backoff_min: Duration::from_millis(100),
            backoff_max: Duration::from_secs(3),
            bulk_bytes_per_second: None,
        }
    }
}
