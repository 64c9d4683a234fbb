//! Who Cloudflare Access says that somebody is.

use super::Engine;
use crate::adapters::access;
use crate::model::EmailAddress;
use crate::platform::Platform;

impl<P: Platform> Engine<P> {
    /// Who brings this token, by their mail address; `None` where it does not count, and where Access is not configured.
    pub async fn access_identity(&self, token: &str) -> Option<EmailAddress> {
        let access = self.config.access.as_ref()?;
        access::identity(&self.platform, access, &self.memory.access_keys, token).await
    }
}
