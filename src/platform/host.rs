//! SQLite, a virtual clock and a seeded generator as a [`Platform`], so that the whole engine runs on the host: fast,
//! repeatable from a seed, and with a fault injected at any call.
//!
//! The migrations and the SQL are the deployment's own. HTTP goes to a function, which tests point at the sandbox.

mod signing;
mod sqlite;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::json::Json;
use crate::model::{PrivateKey, PublicKey, Timestamp};
use crate::platform::{
    BoundMail, BoundMailError, CannotSign, DbError, HttpRequest, HttpResponse, Limit, LogLine, Method, NoRandomness,
    Outcome, Platform, SendError, Statement,
};

pub use sqlite::Sqlite;

/// The world on the host. A handle: its clones share one world, as a deployment's requests do.
#[derive(Clone)]
pub struct Host(Rc<World>);

struct World {
    database: Rc<Sqlite>,
    upstream: Box<Upstream>,
    clock: Cell<Timestamp>,
    /// When each sleep that is under way ends.
    sleepers: RefCell<Vec<Timestamp>>,
    /// Whom to wake when, where the clock is driven.
    wakers: RefCell<Vec<(Timestamp, Waker)>>,
    /// Whether the clock moves by [`Host::advance`] alone.
    driven: Cell<bool>,
    random: RefCell<fastrand::Rng>,
    limits: RefCell<HashMap<(&'static str, String), u32>>,
    allowed: Cell<u32>,
    fate: RefCell<Box<Injector>>,
    log: RefCell<Vec<LogLine>>,
    batches: Cell<u32>,
}

/// Where the mail binding is on the host: a mail is posted there as the JSON that the binding takes, and answered with its answer,
/// a 200 with `messageId`, or what it throws, another status with `code` and `message`.
pub const MAIL_BINDING_URL: &str = "http://sandbox.localhost/email/send";

type Upstream = dyn Fn(&HttpRequest) -> Result<HttpResponse, SendError>;
type Injector = dyn FnMut(&Call<'_>) -> Fate;

/// A call into the world, as a fault injector sees it.
#[derive(Debug)]
pub enum Call<'a> {
    Batch(&'a [Statement]),
    Send(&'a HttpRequest),
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Proceed,
    /// It fails and has no effect.
    FailBefore,
    /// It has its effect, and the answer is lost.
    FailAfter,
    /// It has no effect, and there is never an answer, while the process lives on.
    HangBefore,
    /// It has its effect, and there is never an answer, while the process lives on.
    HangAfter,
    /// The process dies here, before the effect: the call never returns.
    DieBefore,
    /// The process dies here, after the effect: the call never returns.
    DieAfter,
}

impl Host {
    /// A fresh, migrated database in memory; the clock stands at `now`.
    ///
    /// # Errors
    /// When the migrations do not apply.
    pub fn new(
        seed: u64,
        now: Timestamp,
        upstream: impl Fn(&HttpRequest) -> Result<HttpResponse, SendError> + 'static,
    ) -> Result<Self, DbError> {
        Ok(Self::with_database(Rc::new(Sqlite::migrated()?), seed, now, upstream))
    }

    /// The same on a database that is there already: its statements are prepared, which saves most of a short run.
    pub fn with_database(
        database: Rc<Sqlite>,
        seed: u64,
        now: Timestamp,
        upstream: impl Fn(&HttpRequest) -> Result<HttpResponse, SendError> + 'static,
    ) -> Self {
        Self(Rc::new(World {
            database,
            upstream: Box::new(upstream),
            clock: Cell::new(now),
            sleepers: RefCell::default(),
            wakers: RefCell::default(),
            driven: Cell::new(false),
            random: RefCell::new(fastrand::Rng::with_seed(seed)),
            limits: RefCell::default(),
            allowed: Cell::new(u32::MAX),
            fate: RefCell::new(Box::new(|_| Fate::Proceed)),
            log: RefCell::default(),
            batches: Cell::new(0),
        }))
    }

    /// The database, to look at or to prepare.
    pub fn database(&self) -> &Sqlite {
        &self.0.database
    }

    /// Moves the clock, and wakes whose sleep is over by then.
    pub fn advance(&self, time: Duration) {
        let now = self.0.clock.get().plus_millis(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
        self.0.clock.set(now);
        let over: Vec<_> = self.0.wakers.borrow_mut().extract_if(.., |(end, _)| *end <= now).collect();
        for (_, waker) in over {
            waker.wake();
        }
    }

    /// Leaves the clock to whoever runs the tasks from now on: a sleep waits until [`Host::advance`] has come to its end.
    pub fn drive(&self) {
        self.0.driven.set(true);
    }

    /// When the first of the sleeps that are under way ends.
    pub fn next_wake(&self) -> Option<Timestamp> {
        self.0.sleepers.borrow().iter().min().copied()
    }

    /// Lets every limit allow this many uses of a key from now on.
    pub fn limit_to(&self, uses: u32) {
        self.0.limits.borrow_mut().clear();
        self.0.allowed.set(uses);
    }

    /// Decides the fate of every call from now on.
    pub fn inject(&self, fate: impl FnMut(&Call<'_>) -> Fate + 'static) {
        *self.0.fate.borrow_mut() = Box::new(fate);
    }

    /// The log so far, emptied.
    pub fn take_log(&self) -> Vec<LogLine> {
        self.0.log.take()
    }

    /// Database round trips since this was last asked.
    pub fn take_batches(&self) -> u32 {
        self.0.batches.take()
    }

    /// Runs a call as its fate has it.
    /// One that hangs is waited for as long as `patience` is pending, and given up with what it resolves to.
    async fn meet<T, E>(
        &self,
        call: Call<'_>,
        effect: impl FnOnce() -> Result<T, E>,
        lost: E,
        patience: impl Future<Output = E>,
    ) -> Result<T, E> {
        let fate = (self.0.fate.borrow_mut())(&call);
        match fate {
            Fate::Proceed => effect(),
            Fate::FailBefore => Err(lost),
            Fate::FailAfter => effect().and(Err(lost)),
            Fate::HangBefore => Err(patience.await),
            Fate::HangAfter => {
                let _ = effect();
                Err(patience.await)
            }
            Fate::DieBefore => std::future::pending().await,
            Fate::DieAfter => {
                let _ = effect();
                std::future::pending().await
            }
        }
    }
}

impl Platform for Host {
    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Outcome>, DbError> {
        self.0.batches.set(self.0.batches.get() + 1);
        let lost = DbError::Unavailable("Network connection lost.".to_owned());
        // A statement may wait in the database's queue.
        yield_once().await;
        self.meet(Call::Batch(&statements), || self.0.database.batch(&statements), lost, std::future::pending()).await
    }

    /// As the edge does, it waits for an answer no longer than the request's timeout says.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        let patience = async {
            self.sleep(request.timeout).await;
            SendError::Timeout
        };
        let effect = || (self.0.upstream)(&request);
        let reply = self.meet(Call::Send(&request), effect, SendError::Unreachable, patience).await;
        // A request leaves at once, and its answer is on its way for a while.
        yield_once().await;
        reply
    }

    /// The binding is played by whoever plays the services, and meets the same faults.
    async fn send_mail(&self, mail: &BoundMail) -> Result<Option<String>, BoundMailError> {
        binding_answer(self.send(binding_request(mail)).await)
    }

    /// Time passes only once nothing else gets on: then it jumps to the end of the shortest sleep. One that is dropped
    /// before has taken no time.
    async fn sleep(&self, time: Duration) {
        /// Turns after which everything that is run beside this has come to rest.
        const TURNS: u32 = 64;
        let sleeper = Sleeper::new(&self.0, time);
        if self.0.driven.get() {
            return poll_fn(|context| sleeper.poll(context)).await;
        }
        let mut idle = 0;
        while self.0.clock.get() < sleeper.end {
            yield_once().await;
            idle += 1;
            if idle > TURNS && sleeper.is_first() {
                self.0.clock.set(sleeper.end);
            }
        }
    }

    fn now(&self) -> Timestamp {
        self.0.clock.get()
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        self.0.random.borrow_mut().fill(bytes);
        Ok(())
    }

    async fn verify_rs256(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
        signing::is_signed(key, message, signature)
    }

    async fn sign_rs256(&self, key: &PrivateKey, message: &[u8]) -> Result<Vec<u8>, CannotSign> {
        signing::rs256(key, message)
    }

    async fn within_limit(&self, limit: Limit, key: &str) -> bool {
        let mut limits = self.0.limits.borrow_mut();
        let uses = limits.entry((limit.binding(), key.to_owned())).or_default();
        *uses += 1;
        *uses <= self.0.allowed.get()
    }

    fn has_limit(&self, _limit: Limit) -> bool {
        true
    }

    fn log(&self, line: &LogLine) {
        self.0.log.borrow_mut().push(line.clone());
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("clock", &self.0.clock).finish_non_exhaustive()
    }
}

/// A mail for the binding as a request to whoever plays it.
pub fn binding_request(mail: &BoundMail) -> HttpRequest {
    let body = serde_json::json!({
        "from": { "email": mail.from, "name": mail.from_name },
        "to": mail.to,
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
    });
    HttpRequest::new(Method::Post, MAIL_BINDING_URL.to_owned()).body("application/json", body.to_string().into_bytes())
}

/// What the reply to it would be of the binding.
///
/// # Errors
/// As [`Platform::send_mail`].
pub fn binding_answer(reply: Result<HttpResponse, SendError>) -> Result<Option<String>, BoundMailError> {
    let reply = reply.map_err(BoundMailError::Unanswered)?;
    let answer = Json::parse(&reply.body).ok();
    let said = |name: &str| answer.as_ref()?.root().text(name).ok().map(str::to_owned);
    match reply.status {
        200 => Ok(said("messageId")),
        _ => Err(BoundMailError::Refused { code: said("code"), message: said("message").unwrap_or_default() }),
    }
}

/// A sleep that is under way.
struct Sleeper<'a> {
    world: &'a World,
    end: Timestamp,
}

impl<'a> Sleeper<'a> {
    fn new(world: &'a World, time: Duration) -> Self {
        let end = world.clock.get().plus_millis(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
        world.sleepers.borrow_mut().push(end);
        Self { world, end }
    }

    /// Whether it is over, where the clock is driven. Many that are awaited at once are polled only if they were woken.
    fn poll(&self, context: &Context<'_>) -> Poll<()> {
        if self.world.clock.get() >= self.end {
            return Poll::Ready(());
        }
        let mut wakers = self.world.wakers.borrow_mut();
        if !wakers.iter().any(|(end, waker)| *end == self.end && waker.will_wake(context.waker())) {
            wakers.push((self.end, context.waker().clone()));
        }
        Poll::Pending
    }

    fn is_first(&self) -> bool {
        self.world.sleepers.borrow().iter().min() == Some(&self.end)
    }
}

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        let mut sleepers = self.world.sleepers.borrow_mut();
        if let Some(place) = sleepers.iter().position(|end| *end == self.end) {
            sleepers.swap_remove(place);
        }
    }
}

async fn yield_once() {
    let mut yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            Poll::Ready(())
        } else {
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};
    use std::time::Duration;

    use futures_util::future::join_all;

    use super::Host;
    use crate::model::Timestamp;
    use crate::platform::{Platform, SendError};

    /// So many that they are polled one by one, as each is woken.
    #[test]
    fn a_clock_that_is_driven_wakes_every_sleeper_of_a_crowd() {
        let host = Host::new(0, Timestamp::from_millis(0), |_| Err(SendError::Unreachable)).expect("a database");
        host.drive();
        let second = Duration::from_secs(1);
        let mut crowd = pin!(join_all((0..100).map(|_| host.sleep(second))));
        let mut context = Context::from_waker(Waker::noop());
        let over = (0..100).any(|_| crowd.as_mut().poll(&mut context).is_ready());
        assert!(!over, "its time has not come");
        host.advance(second);
        let over = (0..100).any(|_| crowd.as_mut().poll(&mut context).is_ready());
        assert!(over, "it sleeps on");
    }
}
