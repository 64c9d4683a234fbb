//! The list of sales, with which pings that were lost are found. <https://gumroad.com/api#sales>

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::adapters::listing;
use crate::config;
use crate::json::{FieldError, Json};
use crate::model::Timestamp;

/// The address of one page of the sales since the day of `since`, newest first. `page` is where an earlier one ended.
pub(in crate::adapters) fn list_url(config: &config::Gumroad, since: Timestamp, page: Option<&str>) -> String {
    // Of the time only the day is asked for.
    let mut url = format!("{}/v2/sales?after={:.10}", config.api_url, since.to_rfc3339());
    if let Some(page) = page {
        url.push_str("&page_key=");
        url.extend(utf8_percent_encode(page, NON_ALPHANUMERIC));
    }
    url
}

/// When each sale of a page was made, as far as that reads, and where the list goes on.
///
/// # Errors
/// Names the field and what is wrong with it.
pub(in crate::adapters) fn listed(body: &Json) -> Result<(Vec<Option<Timestamp>>, Option<String>), FieldError> {
    let times = listing::times(body.root().field("sales")?.as_list()?, |sale| sale.root().text("created_at"))?;
    Ok((times, body.root().optional_text("next_page_key")?.map(str::to_owned)))
}
