//! Bringing the licenses that there are to the Worker's catalogue: the plan first, then piece by piece what was planned.

use latchkey::api::Cursor;
use latchkey::api::grants::{SyncAnswer, SyncRequest};
use latchkey::model::{Actor, Reason, StorefrontId};

use super::{Asking, parse, to_json};
use crate::args::{self, Consent};
use crate::show::{self, counted};

/// What is said of a plan that nobody has asked to carry out.
const ONLY_PLANNED: &str = "Nothing was changed. To do it, say why: add --reason.";

impl Asking<'_> {
    /// Shows the plan; and with a reason, does it if that is meant.
    pub(super) async fn sync(
        &self,
        product: Option<&StorefrontId>,
        because: Option<(&Reason, Option<Actor>)>,
        consent: &Consent,
    ) -> anyhow::Result<String> {
        let request = SyncRequest { product: product.cloned(), dry_run: true, ..SyncRequest::default() };
        let plan = self.every_piece(request.clone(), |_| ()).await.map_err(|(_, error)| error)?;
        let shown = show::sync_plan(self.view, &self.api.host(), &plan);
        let (reason, actor) = match because {
            Some(because) if plan.counts.changed > 0 => because,
            Some(_) => return self.print(&to_json(&plan)?, |_: SyncAnswer| shown),
            None => {
                let shown = if plan.counts.changed > 0 { format!("{shown}\n\n{ONLY_PLANNED}") } else { shown };
                return self.print(&to_json(&plan)?, |_: SyncAnswer| shown);
            }
        };
        self.operator.tell(&format!("{shown}\n"));
        let licenses = counted(plan.counts.changed, "license", "licenses");
        self.confirm(consent, &format!("Bring {licenses} to the catalogue of {}?", self.api.host()))?;
        let request = SyncRequest {
            reason: Some(reason.clone()),
            actor,
            dry_run: false,
            // What was shown is what is meant.
            expected_version: u32::try_from(plan.version).ok(),
            ..request
        };
        let progress = |done: &SyncAnswer| {
            self.operator.tell(&format!("{} of {licenses} so far", done.counts.changed));
        };
        match self.every_piece(request, progress).await {
            Ok(done) => self.print(&to_json(&done)?, |done: SyncAnswer| show::synced(&done)),
            Err((done, error)) if done.counts.changed == 0 => Err(error),
            Err((done, error)) => {
                let so_far = counted(done.counts.changed, "license is", "licenses are");
                Err(error
                    .context(format!("{so_far} brought to the catalogue, and the rest is not; the same again goes on")))
            }
        }
    }

    /// Asks for all of it, one piece after the other, and tells of those that others come after. Where one fails, gives what was done
    /// before.
    async fn every_piece(
        &self,
        mut request: SyncRequest,
        progress: impl Fn(&SyncAnswer),
    ) -> Result<SyncAnswer, (SyncAnswer, anyhow::Error)> {
        let mut all = SyncAnswer::default();
        loop {
            let piece = async { parse::<SyncAnswer>(&self.api.post(&["grants", "sync"], &request).await?) };
            match piece.await {
                Ok(piece) => all.add(piece),
                Err(error) => return Err((all, error)),
            }
            let Some(next) = &all.next_cursor else { return Ok(all) };
            match args::read::<Cursor>(next) {
                Ok(next) => request.cursor = Some(next),
                Err(error) => return Err((all, anyhow::anyhow!("the Worker's cursor {error}"))),
            }
            progress(&all);
        }
    }
}
