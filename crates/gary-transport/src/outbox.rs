//! What waits for one peer.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::{SendStream, Settings};

/// Frames and datagrams for one peer that are not on the wire yet.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// Datagrams for which there is no connection yet.
    datagrams: VecDeque<Bytes>,
    frames: VecDeque<Bytes>,
    frame_bytes: usize,
    /// Whether a writer is at work. It alone takes frames out.
    pub(crate) is_written: bool,
    /// The stream that frames go on, and the number of its link, while no writer has it.
    pub(crate) stream: Option<(u64, SendStream)>,
}

/// There is no place left.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Overflow;

impl Outbox {
    pub(crate) fn push_datagram(
        &mut self,
        bytes: Bytes,
        settings: &Settings,
    ) -> Result<(), Overflow> {
        if self.datagrams.len() >= settings.datagrams_waiting_max {
            return Err(Overflow);
        }
        self.datagrams.push_back(bytes);
        Ok(())
    }

    /// Puts a frame behind the others. The newest is the one that is dropped: those before it were
    /// told that they would be sent.
    pub(crate) fn push_frame(&mut self, bytes: Bytes, settings: &Settings) -> Result<(), Overflow> {
        let frame_bytes = self.frame_bytes + bytes.len();
        let is_full = self.frames.len() >= settings.frames_waiting_max
            || frame_bytes > settings.frame_bytes_waiting_max;
        // A frame as long as a frame may be has to fit, whatever the other limit says.
        if is_full && !self.frames.is_empty() {
            return Err(Overflow);
        }
        self.frame_bytes = frame_bytes;
        self.frames.push_back(bytes);
        Ok(())
    }

    pub(crate) fn pop_frame(&mut self) -> Option<Bytes> {
        let bytes = self.frames.pop_front()?;
        self.frame_bytes -= bytes.len();
        Some(bytes)
    }

    pub(crate) fn take_datagrams(&mut self) -> VecDeque<Bytes> {
        std::mem::take(&mut self.datagrams)
    }

    pub(crate) fn take_frames(&mut self) -> VecDeque<Bytes> {
        self.frame_bytes = 0;
        std::mem::take(&mut self.frames)
    }

    pub(crate) fn has_frames(&self) -> bool {
        !self.frames.is_empty()
    }

    /// Whether something waits or is being written.
    pub(crate) fn is_busy(&self) -> bool {
        self.is_written || self.has_frames() || !self.datagrams.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            frames_waiting_max: 3,
            frame_bytes_waiting_max: 10,
            datagrams_waiting_max: 1,
            ..Settings::default()
        }
    }

    #[test]
    fn frames_are_bounded_by_number() {
        let mut outbox = Outbox::default();
        for byte in 0..3 {
            assert_eq!(outbox.push_frame(vec![byte].into(), &settings()), Ok(()));
        }
        let refused = outbox.push_frame(vec![3].into(), &settings());
        assert_eq!(refused, Err(Overflow));
        assert_eq!(outbox.pop_frame(), Some(vec![0].into()));
        assert_eq!(outbox.push_frame(vec![4].into(), &settings()), Ok(()));
        let left: Vec<Bytes> = std::iter::from_fn(|| outbox.pop_frame()).collect();
        assert_eq!(left, [&[1][..], &[2], &[4]]);
    }

    #[test]
    fn frames_are_bounded_by_bytes_and_one_always_fits() {
        let mut outbox = Outbox::default();
        let mut push = |bytes: usize| outbox.push_frame(vec![0; bytes].into(), &settings());
        assert_eq!(push(11), Ok(()));
        assert_eq!(push(1), Err(Overflow));
        assert_eq!(outbox.take_frames().len(), 1);
        let mut push = |bytes: usize| outbox.push_frame(vec![0; bytes].into(), &settings());
        assert_eq!(push(6), Ok(()));
        assert_eq!(push(5), Err(Overflow));
        assert_eq!(push(4), Ok(()));
    }

    #[test]
    fn datagrams_are_bounded() {
        let mut outbox = Outbox::default();
        let datagram = || Bytes::from_static(b"x");
        assert_eq!(outbox.push_datagram(datagram(), &settings()), Ok(()));
        let refused = outbox.push_datagram(datagram(), &settings());
        assert_eq!(refused, Err(Overflow));
        assert!(outbox.is_busy());
        assert_eq!(outbox.take_datagrams(), [datagram()]);
        assert!(!outbox.is_busy());
    }
}
