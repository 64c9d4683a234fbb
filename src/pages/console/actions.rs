//! `/console/actions`: who changed what, when and why.

use askama::Template;

use super::visit::{Shell, Visit};
use super::{Place, words};
use crate::api::actions::ActionItem;
use crate::http::admin;
use crate::http::{Problem, Response};
use crate::pages::words::{Markup, moment};
use crate::platform::Platform;
use crate::words as codes;

#[derive(Template)]
#[template(path = "pages/templates/console/actions.html")]
struct Actions<'a> {
    shell: Shell<'a>,
    rows: Vec<Row<'a>>,
    next: Option<String>,
}

struct Row<'a> {
    at: Markup,
    actor: &'a str,
    what: &'a str,
    target: String,
    reason: &'a str,
}

pub(super) async fn list<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let page = admin::actions::list(visit.engine, &visit.query()?).await?;
    let page_of = Actions {
        shell: visit.shell(Place::Actions, words::ACTIONS_TITLE),
        rows: page.items.iter().map(row).collect(),
        next: visit.next(page.next_cursor.as_deref()),
    };
    Ok(visit.page(&page_of))
}

fn row(item: &ActionItem) -> Row<'_> {
    Row {
        at: moment(item.at),
        actor: &item.actor,
        what: codes::action(&item.action),
        target: if item.action.starts_with("license.") { words::masked(&item.target) } else { item.target.clone() },
        reason: &item.reason,
    }
}
