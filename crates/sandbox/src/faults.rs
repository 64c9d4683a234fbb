//! What can be made to go wrong between the caller and a service. When a request meets one is decided here; how it
//! strikes is in `sandbox`.

use std::time::Duration;

use crate::incoming::Incoming;
use crate::service::Service;

/// A fault: which requests it is for, which of them it strikes, and what it does.
///
/// A new one strikes every request to its service; the methods narrow it.
///
/// ```
/// use latchkey_sandbox::{Fault, FaultKind, Service};
///
/// // The second invitation is made, but its reply is lost.
/// let fault = Fault::new(Service::GitHub, FaultKind::LostAfter).method("PUT").path("/collaborators/").nth(2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    service: Service,
    method: Option<String>,
    path: Option<String>,
    when: When,
    kind: FaultKind,
    /// Requests of its kind that were seen.
    seen: u32,
    /// Requests that it struck.
    struck: u32,
}

/// What a fault does to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// The service answers with this and does nothing.
    Status { status: u16, headers: Vec<(String, String)>, body: Vec<u8> },
    /// The connection is lost before the service saw the request.
    LostBefore,
    /// The service did what was asked; its answer is lost.
    LostAfter,
    /// The service does what was asked and answers this much later.
    Slow(Duration),
    /// A 200 whose body is a page of HTML, as a proxy in between would send it; nothing is done.
    Junk,
    /// A 302 to this address; nothing is done.
    Redirect(String),
    /// A 200 with a body of this many bytes; nothing is done.
    Oversized(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum When {
    Always,
    Nth(u32),
    Times(u32),
}

impl FaultKind {
    /// An answer with this status, no header of its own and a short text.
    pub fn status(status: u16) -> Self {
        Self::Status { status, headers: Vec::new(), body: b"The sandbox was told to fail.".to_vec() }
    }

    /// As [`FaultKind::status`], with a `Retry-After` of this many seconds.
    pub fn retry_after(status: u16, seconds: u64) -> Self {
        let headers = vec![("retry-after".to_owned(), seconds.to_string())];
        Self::Status { status, headers, body: b"The sandbox was told to ask for patience.".to_vec() }
    }
}

impl Fault {
    /// A fault that strikes every request to `service`.
    pub const fn new(service: Service, kind: FaultKind) -> Self {
        Self { service, method: None, path: None, when: When::Always, kind, seen: 0, struck: 0 }
    }

    /// Only requests of this method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_ascii_uppercase());
        self
    }

    /// Only requests whose path within the service contains this.
    #[must_use]
    pub fn path(mut self, part: &str) -> Self {
        self.path = Some(part.to_owned());
        self
    }

    /// Only the `n`th such request from now on, counted from 1.
    #[must_use]
    pub const fn nth(mut self, n: u32) -> Self {
        self.when = When::Nth(n);
        self
    }

    /// Only the first `n` such requests that no earlier fault takes.
    #[must_use]
    pub const fn times(mut self, n: u32) -> Self {
        self.when = When::Times(n);
        self
    }

    /// How many requests it has struck.
    pub const fn struck(&self) -> u32 {
        self.struck
    }

    fn is_for(&self, request: &Incoming) -> bool {
        request.service == Some(self.service)
            && self.method.as_deref().is_none_or(|method| method == request.method.as_str())
            && self.path.as_deref().is_none_or(|part| request.path.contains(part))
    }

    const fn is_due(&self) -> bool {
        match self.when {
            When::Always => true,
            When::Nth(n) => self.seen == n,
            When::Times(n) => self.struck < n,
        }
    }
}

/// The faults that were injected, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Faults(pub(crate) Vec<Fault>);

impl Faults {
    /// The fault that strikes this request, if any: the oldest that is due. Every fault of its kind counts the request.
    pub(crate) fn strike(&mut self, request: &Incoming) -> Option<FaultKind> {
        let mut strikes = None;
        for fault in self.0.iter_mut().filter(|fault| fault.is_for(request)) {
            fault.seen += 1;
            if strikes.is_none() && fault.is_due() {
                fault.struck += 1;
                strikes = Some(fault.kind.clone());
            }
        }
        strikes
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, FaultKind, Faults};
    use crate::incoming::Incoming;
    use crate::service::Service;

    fn strikes(faults: &mut Faults, method: &str, path: &str) -> Option<FaultKind> {
        let request = http::Request::builder().method(method).uri(path).body(Vec::new()).unwrap();
        faults.strike(&Incoming::read(request))
    }

    #[test]
    fn a_fault_strikes_only_the_requests_it_is_for() {
        let fault = Fault::new(Service::GitHub, FaultKind::Junk).method("put").path("/collaborators/");
        let mut faults = Faults(vec![fault]);
        assert_eq!(strikes(&mut faults, "GET", "/github/repos/a/b/collaborators/c"), None);
        assert_eq!(strikes(&mut faults, "PUT", "/github/repos/a/b"), None);
        assert_eq!(strikes(&mut faults, "PUT", "/gumroad/collaborators/"), None);
        assert_eq!(strikes(&mut faults, "PUT", "/github/repos/a/b/collaborators/c"), Some(FaultKind::Junk));
    }

    #[test]
    fn the_nth_request_is_counted_from_one() {
        let mut faults = Faults(vec![Fault::new(Service::Postmark, FaultKind::LostAfter).nth(2)]);
        assert_eq!(strikes(&mut faults, "POST", "/postmark/email"), None);
        assert_eq!(strikes(&mut faults, "POST", "/postmark/email"), Some(FaultKind::LostAfter));
        assert_eq!(strikes(&mut faults, "POST", "/postmark/email"), None);
    }

    #[test]
    fn faults_that_strike_a_number_of_times_take_turns() {
        let mut faults = Faults(vec![
            Fault::new(Service::Postmark, FaultKind::LostBefore).times(1),
            Fault::new(Service::Postmark, FaultKind::Junk).times(1),
        ]);
        assert_eq!(strikes(&mut faults, "POST", "/postmark/email"), Some(FaultKind::LostBefore));
        assert_eq!(strikes(&mut faults, "POST", "/postmark/email"), Some(FaultKind::Junk));
        assert_eq!(strikes(&mut faults, "POST", "/postmark/email"), None);
        assert!(faults.0.iter().all(|fault| fault.struck() == 1));
    }
}
