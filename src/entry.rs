//! Fetch and scheduled: JavaScript's types in and out, nothing else. What is done with a request is in `http`.

#[cfg(target_arch = "wasm32")]
mod edge {
    use std::cell::OnceCell;
    use std::rc::Rc;

    use futures_util::StreamExt;
    use worker::{Context, Env, Headers, Request, Response, ResponseBody, ScheduleContext, ScheduledEvent, event};

    use crate::config::Config;
    use crate::engine::Engine;
    use crate::http::{self, Answer, Body, BodyError, Incoming};
    use crate::model::Catalogue;
    use crate::platform::edge::Edge;
    use crate::platform::{Level, LogValue, unique_id};

    thread_local! {
        /// Read once an isolate: variables and secrets do not change under a running one.
        static CONFIG: OnceCell<Rc<Config>> = const { OnceCell::new() };
    }

    #[event(fetch)]
    async fn fetch(request: Request, env: Env, context: Context) -> worker::Result<Response> {
        let incoming = incoming(request)?;
        let config = config(&env);
        let platform = Edge::new(env);
        let trace = http::trace_of(&incoming, &platform);
        let engine = Rc::new(Engine::new(platform, config, Catalogue::compiled(), trace));
        let mut answer = http::handle(&engine, incoming).await;
        if let Some(work) = answer.follow_up.take() {
            context.wait_until(async move { engine.follow_up(work).await });
        }
        response(answer)
    }

    #[event(scheduled)]
    async fn scheduled(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
        let config = config(&env);
        let platform = Edge::new(env);
        let Ok(trace) = unique_id(&platform) else { return };
        let engine = Engine::new(platform, config, Catalogue::compiled(), trace);
        if let Err(error) = engine.tick().await {
            engine.log(Level::Error, "tick_failed", [("error", LogValue::text(error.to_string()))]);
        }
    }

    fn config(env: &Env) -> Rc<Config> {
        CONFIG.with(|cell| {
            let read = || {
                let config = Config::read(|name| env.var(name).ok().map(|value| value.to_string()));
                for problem in &config.problems {
                    worker::console_warn!("{problem}");
                }
                Rc::new(config)
            };
            Rc::clone(cell.get_or_init(read))
        })
    }

    fn incoming(mut request: Request) -> worker::Result<Incoming> {
        let url = request.url()?;
        let announced = request.headers().get("content-length")?.and_then(|length| length.parse().ok());
        let body = match request.inner().body() {
            Some(_) => {
                let chunks = request.stream()?;
                Body::new(announced, chunks.map(|chunk| chunk.map_err(|_| BodyError::BrokenOff)))
            }
            None => Body::whole(Vec::new()),
        };
        Ok(Incoming {
            method: request.method().to_string(),
            path: url.path().to_owned(),
            query: url.query().map(str::to_owned),
            headers: request.headers().entries().collect(),
            body,
        })
    }

    fn response(answer: Answer) -> worker::Result<Response> {
        let headers = Headers::new();
        for (name, value) in &answer.headers {
            headers.set(name, value)?;
        }
        let body = if answer.body.is_empty() { ResponseBody::Empty } else { ResponseBody::Body(answer.body) };
        Ok(Response::from_body(body)?.with_status(answer.status).with_headers(headers))
    }
}
