//! `/admin/grants`: who has access to what.

use super::read;
use crate::db::reads;
use crate::engine::Engine;
use crate::http::Problem;
use crate::http::api::Page;
use crate::http::api::grants::{GrantItem, GrantsRequest};
use crate::platform::Platform;

pub(super) async fn list<P: Platform>(engine: &Engine<P>, request: &GrantsRequest) -> Result<Page<GrantItem>, Problem> {
    read(engine, reads::grants::list(request)).await
}
