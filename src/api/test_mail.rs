//! `POST /admin/test-mail`: a mail to the operator by which they see that mails arrive.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::codes::TestMailState;

/// What became of it. That it arrives, only the operator sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TestMail {
    pub outcome: TestMailState,
}
