//! A world that strikes: which call is met by which fault, what is seen of that, and processes that die of it.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use latchkey::platform::host::{Call, Fate};

use crate::faults::coverage::boundary;
use crate::shop::Shop;

/// The ways in which a call can go wrong: it has its effect or not, and its reply is lost, never comes, or finds nobody
/// alive.
pub(crate) const FATES: [Fate; 6] =
    [Fate::FailBefore, Fate::FailAfter, Fate::HangBefore, Fate::HangAfter, Fate::DieBefore, Fate::DieAfter];

/// A fault: what happens to the call of this number, counted from the scenario's beginning.
pub(crate) type Blow = (usize, Fate);

/// What is seen while a scenario is played.
#[derive(Default)]
pub(crate) struct Witness {
    pub(crate) calls: Cell<usize>,
    pub(crate) struck: RefCell<Vec<Blow>>,
    /// What each call was.
    pub(crate) reached: RefCell<Vec<String>>,
    /// Mails that a blow struck between their sending and the record of it, so that they are rightly sent once more.
    pub(crate) mails_in_doubt: Cell<usize>,
    died: Cell<bool>,
}

/// Has the world strike these blows from now on.
pub(crate) fn watch(shop: &Shop, blows: &[Blow]) -> Rc<Witness> {
    let witness = Rc::new(Witness::default());
    let (watching, blows) = (Rc::clone(&witness), blows.to_vec());
    shop.host.inject(move |call| {
        let number = watching.calls.replace(watching.calls.get() + 1);
        watching.reached.borrow_mut().push(boundary(call));
        let Some(blow) = blows.iter().copied().find(|(struck, _)| *struck == number) else { return Fate::Proceed };
        watching.struck.borrow_mut().push(blow);
        let (_, fate) = blow;
        watching.died.set(watching.died.get() || matches!(fate, Fate::DieBefore | Fate::DieAfter));
        let had_effect = matches!(fate, Fate::FailAfter | Fate::HangAfter | Fate::DieAfter);
        let mails_in_doubt = match call {
            // Resend knows a mail again that it had.
            Call::Send(request) => {
                let forgets = |service: &str| request.url.contains(service);
                usize::from(had_effect && ["/postmark/", "/smtp2go/", "/email/"].into_iter().any(forgets))
            }
            Call::Batch(_) if had_effect => 0,
            Call::Batch(batch) => batch.iter().filter(|statement| statement.name == "outbox/complete").count(),
        };
        watching.mails_in_doubt.set(watching.mails_in_doubt.get() + mails_in_doubt);
        fate
    });
    witness
}

/// Runs a process to its end, or drops it where it dies.
pub(crate) async fn unless_it_dies<T>(witness: &Witness, process: impl Future<Output = T>) -> Option<T> {
    let mut process = pin!(process);
    poll_fn(|context| match process.as_mut().poll(context) {
        Poll::Ready(end) => Poll::Ready(Some(end)),
        Poll::Pending if witness.died.take() => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    })
    .await
}
