//! `/admin/actions`: what operators changed.

use super::read;
use crate::api::actions::ActionItem;
use crate::api::{Page, PageRequest};
use crate::db::reads;
use crate::engine::Engine;
use crate::http::Problem;
use crate::platform::Platform;

pub(crate) async fn list<P: Platform>(engine: &Engine<P>, request: &PageRequest) -> Result<Page<ActionItem>, Problem> {
    read(engine, reads::actions::list(request)).await
}
