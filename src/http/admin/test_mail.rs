//! `/admin/test-mail`: a mail to the operator by which they see that mails arrive. It changes nothing, so it takes no reason.

use crate::api::codes::TestMailState;
use crate::api::test_mail::TestMail;
use crate::engine::Engine;
use crate::http::{Code, Problem};
use crate::platform::Platform;

/// After so many seconds whoever sends mails may do so again.
const RETRY_S: u64 = 60;

/// What stands in place of an outcome where no provider was asked.
const LOGGED: &str = "logged";

pub(crate) async fn send<P: Platform>(engine: &Engine<P>) -> Result<TestMail, Problem> {
    match engine.send_test_mail().await {
        None => Err(Problem::new(Code::Refused, "Nothing was sent: OPERATOR_EMAIL is not set.")),
        Some(Ok(sent)) => {
            let outcome = if sent.outcome == LOGGED { TestMailState::Logged } else { TestMailState::Sent };
            Ok(TestMail { outcome })
        }
        Some(Err(failure)) => {
            let said = format!("The mail did not leave: {}", failure.reason);
            Err(Problem::new(Code::UpstreamUnavailable, said).retry_after(RETRY_S))
        }
    }
}
