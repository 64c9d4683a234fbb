//! What goes wrong: at every call into the world a fault may strike, before it took effect, after it took effect, slow,
//! or the process dies there; and the services have bad days of their own.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use latchkey::platform::host::{Call, Fate};
use latchkey::platform::{HttpRequest, HttpResponse, Method, SendError, Value};
use latchkey_sandbox::{AccountKind, Fault, FaultKind, Sandbox, Service};

use crate::limits::Limits;
use crate::trace::Trace;
use crate::world;

/// Decides every call's fate, from the seed.
pub(crate) struct Fates {
    random: RefCell<fastrand::Rng>,
    /// Calls in a thousand that a fault strikes.
    per_mille: Cell<u32>,
    /// Requests in a thousand to each service that it answers badly, in the order of [`Service::ALL`].
    troubled: Cell<[u32; Service::ALL.len()]>,
    /// At which every process dies, for now.
    poison: RefCell<Option<(Poison, Fate)>>,
    task: Cell<usize>,
    died: Cell<bool>,
    /// How many faults struck each task.
    struck: RefCell<Vec<u32>>,
    /// Invitations in a thousand at which the login comes to somebody else just then.
    hijacked: Cell<u32>,
    /// Every login that an account has got besides its first one, with the account's number.
    pub(crate) logins: RefCell<Vec<(String, i64)>>,
    pub(crate) counts: RefCell<Counts>,
    pub(crate) limits: RefCell<Limits>,
    pub(crate) trace: RefCell<Trace>,
}

/// What a process dies of each time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Poison {
    /// Sending a mail to this address.
    Mail(String),
    /// Writing down this order.
    Order(String),
    /// A change of the access of this account.
    Account(&'static str),
}

impl Poison {
    fn is_in(&self, call: &Call<'_>) -> bool {
        match (self, call) {
            (Self::Mail(address), Call::Send(request)) => {
                let body = String::from_utf8_lossy(request.body.as_deref().unwrap_or_default());
                ["/postmark/", "/resend/"].iter().any(|mailer| request.url.contains(mailer))
                    && body.contains(address.as_str())
            }
            (Self::Order(id), Call::Batch(statements)) => {
                let is_it = |value: &Value| matches!(value, Value::Text(text) if text == id);
                statements.iter().any(|one| one.name == "orders/record" && one.params.iter().any(is_it))
            }
            (Self::Account(login), Call::Send(request)) => request.url.ends_with(&format!("/collaborators/{login}")),
            _ => false,
        }
    }
}

/// How often what happened.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) calls: u64,
    /// By [`FAULTS`].
    pub(crate) faults: [u64; FAULTS.len()],
}

/// What can strike, in words.
pub(crate) const FAULTS: [&str; 8] = [
    "failed before",
    "failed after",
    "hung before",
    "hung after",
    "died before",
    "died after",
    "refused by a service",
    "garbled or lost by a service",
];

impl Fates {
    pub(crate) fn new(random: fastrand::Rng, trace: Trace) -> Self {
        Self {
            random: RefCell::new(random),
            per_mille: Cell::new(0),
            troubled: Cell::new([0; Service::ALL.len()]),
            poison: RefCell::default(),
            task: Cell::new(0),
            died: Cell::new(false),
            struck: RefCell::default(),
            hijacked: Cell::new(0),
            logins: RefCell::default(),
            counts: RefCell::default(),
            limits: RefCell::default(),
            trace: RefCell::new(trace),
        }
    }

    /// How bad the weather is from now on.
    pub(crate) fn weather(&self, per_mille: u32) {
        self.per_mille.set(per_mille);
    }

    /// How badly a service answers from now on.
    pub(crate) fn trouble(&self, service: Service, per_mille: u32) {
        let mut troubled = self.troubled.get();
        for (of, known) in troubled.iter_mut().zip(Service::ALL) {
            if known == service {
                *of = per_mille;
            }
        }
        self.troubled.set(troubled);
    }

    /// Nothing goes wrong any more.
    pub(crate) fn calm(&self) {
        self.per_mille.set(0);
        self.troubled.set([0; Service::ALL.len()]);
        self.hijacked.set(0);
    }

    /// How often logins change hands at the moment of an invitation from now on.
    pub(crate) fn hijack(&self, per_mille: u32) {
        self.hijacked.set(per_mille);
    }

    /// Gives an account another login, and at times the old one to a stranger, who may accept every invitation at once.
    pub(crate) fn rename(&self, sandbox: &Sandbox, login: &str) {
        let Some(number) = sandbox.id_of(login) else { return };
        let mut logins = self.logins.borrow_mut();
        let new = format!("renamed-{}", logins.len());
        sandbox.rename_user(login, &new);
        let mut note = format!("{login} is called {new} from now on");
        logins.push((new, i64::try_from(number).unwrap_or_default()));
        let mut random = self.random.borrow_mut();
        if random.u32(0..3) > 0 {
            let stranger = sandbox.add_user(login, AccountKind::User);
            logins.push((login.to_owned(), i64::try_from(stranger).unwrap_or_default()));
            note.push_str(", and a stranger has the old name");
            if random.bool() {
                sandbox.accept_at_once(login);
                note.push_str(" and accepts everything at once");
            }
        }
        self.trace.borrow_mut().note(&note);
    }

    /// Every process dies at this from now on, before it took effect or after.
    pub(crate) fn poison(&self, what: Poison, fate: Fate) {
        self.poison.replace(Some((what, fate)));
    }

    /// Nobody dies of anything any more but by chance.
    pub(crate) fn cure(&self) {
        self.poison.take();
    }

    pub(crate) fn begin_turn(&self, task: usize) {
        self.task.set(task);
        self.limits.borrow_mut().begin(task);
    }

    /// A task has come to its end.
    pub(crate) fn end(&self, task: usize) {
        self.limits.borrow_mut().end(task);
    }

    /// Whether the process that was just running died.
    pub(crate) fn take_death(&self) -> bool {
        self.died.take()
    }

    /// Whether any fault struck this task.
    pub(crate) fn struck(&self, task: usize) -> bool {
        self.struck.borrow().get(task).is_some_and(|count| *count > 0)
    }

    /// The fate of a call.
    pub(crate) fn of(&self, call: &Call<'_>) -> Fate {
        const FATES: [Fate; 6] =
            [Fate::FailBefore, Fate::FailAfter, Fate::HangBefore, Fate::HangAfter, Fate::DieBefore, Fate::DieAfter];
        if self.died.get() {
            // What runs beside it in the same process is dead as well.
            return Fate::DieBefore;
        }
        self.counts.borrow_mut().calls += 1;
        let mut fate = Fate::Proceed;
        if self.per_mille.get() > 0 {
            let mut random = self.random.borrow_mut();
            if random.u32(0..1000) < self.per_mille.get() {
                let kind = random.usize(0..FATES.len());
                fate = FATES[kind];
                self.count(kind);
            }
        }
        if let Some((_, deadly)) = self.poison.borrow().as_ref().filter(|(poison, _)| poison.is_in(call)) {
            fate = *deadly;
            self.count(if fate == Fate::DieAfter { 5 } else { 4 });
        }
        if fate != Fate::Proceed {
            self.limits.borrow_mut().broke(self.task.get());
        }
        self.died.set(matches!(fate, Fate::DieBefore | Fate::DieAfter));
        self.trace.borrow_mut().call(self.task.get(), call, fate);
        fate
    }

    /// Hands a request to the sandbox, unless the service has a bad day.
    pub(crate) fn send(&self, sandbox: &Sandbox, request: &HttpRequest) -> Result<HttpResponse, SendError> {
        let invited = request.url.rsplit_once("/collaborators/").filter(|_| request.method == Method::Put);
        if let Some((_, login)) = invited
            && self.hijacked.get() > 0
            && self.random.borrow_mut().u32(0..1000) < self.hijacked.get()
        {
            self.rename(sandbox, login);
        }
        let place = Service::ALL.iter().position(|service| request.url.contains(&format!("/{}/", service.prefix())));
        let trouble = place.and_then(|place| self.draw_trouble(place));
        if place.is_some_and(|place| Service::ALL[place] == Service::GitHub) {
            self.limits.borrow_mut().asked(self.task.get(), request, trouble.as_ref());
        }
        if let (Some(place), Some(kind)) = (place, trouble) {
            self.trace.borrow_mut().trouble(self.task.get(), &kind);
            sandbox.inject(Fault::new(Service::ALL[place], kind));
            let reply = world::send(sandbox, request);
            sandbox.clear_faults();
            return reply;
        }
        world::send(sandbox, request)
    }

    fn draw_trouble(&self, place: usize) -> Option<FaultKind> {
        let per_mille = self.troubled.get()[place];
        if per_mille == 0 {
            return None;
        }
        let mut random = self.random.borrow_mut();
        if random.u32(0..1000) >= per_mille {
            return None;
        }
        let of_github = Service::ALL[place] == Service::GitHub;
        let (kind, refused) = match random.u32(0..if of_github { 12 } else { 9 }) {
            0 => (FaultKind::status(500), true),
            1 => (FaultKind::status(503), true),
            2 => (FaultKind::retry_after(429, random.u64(1..600)), true),
            3 => (FaultKind::retry_after(403, random.u64(1..600)), true),
            4 => (FaultKind::LostBefore, false),
            5 => (FaultKind::LostAfter, false),
            6 => (FaultKind::Slow(Duration::from_secs(random.u64(1..9))), false),
            7 => (FaultKind::Redirect("http://elsewhere.example.com/".to_owned()), false),
            8 => (FaultKind::Junk, false),
            9 => (FaultKind::retry_after(403, random.u64(600..7_200)), true),
            10 => (limited(&[]), true),
            _ => (limited(&[("x-ratelimit-remaining", "0")]), true),
        };
        drop(random);
        self.count(if refused { 6 } else { 7 });
        Some(kind)
    }

    fn count(&self, kind: usize) {
        self.counts.borrow_mut().faults[kind] += 1;
        let (mut struck, task) = (self.struck.borrow_mut(), self.task.get());
        if struck.len() <= task {
            struck.resize(task + 1, 0);
        }
        struck[task] += 1;
    }
}

/// A limit of GitHub's that says not how long it lasts.
/// <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit>
fn limited(headers: &[(&str, &str)]) -> FaultKind {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let body =
        br#"{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}"#;
    FaultKind::Status { status: 403, headers, body: body.to_vec() }
}
