//! The sandbox behind a socket: the services' handler, and beside it the page with its control endpoints (`control`).
//! Nothing is decided here.

use std::convert::Infallible;
use std::fmt;
use std::io;

use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use crate::control;
use crate::sandbox::Sandbox;

/// The largest request body that is read. No service of ours takes more than Postmark's 10 MB.
const MAX_BODY_BYTES: usize = 12 * 1024 * 1024;

/// Makes hyper close the connection without an answer.
#[derive(Debug)]
struct ConnectionLost;

impl Sandbox {
    /// Serves all services on `listener`, each under its prefix, and the page at `/`. Runs until it is dropped, which
    /// closes every connection, or until the listener fails.
    ///
    /// Meant for loopback: the page's control endpoints need no credentials.
    pub fn serve(&self, listener: TcpListener) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let sandbox = self.clone();
        let page = control::router(sandbox.clone());
        async move {
            // Connections live in a set, so that they end with this future.
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        let stream = match accepted {
                            Ok((stream, _)) => stream,
                            // The peer gave up before it was its turn.
                            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
                            Err(error) => return Err(error),
                        };
                        stream.set_nodelay(true)?;
                        let (sandbox, page) = (sandbox.clone(), page.clone());
                        let service = service_fn(move |request| answer(sandbox.clone(), page.clone(), request));
                        connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
                    }
                    // Whatever became of a connection is its peer's to notice.
                    Some(_) = connections.join_next() => {}
                }
            }
        }
    }
}

async fn answer(sandbox: Sandbox, page: Router, request: Request<Incoming>) -> Result<Response<Body>, ConnectionLost> {
    let path = request.uri().path();
    if path == "/" || path.starts_with("/_sandbox/") {
        let reply: Result<_, Infallible> = page.oneshot(request.map(Body::new)).await;
        return reply.map_err(|never| match never {});
    }
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, MAX_BODY_BYTES).collect().await.map_err(|_| ConnectionLost)?.to_bytes();
    let exchange = sandbox.handle(Request::from_parts(parts, body.into()));
    tokio::time::sleep(exchange.delay).await;
    exchange.reply.map(|reply| reply.map(Body::from)).ok_or(ConnectionLost)
}

impl fmt::Display for ConnectionLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is lost on purpose")
    }
}

impl std::error::Error for ConnectionLost {}
