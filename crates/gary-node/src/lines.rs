//! The lines of a body that comes piece by piece.

use http_body_util::BodyExt;
use hyper::body::Incoming;

/// The longest line that is taken, in bytes.
const LINE_BYTES_MAX: usize = 256 << 10;

/// The lines of a body cannot be read any further.
#[derive(Debug, thiserror::Error)]
pub enum LinesError {
    /// It broke off.
    #[error("it broke off")]
    Broken(#[from] hyper::Error),
    /// A line is too long.
    #[error("a line is longer than {LINE_BYTES_MAX} bytes")]
    TooLong,
}

/// The lines of a body.
pub(crate) struct Lines {
    body: Incoming,
    begun: Vec<u8>,
}

impl Lines {
    pub(crate) const fn of(body: Incoming) -> Self {
        Self {
            body,
            begun: Vec::new(),
        }
    }

    /// The next line without its end; nothing once the body has ended.
    ///
    /// # Errors
    /// When it breaks off, or a line is too long.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, LinesError> {
        let mut searched = 0;
        loop {
            let rest = &self.begun[searched..];
            if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.begun.drain(..=searched + end).collect();
                line.pop();
                return Ok(Some(line));
            }
            searched = self.begun.len();
            if searched > LINE_BYTES_MAX {
                return Err(LinesError::TooLong);
            }
            let Some(frame) = self.body.frame().await else {
                return Ok(None);
            };
            if let Ok(data) = frame?.into_data() {
                self.begun.extend_from_slice(&data);
            }
        }
    }
}
