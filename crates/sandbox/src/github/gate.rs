//! What GitHub checks before it looks at what is asked: the headers that it requires, the credentials and the primary
//! rate limit. See <https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api> and
//! <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>.

use serde_json::json;

use super::app::Caller;
use super::{api, manifest, oauth, setup};
use crate::calls::Credentials;
use crate::incoming::Incoming;
use crate::reply::Reply;
use crate::sandbox::World;
use crate::time::{HOUR, SECOND};

const API_VERSIONS: [&str; 2] = ["2022-11-28", "2026-03-10"];

/// How much of the hour's requests is used. The hour begins with its first request.
#[derive(Debug, Default)]
pub(super) struct Quota {
    resets_at: i64,
    used: u64,
}

pub(crate) fn respond(world: &mut World, request: &Incoming, now: i64) -> Reply {
    if request.header("user-agent").is_empty() {
        let body = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.";
        return Reply::text(403, body).unexpected("no User-Agent header");
    }
    if let Some(reply) = oauth::web(world, request, now).or_else(|| manifest::web(world, request, now)) {
        return reply;
    }
    let limit = world.options.limits.github_requests_per_hour;
    let within = world.github.quota.spend(limit, now);
    let reply =
        if within { answer(world, request, now) } else { message(403, "API rate limit exceeded for user ID 1.") };
    let reply = world.github.setup.tell_token_end(reply);
    if reply.status == 304 {
        world.github.quota.give_back();
    }
    world.github.quota.describe(limit, reply).header("x-github-media-type", "github.v3; format=json")
}

fn answer(world: &mut World, request: &Incoming, now: i64) -> Reply {
    if let Some(reply) = manifest::convert(world, request, now) {
        return reply;
    }
    if let Some(refusal) = mistaken_headers(request) {
        // Whoever is nobody is told that first.
        return caller(world, request, now).err().unwrap_or(refusal);
    }
    if let Some(reply) = oauth::respond(world, request, now) {
        return reply;
    }
    let caller = match caller(world, request, now) {
        Ok(caller) => caller,
        Err(refusal) => return refusal,
    };
    setup::respond(world, request, caller, now).unwrap_or_else(|| api::respond(world, request, caller, now))
}

/// What the headers of every question lack.
pub(super) fn mistaken_headers(request: &Incoming) -> Option<Reply> {
    if request.header("accept") != "application/vnd.github+json" {
        let reply = message(415, "Unsupported 'Accept' header: Must accept 'application/json'.");
        return Some(reply.unexpected("the Accept header"));
    }
    if !API_VERSIONS.contains(&request.header("x-github-api-version")) {
        let reply = message(400, "The API version you specified is not supported.");
        return Some(reply.unexpected("the X-GitHub-Api-Version header"));
    }
    None
}

/// Whether a request brings credentials that are good now.
pub(crate) fn credentials(world: &World, request: &Incoming, now: i64) -> Credentials {
    if oauth::is_known(world, request) {
        return Credentials::Correct;
    }
    match request.bearer(&world.options.github_token) {
        Credentials::Wrong if caller(world, request, now).is_ok() => Credentials::Correct,
        of_token => of_token,
    }
}

fn caller(world: &World, request: &Incoming, now: i64) -> Result<Caller, Reply> {
    match request.bearer(&world.options.github_token) {
        Credentials::Correct => Ok(Caller::Person),
        Credentials::Missing => Err(message(401, "Requires authentication").unexpected("no Authorization header")),
        Credentials::Wrong => {
            let bearer = request.header("authorization");
            let bearer = bearer.strip_prefix("Bearer ").unwrap_or_default();
            world.github.app.caller(bearer, &world.options, now)
        }
    }
}

/// An error, as GitHub words all of them.
pub(super) fn message(status: u16, message: &str) -> Reply {
    let body = json!({
        "message": message,
        "documentation_url": "https://docs.github.com/rest",
        "status": status.to_string(),
    });
    Reply::json(status, &body)
}

/// A 422 with what is wrong.
pub(super) fn validation_failed(why: &str) -> Reply {
    let body = json!({
        "message": "Validation Failed",
        "errors": [why],
        "documentation_url": "https://docs.github.com/rest/collaborators/collaborators#add-a-repository-collaborator",
        "status": "422",
    });
    Reply::json(422, &body)
}

impl Quota {
    /// What is left.
    pub(super) const fn left(&self, limit: u64) -> (u64, i64) {
        (limit - self.used, self.resets_at / SECOND)
    }

    /// Counts a request; false if there was none left.
    fn spend(&mut self, limit: u64, now: i64) -> bool {
        if now >= self.resets_at {
            *self = Self { resets_at: now + HOUR, used: 0 };
        }
        if self.used >= limit {
            return false;
        }
        self.used += 1;
        true
    }

    /// Takes a request back that does not count.
    const fn give_back(&mut self) {
        self.used = self.used.saturating_sub(1);
    }

    fn describe(&self, limit: u64, reply: Reply) -> Reply {
        reply
            .header("x-ratelimit-limit", limit.to_string())
            .header("x-ratelimit-remaining", (limit - self.used).to_string())
            .header("x-ratelimit-used", self.used.to_string())
            .header("x-ratelimit-reset", (self.resets_at / SECOND).to_string())
            .header("x-ratelimit-resource", "core")
    }
}
