//! The front of the sandbox: one handler for all services, with faults and the record of calls around it. What each
//! service does with a request is in the module of its name, and so are its verbs.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::calls::{Call, Credentials};
use crate::faults::{Fault, FaultKind, Faults};
use crate::github::GitHub;
use crate::gumroad::Gumroad;
use crate::incoming::Incoming;
use crate::lemon_squeezy::LemonSqueezy;
use crate::mailbox::Mailbox;
use crate::options::Options;
use crate::paddle::Paddle;
use crate::polar::Polar;
use crate::reply::Reply;
use crate::resend::Resend;
use crate::service::Service;
use crate::standard::Standard;
use crate::stripe::Stripe;
use crate::{email, github, gumroad, lemon_squeezy, paddle, polar, postmark, resend, smtp2go, stripe};

/// Stand-ins for all services, with their state. A clone is another handle to the same state.
#[derive(Clone)]
pub struct Sandbox {
    options: Arc<Options>,
    world: Arc<Mutex<World>>,
}

/// What came of a request.
#[derive(Debug)]
pub struct Exchange {
    /// How long the answer is on its way. The sandbox does not wait: the caller does, or moves its clock.
    pub delay: Duration,
    /// The answer; `None` if the connection was lost.
    pub reply: Option<http::Response<Vec<u8>>>,
}

/// Everything that changes.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) options: Arc<Options>,
    pub(crate) github: GitHub,
    pub(crate) lemon_squeezy: LemonSqueezy,
    pub(crate) gumroad: Gumroad,
    pub(crate) paddle: Paddle,
    pub(crate) polar: Polar,
    pub(crate) stripe: Stripe,
    pub(crate) standard: Standard,
    pub(crate) mailbox: Mailbox,
    pub(crate) resend: Resend,
    faults: Faults,
    /// Every call since the start, with how many of them somebody has taken.
    calls: Vec<Call>,
    calls_taken: usize,
    /// The calls that no correct client would have sent, until somebody takes them.
    unexpected: Vec<Call>,
}

impl Sandbox {
    /// A fresh sandbox: its storefronts sell the products of `options`, its GitHub has their repositories, the user
    /// `octocat` (id 583231) and a few more, and nothing has been sold yet.
    ///
    /// # Panics
    ///
    /// If a Lemon Squeezy product or variant id is not a number, or a repository is not `owner/name`.
    pub fn new(options: Options) -> Self {
        let options = Arc::new(options);
        let world = World {
            github: GitHub::new(&options),
            lemon_squeezy: LemonSqueezy::new(&options),
            gumroad: Gumroad::new(&options),
            paddle: Paddle::new(&options),
            polar: Polar::new(&options),
            stripe: Stripe::new(&options),
            standard: Standard::new(&options),
            mailbox: Mailbox::new(&options),
            resend: Resend::new(&options),
            options: Arc::clone(&options),
            faults: Faults::default(),
            calls: Vec::new(),
            calls_taken: 0,
            unexpected: Vec::new(),
        };
        Self { options, world: Arc::new(Mutex::new(world)) }
    }

    /// Answers a request. The first segment of its path picks the service; the rest is the service's own path. Takes
    /// no time and does no I/O.
    pub fn handle(&self, request: http::Request<Vec<u8>>) -> Exchange {
        let now = self.now();
        self.world().handle(&Incoming::read(request), now)
    }

    /// What the sandbox was started with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Makes requests fail from now on. Of several faults for one request, the oldest that is due strikes.
    pub fn inject(&self, fault: Fault) {
        self.world().faults.0.push(fault);
    }

    /// The faults that were injected, with how often each has struck: one that never did has proven nothing.
    pub fn faults(&self) -> Vec<Fault> {
        self.world().faults.0.clone()
    }

    /// Takes all faults away.
    pub fn clear_faults(&self) {
        self.world().faults.0.clear();
    }

    /// Every call since the start, taken or not.
    pub fn calls(&self) -> Vec<Call> {
        self.world().calls.clone()
    }

    /// The calls since they were last taken.
    pub fn take_calls(&self) -> Vec<Call> {
        let world = &mut *self.world();
        let taken = std::mem::replace(&mut world.calls_taken, world.calls.len());
        world.calls[taken..].to_vec()
    }

    /// The calls that no correct client would have sent, since they were last taken. Taking them is how a test says
    /// that it meant to send them.
    pub fn take_unexpected(&self) -> Vec<Call> {
        std::mem::take(&mut self.world().unexpected)
    }

    /// Checks that every call and every mail was taken, and that no call was unexpected.
    ///
    /// # Panics
    ///
    /// With the list of what was left.
    #[track_caller]
    pub fn assert_drained(&self) {
        let left = self.world().left();
        assert!(left.is_empty(), "the sandbox was left with:\n{}", left.join("\n"));
    }

    pub(crate) fn now(&self) -> i64 {
        (self.options.clock)()
    }

    /// The state. A test that panicked while it held it has left it whole: every change is made in one step.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("options", &self.options).finish_non_exhaustive()
    }
}

impl World {
    fn handle(&mut self, request: &Incoming, now: i64) -> Exchange {
        let mut call = Call::record(request, self.credentials(request, now), now);
        let fault = self.faults.strike(request);
        call.faulted = fault.is_some();
        let (delay, reply) = match fault {
            None => (Duration::ZERO, Some(self.respond(request, now))),
            Some(FaultKind::Slow(delay)) => (delay, Some(self.respond(request, now))),
            Some(FaultKind::LostBefore) => (Duration::ZERO, None),
            Some(FaultKind::LostAfter) => {
                call.unexpected = self.respond(request, now).unexpected;
                (Duration::ZERO, None)
            }
            Some(instead) => (Duration::ZERO, Some(stand_in_for_reply(instead))),
        };
        if let Some(reply) = &reply {
            call.status = Some(reply.status);
            call.unexpected.clone_from(&reply.unexpected);
        }
        if call.unexpected.is_some() {
            self.unexpected.push(call.clone());
        }
        self.calls.push(call);
        Exchange { delay, reply: reply.map(Reply::into_response) }
    }

    fn respond(&mut self, request: &Incoming, now: i64) -> Reply {
        match request.service {
            Some(Service::GitHub) => github::respond(self, request, now),
            Some(Service::LemonSqueezy) => lemon_squeezy::respond(self, request, now),
            Some(Service::Gumroad) => gumroad::respond(self, request),
            Some(Service::Paddle) => paddle::respond(self, request, now),
            Some(Service::Polar) => polar::respond(self, request, now),
            Some(Service::Stripe) => stripe::respond(self, request, now),
            Some(Service::Postmark) => postmark::respond(self, request, now),
            Some(Service::Resend) => resend::respond(self, request, now),
            Some(Service::Smtp2go) => smtp2go::respond(self, request, now),
            Some(Service::Email) => email::respond(self, request, now),
            None => Reply::text(404, "The sandbox has no such service.").unexpected("no such service"),
        }
    }

    fn credentials(&self, request: &Incoming, now: i64) -> Credentials {
        match request.service {
            Some(Service::GitHub) => github::credentials(self, request, now),
            Some(Service::LemonSqueezy) => lemon_squeezy::credentials(&self.options, request),
            Some(Service::Gumroad) => gumroad::credentials(&self.options, request),
            Some(Service::Paddle) => paddle::credentials(&self.options, request),
            Some(Service::Polar) => polar::credentials(&self.options, request),
            Some(Service::Stripe) => stripe::credentials(&self.options, request),
            Some(Service::Postmark) => postmark::credentials(&self.options, request),
            Some(Service::Resend) => request.bearer(&self.options.resend_api_key),
            Some(Service::Smtp2go) => smtp2go::credentials(&self.options, request),
            // The binding has none.
            Some(Service::Email) | None => Credentials::Missing,
        }
    }

    fn left(&self) -> Vec<String> {
        let calls = self.calls[self.calls_taken..].iter().map(|call| format!("call not taken: {call}"));
        let mails = self.mailbox.mails_left().map(|mail| format!("mail not taken: to {}: {}", mail.to, mail.subject));
        let unexpected = self.unexpected.iter().map(|call| format!("unexpected call: {call}"));
        calls.chain(mails).chain(unexpected).collect()
    }
}

/// The reply that a fault sends in place of the service's.
fn stand_in_for_reply(fault: FaultKind) -> Reply {
    match fault {
        FaultKind::Status { status, headers, body } => {
            let reply = Reply { body, ..Reply::empty(status) };
            headers.into_iter().fold(reply, |reply, (name, value)| reply.header(&name, value))
        }
        FaultKind::Redirect(to) => Reply::text(302, "Found").header("location", to),
        FaultKind::Oversized(bytes) => Reply::raw(200, "application/json", vec![b' '; bytes]),
        FaultKind::Junk | FaultKind::LostBefore | FaultKind::LostAfter | FaultKind::Slow(_) => {
            Reply::raw(200, "text/html", b"<!doctype html><title>One moment</title><p>Please wait.".to_vec())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Sandbox;
    use crate::calls::Credentials;
    use crate::faults::{Fault, FaultKind};
    use crate::options::{GITHUB_TOKEN, Options};
    use crate::service::Service;

    fn get_user(token: &str) -> http::Request<Vec<u8>> {
        http::Request::get("/github/users/octocat")
            .header("user-agent", "test")
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", "2022-11-28")
            .header("authorization", format!("Bearer {token}"))
            .body(Vec::new())
            .unwrap()
    }

    #[test]
    fn a_call_is_recorded_without_its_credentials() {
        let sandbox = Sandbox::new(Options::at(0));
        sandbox.handle(get_user(GITHUB_TOKEN));
        let calls = sandbox.take_calls();
        assert_eq!(calls.len(), 1);
        assert_eq!(calls[0].to_string(), "GitHub: GET /users/octocat → 200");
        assert_eq!(calls[0].credentials, Credentials::Correct);
        assert!(!format!("{calls:?}").contains(GITHUB_TOKEN));
        sandbox.assert_drained();
    }

    #[test]
    #[should_panic(expected = "call not taken: GitHub: GET /users/octocat")]
    fn a_call_that_nobody_took_fails_the_test() {
        let sandbox = Sandbox::new(Options::at(0));
        sandbox.handle(get_user(GITHUB_TOKEN));
        sandbox.assert_drained();
    }

    #[test]
    #[should_panic(expected = "unexpected call: GitHub: GET /users/octocat → 401")]
    fn an_unexpected_call_fails_the_test_even_if_it_was_taken() {
        let sandbox = Sandbox::new(Options::at(0));
        sandbox.handle(get_user("another-token"));
        assert_eq!(sandbox.take_calls().len(), 1);
        sandbox.assert_drained();
    }

    #[test]
    fn a_mistake_made_on_purpose_is_taken_and_forgotten() {
        let sandbox = Sandbox::new(Options::at(0));
        sandbox.handle(http::Request::get("/nowhere/at/all").body(Vec::new()).unwrap());
        sandbox.take_calls();
        assert_eq!(sandbox.take_unexpected().len(), 1);
        sandbox.assert_drained();
    }

    #[test]
    fn each_kind_of_fault_does_what_it_says() {
        let sandbox = Sandbox::new(Options::at(0));
        let strike = |kind: FaultKind| {
            sandbox.clear_faults();
            sandbox.inject(Fault::new(Service::GitHub, kind));
            sandbox.handle(get_user(GITHUB_TOKEN))
        };
        assert!(strike(FaultKind::LostBefore).reply.is_none());
        assert!(strike(FaultKind::LostAfter).reply.is_none());

        let slow = strike(FaultKind::Slow(Duration::from_secs(9)));
        assert_eq!((slow.delay, slow.reply.unwrap().status().as_u16()), (Duration::from_secs(9), 200));

        let refused = strike(FaultKind::retry_after(429, 7)).reply.unwrap();
        assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (429, "7"));

        let junk = strike(FaultKind::Junk).reply.unwrap();
        assert_eq!(junk.status(), 200);
        assert!(serde_json::from_slice::<serde_json::Value>(junk.body()).is_err());

        let redirect = strike(FaultKind::Redirect("http://elsewhere.example".to_owned())).reply.unwrap();
        assert_eq!(redirect.headers()["location"], "http://elsewhere.example");

        assert_eq!(strike(FaultKind::Oversized(3_000_000)).reply.unwrap().body().len(), 3_000_000);
        assert!(sandbox.take_calls().iter().all(|call| call.faulted));
        sandbox.assert_drained();
    }
}
