//! The runtime's fetch. <https://developers.cloudflare.com/workers/runtime-apis/fetch/>

use worker::js_sys::futures::JsFuture;
use worker::js_sys::{self, Uint8Array};
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::web_sys::{AbortSignal, Headers, RequestInit, RequestRedirect, Response, WorkerGlobalScope};

use super::stream::Chunks;
use crate::platform::{HttpRequest, HttpResponse, SendError};

/// Sends a request and reads the reply, for as long and as far as the request allows.
pub(super) async fn send(request: &HttpRequest) -> Result<HttpResponse, SendError> {
    let signal = AbortSignal::timeout_with_u32(u32::try_from(request.timeout.as_millis()).unwrap_or(u32::MAX));
    // The signal ends the reading too. Why a fetch failed is in its message only, so the signal is asked.
    let failure = |_: JsValue| if signal.aborted() { SendError::Timeout } else { SendError::Unreachable };
    let response = fetch(request, &signal).await.map_err(failure)?;
    let mut body = Vec::new();
    if let Some(stream) = response.body() {
        let chunks = Chunks::of(&stream);
        while let Some(chunk) = chunks.next().await.map_err(failure)? {
            body.extend_from_slice(&chunk);
            if body.len() > request.max_response_bytes {
                chunks.cancel();
                return Err(SendError::TooLarge);
            }
        }
    }
    Ok(HttpResponse { status: response.status(), headers: headers(&response), body })
}

async fn fetch(request: &HttpRequest, signal: &AbortSignal) -> Result<Response, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in &request.headers {
        headers.set(name, value)?;
    }
    let init = RequestInit::new();
    init.set_method(request.method.as_str());
    init.set_headers(&headers);
    init.set_redirect(RequestRedirect::Manual);
    init.set_signal(Some(signal));
    if let Some(body) = &request.body {
        init.set_body(&Uint8Array::from(body.as_slice()));
    }
    let runtime: WorkerGlobalScope = js_sys::global().unchecked_into();
    Ok(JsFuture::from(runtime.fetch_with_str_and_init(&request.url, &init)).await?.unchecked_into())
}

/// The few headers that anybody asks for.
fn headers(response: &Response) -> Vec<(String, String)> {
    const READ: [&str; 6] = [
        "retry-after",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
        "x-accepted-github-permissions",
        "github-authentication-token-expiration",
        "link",
    ];
    let value = |name: &str| Some((name.to_owned(), response.headers().get(name).ok()??));
    READ.into_iter().filter_map(value).collect()
}
