//! Fetch and scheduled: JavaScript's types in and out, nothing else. What is done with a request is in `http`.
//!
//! They are exported as `worker-build` expects them, without the `worker` crate's `#[event]`: what that adds is for its
//! own types of request, response and error, of which there are none here.

#[cfg(target_arch = "wasm32")]
#[expect(unreachable_pub, reason = "wasm-bindgen exports only what is public")]
mod edge {
    use std::cell::{OnceCell, RefCell};
    use std::rc::Rc;

    use futures_util::stream::unfold;
    use worker::js_sys::futures::future_to_promise;
    use worker::js_sys::{Array, Object, Uint8Array};
    use worker::wasm_bindgen::prelude::wasm_bindgen;
    use worker::wasm_bindgen::{self, JsCast, JsValue};
    use worker::web_sys::{self, Headers, ResponseInit};
    use worker::worker_sys::{Context, ScheduleContext, ScheduledEvent};

    use crate::config::Config;
    use crate::engine::{Engine, Memory};
    use crate::http::{self, Body, BodyError, new_trace};
    use crate::model::{Catalogue, TraceId};
    use crate::platform::edge::{Chunks, Edge};
    use crate::platform::{Level, LogValue};

    thread_local! {
        /// Read once an isolate: variables and secrets do not change under a running one.
        static CONFIG: OnceCell<Rc<Config>> = const { OnceCell::new() };

        /// The newest catalogue that a request of this isolate has learned of.
        static CATALOGUE: RefCell<Rc<Catalogue>> = RefCell::default();

        /// What else an event of this isolate leaves to the next.
        static MEMORY: Rc<Memory> = Rc::default();
    }

    #[wasm_bindgen(wasm_bindgen_futures = worker::wasm_bindgen_futures, js_sys = worker::js_sys)]
    pub async fn fetch(request: web_sys::Request, env: Object, context: Context) -> Result<web_sys::Response, JsValue> {
        let request = request_from_js(&request);
        let engine = Rc::new(engine(env, |platform| http::trace_of(&request, platform)));
        let mut response = http::handle(&engine, request).await;
        keep_catalogue(&engine);
        if let Some(work) = response.follow_up.take() {
            context.wait_until(&future_to_promise(async move {
                engine.follow_up(work).await;
                keep_catalogue(&engine);
                Ok(JsValue::UNDEFINED)
            }))?;
        }
        response_to_js(&response)
    }

    #[wasm_bindgen(wasm_bindgen_futures = worker::wasm_bindgen_futures, js_sys = worker::js_sys)]
    pub async fn scheduled(_event: ScheduledEvent, env: Object, _context: ScheduleContext) {
        let engine = engine(env, new_trace);
        if let Err(error) = engine.tick().await {
            engine.log(Level::Error, "tick_failed", [("error", LogValue::text(error.to_string()))]);
        }
        keep_catalogue(&engine);
    }

    /// The engine for one event. The first of an isolate also logs what is wrong with the configuration.
    fn engine(env: Object, trace: impl FnOnce(&Edge) -> TraceId) -> Engine<Edge> {
        let known = CONFIG.with(|cell| cell.get().map(Rc::clone));
        let platform = Edge::new(env);
        let config = known.clone().unwrap_or_else(|| {
            let read = Config::read(|name| platform.variable(name));
            CONFIG.with(|cell| Rc::clone(cell.get_or_init(|| Rc::new(read))))
        });
        let trace = trace(&platform);
        let engine = Engine::new(platform, config, CATALOGUE.with_borrow(Rc::clone), trace);
        let engine = engine.remembering(MEMORY.with(Rc::clone));
        if known.is_none() {
            for problem in &engine.config().problems {
                engine.log(Level::Warn, "config_problem", [("problem", LogValue::text(problem.to_string()))]);
            }
        }
        engine
    }

    /// Keeps the catalogue that an event has learned of for the next ones.
    fn keep_catalogue(engine: &Engine<Edge>) {
        CATALOGUE.set(engine.catalogue());
    }

    fn request_from_js(request: &web_sys::Request) -> http::Request {
        let (path, query) = http::path_and_query(&request.url());
        let announced = request.headers().get("content-length").ok().flatten();
        let body = match request.body() {
            Some(stream) => {
                let chunks = unfold(Chunks::of(&stream), |chunks| async move {
                    let chunk = chunks.next().await.map_err(|_| BodyError::BrokenOff).transpose()?;
                    Some((chunk, chunks))
                });
                Body::new(announced.and_then(|length| length.parse().ok()), chunks)
            }
            None => Body::whole(Vec::new()),
        };
        http::Request { method: request.method(), path, query, headers: headers(&request.headers()), body }
    }

    fn headers(headers: &Headers) -> Vec<(String, String)> {
        let pair = |entry: Result<JsValue, JsValue>| {
            let entry: Array = entry.ok()?.unchecked_into();
            Some((entry.get(0).as_string()?, entry.get(1).as_string()?))
        };
        headers.entries().into_iter().filter_map(pair).collect()
    }

    fn response_to_js(response: &http::Response) -> Result<web_sys::Response, JsValue> {
        let headers = Headers::new()?;
        for (name, value) in &response.headers {
            // A response may set several cookies.
            headers.append(name, value)?;
        }
        let init = ResponseInit::new();
        init.set_status(response.status);
        init.set_headers(&headers);
        let body = (!response.body.is_empty()).then(|| Uint8Array::from(response.body.as_slice()));
        web_sys::Response::new_with_opt_js_u8_array_and_init(body.as_ref(), &init)
    }
}
