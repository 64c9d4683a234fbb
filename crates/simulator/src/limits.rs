//! What GitHub has asked for with its limits: when it wants to be asked again, and whether anybody has asked before.

use latchkey::platform::host::Host;
use latchkey::platform::{HttpRequest, Platform};
use latchkey_sandbox::FaultKind;

/// Every limit with a time that an invitation met, and who asks in spite of it.
#[derive(Default)]
pub(crate) struct Limits {
    clock: Option<Host>,
    /// By their numbers.
    tasks: Vec<Task>,
    /// How many tasks have begun or ended.
    moment: usize,
    told: Vec<Told>,
    early: Option<String>,
    /// Every invitation that was asked for: by whom, and at which address.
    invitations: Vec<(usize, String)>,
    /// Who was about to let somebody in: what an account may do is asked before.
    asked_roles: Vec<(usize, String)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Task {
    /// The moment in which it began.
    began: Option<usize>,
    /// And in which it ended; none while it runs, and where it died.
    ended: Option<usize>,
    /// The time at which it began, in milliseconds.
    began_at: i64,
    /// How long it took, once it has ended.
    took_ms: i64,
    /// Whether a call of its own failed or hung, so that it may not have written down what it was told.
    broken: bool,
}

/// That GitHub wants to be left alone.
#[derive(Debug)]
struct Told {
    /// Who was told.
    task: usize,
    until: i64,
}

impl Limits {
    /// By which the times are told.
    pub(crate) fn watch(&mut self, clock: Host) {
        self.clock = Some(clock);
    }

    /// Lets go of the clock.
    pub(crate) fn forget_clock(&mut self) {
        self.clock = None;
    }

    pub(crate) fn begin(&mut self, task: usize) {
        let (moment, now) = (self.moment + 1, self.now());
        let task = self.task(task);
        if task.began.is_none() {
            (task.began, task.began_at) = (Some(moment), now);
            self.moment = moment;
        }
    }

    pub(crate) fn end(&mut self, task: usize) {
        self.moment += 1;
        let (moment, now) = (self.moment, self.now());
        let task = self.task(task);
        (task.ended, task.took_ms) = (Some(moment), now - task.began_at);
    }

    pub(crate) fn broke(&mut self, task: usize) {
        self.task(task).broken = true;
    }

    /// GitHub is asked this, and has this trouble with it.
    pub(crate) fn asked(&mut self, task: usize, request: &HttpRequest, trouble: Option<&FaultKind>) {
        // A buyer's question whose login it is comes before anything is on record, and is asked all the same.
        if request.url.contains("/github/users/") {
            return;
        }
        if request.method.as_str() == "PUT" {
            self.invitations.push((task, request.url.to_lowercase()));
        }
        if request.url.ends_with("/permission") {
            self.asked_roles.push((task, request.url.to_lowercase()));
        }
        let now = self.now();
        let began = self.task(task).began;
        let knew = |told: &Told| {
            let teller = self.tasks[told.task];
            !teller.broken && teller.ended < began && teller.ended.is_some()
        };
        // A second more or less is nobody's.
        if let Some(told) = self.told.iter().find(|told| told.until - 1000 > now && knew(told)) {
            let seconds = (told.until - now) / 1000;
            self.early.get_or_insert(format!("[{task}] asks GitHub {seconds} seconds before it may"));
        }
        if let Some(FaultKind::Status { headers, .. }) = trouble.filter(|_| request.method.as_str() == "PUT") {
            let seconds = headers.iter().find(|(name, _)| name == "retry-after");
            if let Some(seconds) = seconds.and_then(|(_, seconds)| seconds.parse::<i64>().ok()) {
                self.told.push(Told { task, until: now + seconds * 1000 });
            }
        }
    }

    /// Who asked GitHub while it was to be left alone, if anybody did.
    pub(crate) fn early(&self) -> Option<&str> {
        self.early.as_deref()
    }

    /// Whether a task came to its end, and was not ended.
    pub(crate) fn has_ended(&self, task: usize) -> bool {
        self.tasks.get(task).is_some_and(|task| task.ended.is_some())
    }

    /// Whether a task took longer than this, so that a lease which it held may have been another's by its end.
    pub(crate) fn took_longer_than(&self, task: usize, ms: i64) -> bool {
        self.tasks.get(task).is_some_and(|task| task.took_ms > ms)
    }

    /// Who has asked for an invitation to this repository, once each time.
    pub(crate) fn inviting<'a>(&'a self, repo: &'a str) -> impl Iterator<Item = usize> + 'a {
        let to = format!("/repos/{}/collaborators/", repo.to_lowercase());
        self.invitations.iter().filter(move |(_, url)| url.contains(&to)).map(|(task, _)| *task)
    }

    /// Whether a process died in the middle of something: of what it was about to do, nobody knows how far it came.
    pub(crate) fn has_lost_one(&self) -> bool {
        self.tasks.iter().any(|task| task.ended.is_none())
    }

    /// Who has been about to ask for one, or has asked.
    pub(crate) fn about_to_invite<'a>(&'a self, repo: &'a str) -> impl Iterator<Item = usize> + 'a {
        let to = format!("/repos/{}/collaborators/", repo.to_lowercase());
        self.asked_roles.iter().filter(move |(_, url)| url.contains(&to)).map(|(task, _)| *task)
    }

    fn now(&self) -> i64 {
        self.clock.as_ref().map_or(0, |clock| clock.now().as_millis())
    }

    fn task(&mut self, number: usize) -> &mut Task {
        if self.tasks.len() <= number {
            self.tasks.resize(number + 1, Task::default());
        }
        &mut self.tasks[number]
    }
}
