//! Fetch and scheduled: JavaScript's types in and out, nothing else. What is done with a request is in `http`.

#[cfg(target_arch = "wasm32")]
mod edge {
    use std::cell::OnceCell;
    use std::rc::Rc;

    use futures_util::stream::unfold;
    use worker::js_sys::{Array, Uint8Array};
    use worker::wasm_bindgen::{JsCast, JsValue};
    use worker::web_sys::{Headers, Request, Response, ResponseInit};
    use worker::{Context, Env, ScheduleContext, ScheduledEvent, event};

    use crate::config::Config;
    use crate::engine::Engine;
    use crate::http::{self, Answer, Body, BodyError, Incoming, new_trace};
    use crate::model::{Catalogue, TraceId};
    use crate::platform::edge::{Chunks, Edge};
    use crate::platform::{Level, LogValue};

    thread_local! {
        /// Read once an isolate: variables and secrets do not change under a running one.
        static CONFIG: OnceCell<Rc<Config>> = const { OnceCell::new() };
    }

    #[event(fetch)]
    async fn fetch(request: Request, env: Env, context: Context) -> worker::Result<Response> {
        let incoming = incoming(&request);
        let engine = Rc::new(engine(env, |platform| http::trace_of(&incoming, platform)));
        let mut answer = http::handle(&engine, incoming).await;
        if let Some(work) = answer.follow_up.take() {
            context.wait_until(async move { engine.follow_up(work).await });
        }
        response(&answer)
    }

    #[event(scheduled)]
    async fn scheduled(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
        let engine = engine(env, new_trace);
        if let Err(error) = engine.tick().await {
            engine.log(Level::Error, "tick_failed", [("error", LogValue::text(error.to_string()))]);
        }
    }

    /// The engine for one event. The first of an isolate also logs what is wrong with the configuration.
    fn engine(env: Env, trace: impl FnOnce(&Edge) -> TraceId) -> Engine<Edge> {
        let known = CONFIG.with(|cell| cell.get().map(Rc::clone));
        let config = known.clone().unwrap_or_else(|| {
            let read = Config::read(|name| env.var(name).ok().map(|value| value.to_string()));
            CONFIG.with(|cell| Rc::clone(cell.get_or_init(|| Rc::new(read))))
        });
        let platform = Edge::new(env);
        let trace = trace(&platform);
        let engine = Engine::new(platform, config, Catalogue::compiled(), trace);
        if known.is_none() {
            for problem in &engine.config().problems {
                engine.log(Level::Warn, "config_problem", [("problem", LogValue::text(problem.to_string()))]);
            }
        }
        engine
    }

    fn incoming(request: &Request) -> Incoming {
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
        Incoming { method: request.method(), path, query, headers: headers(&request.headers()), body }
    }

    fn headers(headers: &Headers) -> Vec<(String, String)> {
        let pair = |entry: Result<JsValue, JsValue>| {
            let entry: Array = entry.ok()?.unchecked_into();
            Some((entry.get(0).as_string()?, entry.get(1).as_string()?))
        };
        headers.entries().into_iter().filter_map(pair).collect()
    }

    fn response(answer: &Answer) -> worker::Result<Response> {
        let headers = Headers::new()?;
        for (name, value) in &answer.headers {
            headers.set(name, value)?;
        }
        let init = ResponseInit::new();
        init.set_status(answer.status);
        init.set_headers(&headers);
        let body = (!answer.body.is_empty()).then(|| Uint8Array::from(answer.body.as_slice()));
        Ok(Response::new_with_opt_js_u8_array_and_init(body.as_ref(), &init)?)
    }
}
