//! What the Worker answered, for people: aligned tables, times as one says them, colors where they help. How a list is
//! asked for is in `api`. What was typed by a buyer passes through [`plain`]: a terminal obeys what it is sent.

use chrono::DateTime;
use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table, presets};
use serde_json::Value;

use super::api::Found;

/// How things are printed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    pub(super) json: bool,
    /// A person reads it as it comes: lines are broken at the terminal's width.
    pub(super) terminal: bool,
    pub(super) colors: bool,
    /// Seconds since 1970.
    pub(super) now: i64,
}

/// The lists there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Attention,
    Events,
    Licenses,
    Outbox,
    Actions,
}

/// A tick comes every minute. So many seconds without one are no accident.
const TICKS_MISSED_S: i64 = 300;

const NO_TICKS: &str = "\n\nNo tick has run in the last five minutes: nothing owed is tried, and no alert is sent. See whether \
                        the Worker has its cron trigger, which `npx wrangler deploy` sets.";

/// A member of an item: what it is called here, where it is (the first of several that is there), how it looks.
struct Column(&'static str, &'static [&'static str], Look);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Plain,
    /// A state, which has a color.
    State,
    /// A time, said from now.
    Ago,
    /// A time by its day, and said from now.
    Day,
    /// How a delivery came, if it was no webhook that told of it.
    Origin,
}

use Look::{Ago, Day, Origin, Plain, State};

const ATTENTION: &[Column] = &[
    Column("since", &["/since"], Ago),
    Column("status", &["/status"], State),
    Column("what", &["/kind"], Plain),
    Column("who", &["/email"], Plain),
    Column("order", &["/source_order_id"], Plain),
    Column("why", &["/why"], Plain),
    Column("what to do", &["/what_to_do"], Plain),
];

const EVENTS: &[Column] = &[
    Column("id", &["/id"], Plain),
    Column("received", &["/received_at"], Ago),
    Column("status", &["/status"], State),
    Column("source", &["/source"], Plain),
    Column("type", &["/event_type"], Plain),
    Column("found by", &["/origin"], Origin),
    Column("order", &["/source_order_id"], Plain),
    Column("email", &["/email"], Plain),
    Column("why", &["/why"], Plain),
];

const LICENSES: &[Column] = &[
    Column("license key", &["/license_key"], Plain),
    Column("status", &["/status"], State),
    Column("tier", &["/tier"], Plain),
    Column("email", &["/email"], Plain),
    Column("github", &["/activation/github_username"], Plain),
    Column("order", &["/source_order_id"], Plain),
    Column("issued", &["/issued_at"], Ago),
    Column("expires", &["/expires_at"], Ago),
];

const OUTBOX: &[Column] = &[
    Column("id", &["/id"], Plain),
    Column("kind", &["/kind"], Plain),
    Column("state", &["/state"], State),
    Column("tries", &["/attempts"], Plain),
    Column("next try", &["/next_attempt_at"], Ago),
    Column("license key", &["/license_key"], Plain),
    Column("repository", &["/repo"], Plain),
    Column("alert", &["/detail"], Plain),
    Column("outcome", &["/outcome", "/last_error"], Plain),
    Column("owed", &["/created_at"], Ago),
];

const ACTIONS: &[Column] = &[
    Column("when", &["/at"], Ago),
    Column("who", &["/actor"], Plain),
    Column("what", &["/action"], Plain),
    Column("to what", &["/target"], Plain),
    Column("why", &["/reason"], Plain),
];

const EVENT: &[Column] = &[
    Column("id", &["/id"], Plain),
    Column("status", &["/status"], State),
    Column("why", &["/why"], Plain),
    Column("since", &["/since"], Ago),
    Column("source", &["/source"], Plain),
    Column("came by", &["/origin"], Plain),
    Column("type", &["/event_type"], Plain),
    Column("order", &["/source_order_id"], Plain),
    Column("product", &["/product_id"], Plain),
    Column("email", &["/email"], Plain),
    Column("license key", &["/license_key"], Plain),
    Column("received", &["/received_at"], Ago),
    Column("processed", &["/processed_at"], Ago),
    Column("tries", &["/attempts"], Plain),
    Column("next try", &["/next_attempt_at"], Ago),
    Column("trace", &["/trace_id"], Plain),
];

const LICENSE: &[Column] = &[
    Column("license key", &["/license_key"], Plain),
    Column("status", &["/status"], State),
    Column("kind", &["/kind"], Plain),
    Column("source", &["/source"], Plain),
    Column("order", &["/source_order_id"], Plain),
    Column("product", &["/product_id"], Plain),
    Column("variant", &["/variant_id"], Plain),
    Column("tier", &["/tier"], Plain),
    Column("email", &["/email"], Plain),
    Column("name", &["/name"], Plain),
    Column("test purchase", &["/test"], Plain),
    Column("issued", &["/issued_at"], Day),
    Column("expires", &["/expires_at"], Day),
    Column("github", &["/activation/github_username"], Plain),
    Column("github number", &["/activation/github_user_id"], Plain),
    Column("opens", &["/activation/repos"], Plain),
    Column("permission", &["/activation/permission"], Plain),
    Column("activated", &["/activation/activated_at"], Day),
    Column("refunded", &["/facts/refunded_at"], Day),
    Column("disputed", &["/facts/disputed_at"], Day),
    Column("dispute won", &["/facts/dispute_won_at"], Day),
];

const SALE: &[Column] = &[
    Column("order", &["/source_order_id"], Plain),
    Column("product", &["/product_id"], Plain),
    Column("variant", &["/variant_id"], Plain),
    Column("cents", &["/amount_cents"], Plain),
    Column("currency", &["/currency"], Plain),
    Column("quantity", &["/quantity"], Plain),
    Column("name", &["/name"], Plain),
    Column("country", &["/country"], Plain),
    Column("sold", &["/sold_at"], Day),
];

const TIMELINE: &[Column] =
    &[Column("when", &["/at"], Ago), Column("at", &["/at"], Plain), Column("what", &["/what"], Plain)];

const STATUS: &[Column] = &[
    Column("sales", &["/sales_by_state"], Plain),
    Column("deliveries", &["/deliveries"], Plain),
    Column("owed", &["/outbox"], Plain),
    Column("licenses", &["/licenses"], Plain),
    Column("version", &["/version"], Plain),
    Column("schema", &["/schema/applied"], Plain),
    Column("schema expected", &["/schema/expected"], Plain),
    Column("last cron", &["/last_cron_at"], Ago),
    Column("oldest due", &["/oldest_due/kind"], Plain),
    Column("due since", &["/oldest_due/since"], Ago),
];

const SOURCES: &[Column] = &[
    Column("source", &["/source"], Plain),
    Column("last delivery", &["/last_delivery_at"], Ago),
    Column("last reconciliation", &["/last_reconciliation_at"], Ago),
    Column("found by it", &["/found_by_reconciliation"], Plain),
    Column("its error", &["/reconciliation_error"], Plain),
];

impl List {
    const fn columns(self) -> &'static [Column] {
        match self {
            Self::Attention => ATTENTION,
            Self::Events => EVENTS,
            Self::Licenses => LICENSES,
            Self::Outbox => OUTBOX,
            Self::Actions => ACTIONS,
        }
    }

    /// What is said of a list without an item.
    const fn nothing(self) -> &'static str {
        match self {
            Self::Attention => "Nothing waits for you, and nothing is late or failing.",
            Self::Events => "No deliveries.",
            Self::Licenses => "No licenses.",
            Self::Outbox => "Nothing is owed.",
            Self::Actions => "No changes.",
        }
    }
}

impl Shown {
    pub(super) fn list(&self, list: List, found: &Found) -> anyhow::Result<String> {
        let items =
            found.items.iter().map(|item| serde_json::from_str(item.get())).collect::<Result<Vec<Value>, _>>()?;
        let mut text = if items.is_empty() { list.nothing().to_owned() } else { self.table(list.columns(), &items) };
        if let Some(cursor) = &found.next_cursor {
            text.push_str(&format!("\n\nThere is more: add --all, or --cursor {cursor}"));
        }
        Ok(text)
    }

    pub(super) fn status(&self, status: &Value) -> String {
        let mut counted = status.clone();
        for name in ["sales_by_state", "deliveries", "outbox", "licenses"] {
            counted[name] = counts(name, &status[name], &status["counted_newest"]).into();
        }
        let mut text = self.members(STATUS, &counted);
        if self.is_without_ticks(&status["last_cron_at"]) {
            text.push_str(NO_TICKS);
        }
        self.section(&mut text, "Storefronts", &status["sources"], SOURCES);
        let problems = status["config_problems"].as_array().map(Vec::as_slice).unwrap_or_default();
        if !problems.is_empty() {
            let problems: Vec<_> = problems.iter().filter_map(Value::as_str).map(plain).collect();
            text.push_str(&format!("\n\nConfiguration\n{}", problems.join("\n")));
        }
        text
    }

    fn is_without_ticks(&self, last: &Value) -> bool {
        let last = last.as_str().and_then(|last| DateTime::parse_from_rfc3339(last).ok());
        last.is_none_or(|last| self.now - last.timestamp() > TICKS_MISSED_S)
    }

    pub(super) fn event(&self, event: &Value) -> String {
        let mut text = self.members(EVENT, event);
        self.sale(&mut text, event);
        self.section(&mut text, "Owed", &event["outbox"], OUTBOX);
        self.section(&mut text, "Story", &event["timeline"], TIMELINE);
        text.push_str("\n\nPayload\n");
        match (event["payload"].as_str(), event["payload_hex"].as_str()) {
            (Some(payload), _) => text.push_str(&plain(payload)),
            (None, Some(hex)) => text.push_str(&format!("not text; in hex {hex}")),
            (None, None) => text.push_str("erased"),
        }
        text
    }

    pub(super) fn license(&self, license: &Value) -> String {
        let mut text = self.members(LICENSE, license);
        self.sale(&mut text, license);
        self.section(&mut text, "Deliveries", &license["events"], EVENTS);
        self.section(&mut text, "Owed", &license["outbox"], OUTBOX);
        self.section(&mut text, "Changes", &license["actions"], ACTIONS);
        self.section(&mut text, "Story", &license["timeline"], TIMELINE);
        text
    }

    /// What something is after a change.
    pub(super) fn changed(&self, said: &str, list: List, item: &Value) -> String {
        format!("{said}.\n\n{}", self.table(list.columns(), std::slice::from_ref(item)))
    }

    fn sale(&self, text: &mut String, item: &Value) {
        if item["sale"].is_object() {
            text.push_str(&format!("\n\nSale\n{}", self.members(SALE, &item["sale"])));
        }
    }

    fn section(&self, text: &mut String, title: &str, items: &Value, columns: &[Column]) {
        if let Some(items) = items.as_array().filter(|items| !items.is_empty()) {
            text.push_str(&format!("\n\n{title}\n{}", self.table(columns, items)));
        }
    }

    /// A line an item. Columns that no item has anything for are left out.
    fn table(&self, columns: &[Column], items: &[Value]) -> String {
        let columns: Vec<_> =
            columns.iter().filter(|column| items.iter().any(|item| !self.said(column, item).is_empty())).collect();
        let mut table = self.empty_table();
        table.set_header(columns.iter().map(|column| {
            let cell = Cell::new(column.0.to_uppercase());
            if self.colors { cell.add_attribute(Attribute::Bold) } else { cell }
        }));
        for item in items {
            table.add_row(columns.iter().map(|column| self.cell(column, item)));
        }
        text_of(table)
    }

    /// A line a member. Those that are not there are left out.
    fn members(&self, columns: &[Column], item: &Value) -> String {
        let mut table = self.empty_table();
        for column in columns.iter().filter(|column| !self.said(column, item).is_empty()) {
            table.add_row([Cell::new(column.0), self.cell(column, item)]);
        }
        text_of(table)
    }

    fn empty_table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        if !self.terminal {
            table.force_no_tty();
        }
        table
    }

    fn cell(&self, column: &Column, item: &Value) -> Cell {
        let said = self.said(column, item);
        let color = color(&said).filter(|_| self.colors && column.2 == State);
        let cell = Cell::new(&said);
        match color {
            Some(color) => cell.fg(color),
            None => cell,
        }
    }

    fn said(&self, Column(_, places, look): &Column, item: &Value) -> String {
        let value = places.iter().find_map(|place| item.pointer(place).filter(|value| !value.is_null()));
        let text = match value {
            None => String::new(),
            Some(Value::String(text)) => plain(text),
            Some(Value::Array(items)) => {
                let items: Vec<_> = items.iter().map(|item| plain(item.as_str().unwrap_or_default())).collect();
                items.join(", ")
            }
            Some(other) => other.to_string(),
        };
        match look {
            Ago => ago(&text, self.now),
            Day => match text.split_once('T') {
                Some((day, _)) => format!("{day} ({})", ago(&text, self.now)),
                None => text,
            },
            Origin if text == "webhook" => String::new(),
            Plain | State | Origin => text,
        }
    }
}

/// What a bulk replay came to.
pub(super) fn replayed(count: u64) -> String {
    match count {
        0 => "Nothing was found that waits to be processed and is not due already.".to_owned(),
        1 => "One delivery is due now; the next ticks take it.".to_owned(),
        _ => format!("{count} deliveries are due now; the next ticks take them, a few a minute."),
    }
}

/// What an erasure came to: how many of each.
pub(super) fn erased(counts: &Value) -> String {
    let counts = counts.as_object().into_iter().flatten();
    let counts: Vec<_> = counts.map(|(what, count)| format!("{count} {what}")).collect();
    format!("Erased what named the person in {}.", counts.join(", "))
}

/// Text that does nothing to a terminal: control characters are shown as what they are, ends of lines stay.
pub(super) fn plain(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\n' | '\t' => character,
            _ if character.is_control() || ('\u{202a}'..='\u{202e}').contains(&character) => '\u{fffd}',
            _ if ('\u{2066}'..='\u{2069}').contains(&character) => '\u{fffd}',
            _ => character,
        })
        .collect()
}

/// A time in RFC 3339 as one says it now, in seconds since 1970; what is no time stays as it is.
fn ago(text: &str, now: i64) -> String {
    const UNITS: [(i64, &str); 5] = [(365 * 86_400, "y"), (86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let Ok(time) = DateTime::parse_from_rfc3339(text) else { return text.to_owned() };
    let seconds = now - time.timestamp();
    let said = UNITS.iter().find(|(unit, _)| seconds.abs() >= *unit).map(|(unit, name)| {
        let count = seconds.abs() / unit;
        if seconds < 0 { format!("in {count} {name}") } else { format!("{count} {name} ago") }
    });
    said.unwrap_or_else(|| "now".to_owned())
}

/// Counts as words. What the Worker counts among the newest alone is told from what it counts whole.
fn counts(name: &str, counts: &Value, newest: &Value) -> String {
    let of_the_newest = |state: &str| match name {
        "deliveries" => matches!(state, "processed" | "ignored"),
        "outbox" => state == "done",
        _ => true,
    };
    let counts = counts.as_object().into_iter().flatten();
    let (newest_counts, whole): (Vec<_>, Vec<_>) = counts.partition(|(state, _)| of_the_newest(state));
    let said = |counts: Vec<(&String, &Value)>| {
        let counts: Vec<_> = counts.into_iter().map(|(state, count)| format!("{count} {}", words(state))).collect();
        counts.join(", ")
    };
    let (whole, newest_counts) = (said(whole), said(newest_counts));
    match (whole.is_empty(), newest_counts.is_empty()) {
        (_, true) => whole,
        (true, false) => format!("of the newest {newest}: {newest_counts}"),
        (false, false) => format!("{whole}; of the newest {newest}: {newest_counts}"),
    }
}

/// A name of the API's as words.
fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// What waits for a person is red, what waits for anybody else yellow, what is well green.
fn color(state: &str) -> Option<Color> {
    match state {
        "needs_seller" | "dead" | "revoked" => Some(Color::Red),
        "in_progress" | "waiting_on_buyer" | "waiting_on_github" | "due" | "leased" | "suspended" => {
            Some(Color::Yellow)
        }
        "fulfilled" | "done" | "active" => Some(Color::Green),
        _ => None,
    }
}

/// The table's lines, which begin where lines begin and end where their text ends.
fn text_of(mut table: Table) -> String {
    if let Some(first) = table.column_mut(0) {
        first.set_padding((0, 1));
    }
    let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}
