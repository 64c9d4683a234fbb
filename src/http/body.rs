//! A request's body, read only as far as its limit, and what is done with one that nobody reads.

use std::cell::RefCell;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;

use futures_util::{Stream, StreamExt};

/// The chunks of a body that has not been read yet.
pub struct Body {
    /// What `Content-Length` announces.
    announced: Option<u64>,
    chunks: Unread,
}

/// The chunks of a body until somebody reads it.
type Unread = Rc<RefCell<Option<Chunks>>>;

type Chunks = Pin<Box<dyn Stream<Item = Result<Vec<u8>, BodyError>>>>;

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
        Self { announced, chunks: Rc::new(RefCell::new(Some(Box::pin(chunks)))) }
    }

    /// A body that is there already.
    pub fn whole(bytes: Vec<u8>) -> Self {
        Self::new(None, futures_util::stream::iter([Ok(bytes)]))
    }

    /// Another handle of the same body, for whoever has to see to it that it is read in the end.
    pub(super) fn handle(&self) -> Self {
        Self { announced: self.announced, chunks: Rc::clone(&self.chunks) }
    }

    /// Reads what nobody has read of the body, and throws it away. A larger one than `limit` is left.
    pub(super) async fn discard(self, limit: usize) {
        // Nobody is left to be told that it was too large or broke off.
        let _ = self.read(limit).await;
    }

    /// Reads the body, and stops as soon as it is over `limit` bytes: nobody can make us hold more. One that was
    /// read already is empty.
    ///
    /// # Errors
    /// [`BodyError`].
    pub async fn read(self, limit: usize) -> Result<Vec<u8>, BodyError> {
        if self.announced.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limit)) {
            return Err(BodyError::TooLarge);
        }
        let Some(mut chunks) = self.chunks.take() else { return Ok(Vec::new()) };
        let mut bytes = Vec::new();
        while let Some(chunk) = chunks.next().await {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// How many chunks of ten bytes are left of a body, if it was not read, after it was discarded up to thirty.
    async fn left_of(chunks: usize, announced: Option<u64>) -> Option<usize> {
        let body = Body::new(announced, futures_util::stream::iter(vec![Ok(vec![0; 10]); chunks]));
        body.handle().discard(30).await;
        let left = body.chunks.take()?;
        Some(left.count().await)
    }

    #[tokio::test]
    async fn a_body_that_nobody_has_read_is_discarded_up_to_its_limit() {
        for (chunks, announced) in [(0, None), (3, None), (3, Some(30)), (4, None)] {
            assert_eq!(left_of(chunks, announced).await, None, "{chunks} {announced:?}");
        }
        assert_eq!(left_of(4, Some(40)).await, Some(4), "what is announced as too large is not begun");
    }

    #[tokio::test]
    async fn a_body_is_read_once() {
        let body = Body::whole(b"once".to_vec());
        let again = body.handle();
        assert_eq!(body.read(4).await, Ok(b"once".to_vec()));
        assert_eq!(again.read(4).await, Ok(Vec::new()));
    }
}
