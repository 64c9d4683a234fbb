//! `GET /healthz`: whether the database answers, and what of the configuration is there.

use serde::Serialize;

use super::{Code, Problem, Request, Response};
use crate::config::Config;
use crate::engine::Engine;
use crate::platform::{Limit, Platform};

#[derive(Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
    dependencies: Dependencies,
    /// What of the configuration is missing or wrong, by name.
    problems: Vec<String>,
}

#[derive(Serialize)]
struct Dependencies {
    database: &'static str,
    github: &'static str,
    gumroad: &'static str,
    lemon_squeezy: &'static str,
    mail: &'static str,
    rate_limit: &'static str,
    admin: &'static str,
}

pub(super) async fn respond<P: Platform>(engine: &Engine<P>, request: &Request) -> Response {
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        return Response::from(Problem::new(Code::MethodNotAllowed, "Ask with GET.")).header("allow", "GET, HEAD");
    }
    let alive = engine.probe().await.is_ok();
    let config = engine.config();
    let rate_limit = Limit::ALL.into_iter().all(|limit| engine.platform().has_limit(limit));
    let body = Health {
        status: if alive { "ok" } else { "unavailable" },
        version: env!("CARGO_PKG_VERSION"),
        dependencies: Dependencies {
            database: if alive { "ok" } else { "unreachable" },
            github: configured(config.github.token.is_some()),
            gumroad: configured(!config.gumroad.webhook_secrets.is_empty()),
            lemon_squeezy: configured(lemon_squeezy(config)),
            mail: if config.mail.postmark_token.is_some() { "postmark" } else { "logging" },
            rate_limit: configured(rate_limit),
            admin: configured(config.admin_token.is_some()),
        },
        problems: config.problems.iter().map(ToString::to_string).collect(),
    };
    Response::json(if alive { 200 } else { 503 }, &body)
}

fn lemon_squeezy(config: &Config) -> bool {
    !config.lemon_squeezy.webhook_secrets.is_empty() && config.lemon_squeezy.store_id.is_some()
}

const fn configured(is: bool) -> &'static str {
    if is { "configured" } else { "missing" }
}
