//! Making a GitHub App of the seller's own: the code that GitHub has sent back becomes the App's secrets, which are given on and kept
//! nowhere.
//!
//! Where GitHub's answer is lost, the App is there and nobody has its secrets: its owner makes new ones in its settings, or deletes it
//! and begins anew.

use super::Engine;
use crate::adapters::Failure;
use crate::adapters::github::manifest::{self, NewApp};
use crate::platform::{Level, LogValue, Platform};

impl<P: Platform> Engine<P> {
    /// The App that a code stands for; `None` where GitHub does not take the code, or not any more.
    ///
    /// # Errors
    /// [`Failure`] when GitHub did not say.
    pub async fn new_github_app(&self, code: &str) -> Result<Option<NewApp>, Failure> {
        let made = manifest::convert(&self.config.github, &self.platform, code).await;
        match &made {
            Ok(Some(app)) => self.log(Level::Info, "github_app_made", [("app", app.id.into())]),
            Ok(None) => self.log(Level::Warn, "github_app_code_refused", []),
            Err(failure) => {
                self.log(Level::Warn, "github_app_not_made", [("error", LogValue::text(failure.reason.as_str()))]);
            }
        }
        made
    }
}
