//! What mail providers have told of mails that came back: each is the operator's to see, and no other mail is.

use std::collections::HashSet;

use super::{Violation, rows, text};
use crate::model::What;
use crate::run::Run;

/// Every mail that was told to have come back is shown as such, unless it was sent anew since; and none is that was not.
pub(super) fn mails(run: &Run) -> Result<(), Violation> {
    let wrong = |what: String| Err(Violation::new("I7", what));
    let model = run.model.borrow();
    let read = rows(
        run,
        "SELECT trace_id FROM webhook_events WHERE source IN ('postmark', 'resend') AND reason = 'mail_returned'",
    );
    let read: HashSet<String> = read.iter().map(|row| text(row, "trace_id")).collect();
    let told = |counts: &dyn Fn(&str) -> bool| -> HashSet<&str> {
        let of = model.sent.iter().filter_map(|sent| match &sent.what {
            What::Returned(Some(mail)) if counts(&sent.trace) => Some(mail.as_str()),
            _ => None,
        });
        of.collect()
    };
    let (told_of, read_of) = (told(&|_| true), told(&|trace| read.contains(trace)));
    let sent = "SELECT o.kind, o.state, o.reference FROM outbox o
                WHERE o.kind <> 'grant' AND o.reference IS NOT NULL AND (o.state = 'dead' OR o.outcome = 'sent')
                  AND NOT EXISTS (SELECT 1 FROM licenses l WHERE o.kind = 'license_mail' AND l.license_key = o.subject AND l.email = '')";
    for row in rows(run, sent) {
        let (kind, reference) = (text(&row, "kind"), text(&row, "reference"));
        match text(&row, "state").as_str() {
            "done" if read_of.contains(reference.as_str()) => {
                return wrong(format!("a {kind} has come back, and nobody sees that"));
            }
            "dead" if !told_of.contains(reference.as_str()) => {
                return wrong(format!("a {kind} was sent, and is shown as one that has come back"));
            }
            _ => {}
        }
    }
    Ok(())
}
