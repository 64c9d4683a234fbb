//! `/admin/sales`: what was bought.

use super::read;
use crate::db::reads;
use crate::engine::Engine;
use crate::http::Problem;
use crate::http::api::Page;
use crate::http::api::orders::{OrderItem, OrdersRequest};
use crate::platform::Platform;

pub(crate) async fn list<P: Platform>(engine: &Engine<P>, request: &OrdersRequest) -> Result<Page<OrderItem>, Problem> {
    read(engine, reads::orders::list(request)).await
}
