//! A body of the runtime's, chunk by chunk.

use worker::js_sys::futures::JsFuture;
use worker::js_sys::{Reflect, Uint8Array};
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::web_sys::{ReadableStream, ReadableStreamDefaultReader};

/// The chunks of a body that nobody has read yet.
pub(crate) struct Chunks(ReadableStreamDefaultReader);

impl Chunks {
    pub(crate) fn of(body: &ReadableStream) -> Self {
        Self(body.get_reader().unchecked_into())
    }

    /// The next chunk; `None` at the end.
    ///
    /// # Errors
    /// When the transfer broke.
    pub(crate) async fn next(&self) -> Result<Option<Vec<u8>>, JsValue> {
        let read = JsFuture::from(self.0.read()).await?;
        let done = Reflect::get(&read, &"done".into())?.is_truthy();
        if done {
            return Ok(None);
        }
        Ok(Some(Uint8Array::new(&Reflect::get(&read, &"value".into())?).to_vec()))
    }

    /// Asks the other side to send no more, so that what nobody reads holds no connection.
    pub(crate) fn cancel(&self) {
        // Nobody waits for it, and nothing depends on it.
        let _ = self.0.cancel();
    }
}
