//! A request's body, read only as far as its limit.

use std::fmt;
use std::pin::Pin;

use futures_util::{Stream, StreamExt};

/// The chunks of a body that has not been read yet.
pub struct Body {
    /// What `Content-Length` announces.
    announced: Option<u64>,
    chunks: Pin<Box<dyn Stream<Item = Result<Vec<u8>, BodyError>>>>,
}

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    #[error("the body is over the limit")]
    TooLarge,
    /// The caller went away, or the transfer broke.
    #[error("the body broke off")]
    BrokenOff,
}

impl Body {
    /// A body that arrives in chunks.
    pub fn new(announced: Option<u64>, chunks: impl Stream<Item = Result<Vec<u8>, BodyError>> + 'static) -> Self {
        Self { announced, chunks: Box::pin(chunks) }
    }

    /// A body that is there already.
    pub fn whole(bytes: Vec<u8>) -> Self {
        Self::new(None, futures_util::stream::iter([Ok(bytes)]))
    }

    /// Reads the body, and stops as soon as it is over `limit` bytes: nobody can make us hold more.
    ///
    /// # Errors
    /// [`BodyError`].
    pub async fn read(mut self, limit: usize) -> Result<Vec<u8>, BodyError> {
        if self.announced.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limit)) {
            return Err(BodyError::TooLarge);
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunks.next().await {
            bytes.extend_from_slice(&chunk?);
            if bytes.len() > limit {
                return Err(BodyError::TooLarge);
            }
        }
        Ok(bytes)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body(…)")
    }
}
