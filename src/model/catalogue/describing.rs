//! Reading a written description: which keys it has, what they may be, and which combinations make no sense.

use std::collections::BTreeMap;

use super::description::{Condition, Description, Meaning, Need, Place, Rule, Rules};
use super::fields::{Fields, Found, shortened};
use super::pointer::Pointer;
use super::problem::{Problem, Report};
use super::section::DescriptionRule;
use super::tree::{Form, Node, Table, Value};
use super::word::Word;
use super::{json, toml};

/// Longer than the name of any event, and than what stands at any place that is compared.
const MAX_NAME_CHARS: usize = 128;
/// Longer than the way to any value.
const MAX_POINTER_CHARS: usize = 500;
/// More events, pointers or values than any one rule needs.
const MOST_ITEMS: usize = 50;
/// More rules than any sender needs.
const MOST_RULES: usize = 50;

/// Where a delivery says what kind of event it tells of, where nothing else is said: as the standard recommends.
/// <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>
const TYPE: &str = "/type";

/// The keys of a description besides those of its rules.
const KEYS: [&str; 3] = ["preset", "type", "test"];

/// An event that a rule tells of, whatever else it says: no later one ever counts for it.
struct Told<'e> {
    event: &'e str,
    label: String,
}

impl Description {
    /// Reads what [`Description::to_json`] has written. Whether there is a preset of that name is not looked at.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let first = |problems: Vec<Problem>| problems.first().map(ToString::to_string).unwrap_or_default();
        let document = json::document(text)
            .map_err(|errors| errors.into_iter().next().map(|error| error.message).unwrap_or_default())?;
        let mut report = Report::new(text, Form::Json);
        let description = read(None, "description", &document, &mut report);
        let description = report.conclude(description).map_err(first)?;
        description.ok_or_else(|| "it is no description".to_owned())
    }
}

impl Rules {
    /// Reads the rules that come with an adapter: what stands under the key of a description, and not the key itself.
    ///
    /// # Errors
    /// Every problem, as of a seller's own.
    pub fn from_toml(text: &str) -> Result<Self, Vec<Problem>> {
        let mut report = Report::new(text, Form::Toml);
        let description = match toml::document(text) {
            Ok(document) => read(None, "preset", &document, &mut report),
            Err(errors) => {
                for error in errors {
                    report.add_syntax(error);
                }
                None
            }
        };
        match report.conclude(description)? {
            Some(Description::Own(rules)) => Ok(rules),
            _ => Err(Vec::new()),
        }
    }
}

/// Reads a description, reporting everything that is wrong with it. `rule` says which presets there are, where that matters.
pub(super) fn read(
    rule: Option<&DescriptionRule>,
    key: &str,
    node: &Node<'_>,
    report: &mut Report,
) -> Option<Description> {
    report.enter(format!("[{key}]"));
    let description = match &node.value {
        Value::Table(table) if table.get("preset").is_some() => preset(rule, table, node.at, report),
        Value::Table(table) => own(rule, key, table, node.at, report).map(Description::Own),
        other => {
            let form = report.form();
            let remedy = format!("write {}", example(rule, key, form));
            report.add(node.at, format!("must be a table of keys and values, not {}", other.kind()), remedy);
            None
        }
    };
    report.leave();
    description
}

/// The shortest description there is, for people to see.
fn example(rule: Option<&DescriptionRule>, key: &str, form: Form) -> String {
    let preset = rule.and_then(|rule| rule.presets.first()).copied().unwrap_or("…");
    match form {
        Form::Toml => format!("[{key}], and below it preset = \"{preset}\""),
        Form::Json => format!("\"{key}\": {{\"preset\": \"{preset}\"}}"),
    }
}

fn preset(rule: Option<&DescriptionRule>, table: &Table<'_>, at: usize, report: &mut Report) -> Option<Description> {
    let fields = Fields::new(table, at, "");
    let keys = keys();
    fields.refuse_unknown(&keys, report);
    for member in table.0.iter().filter(|member| member.key != "preset" && keys.contains(&&*member.key)) {
        let problem = format!("`{}` is set beside `preset`, which says all of it", member.key);
        report.add(member.key_at, problem, "remove one of them");
    }
    let name = fields.text("preset", MAX_NAME_CHARS, "\"dodo\"", report)?;
    if let Some(rule) = rule.filter(|rule| !rule.presets.contains(&name.value.as_str())) {
        let known: Vec<_> = rule.presets.iter().map(|preset| format!("\"{preset}\"")).collect();
        let remedy = format!("write one of {}, or pointers of your own", known.join(", "));
        report.add(
            name.at,
            format!("`preset` is {:?}, and there is none of that name", shortened(&name.value)),
            remedy,
        );
        return None;
    }
    Some(Description::Preset(name.value))
}

fn keys() -> Vec<&'static str> {
    KEYS.into_iter().chain(Meaning::ALL.iter().map(|meaning| meaning.as_str())).collect()
}

fn own(rule: Option<&DescriptionRule>, key: &str, table: &Table<'_>, at: usize, report: &mut Report) -> Option<Rules> {
    let fields = Fields::new(table, at, "");
    fields.refuse_unknown(&keys(), report);
    let event_type = if fields.has("type") {
        let text = fields.text("type", MAX_POINTER_CHARS, "\"/type\"", report);
        text.and_then(|text| pointer("type", &text.value, text.at, report))
    } else {
        Pointer::parse(TYPE).ok()
    };
    let test = condition(&fields, "test", report);
    let mut rules = Vec::new();
    let mut sound = true;
    let mut told = Vec::new();
    for meaning in Meaning::ALL {
        let Some(node) = fields.raw(meaning.as_str()) else { continue };
        let tables = match &node.value {
            Value::Table(_) => std::slice::from_ref(node),
            Value::List(items) => items.as_slice(),
            other => {
                let problem =
                    format!("`{}` must be a table of keys and values, not {}", meaning.as_str(), other.kind());
                report.add(node.at, problem, rule_like(key, *meaning, report.form()));
                sound = false;
                continue;
            }
        };
        for (place, node) in tables.iter().enumerate() {
            let label = format!("[[{key}.{}]] #{}", meaning.as_str(), place + 1);
            report.enter(label.clone());
            if let Value::Table(table) = &node.value {
                sound &= is_reached(table, &label, &mut told, report);
                match one(*meaning, table, node.at, report) {
                    Some(rule) => rules.push(rule),
                    None => sound = false,
                }
            } else {
                let problem = format!("must be a table of keys and values, not {}", node.value.kind());
                report.add(node.at, problem, rule_like(key, *meaning, report.form()));
                sound = false;
            }
        }
        report.enter(format!("[{key}]"));
    }
    if rules.len() > MOST_RULES {
        let problem = format!("has {} rules; {MOST_RULES} is the most", rules.len());
        report.add(at, problem, "list several events in one rule");
        return None;
    }
    let sells = |node: &Node<'_>| !matches!(&node.value, Value::List(items) if items.is_empty());
    if !fields.raw(Meaning::Sale.as_str()).is_some_and(sells) {
        let form = report.form();
        let remedy = format!("write {}, or {}", example(rule, key, form), rule_like(key, Meaning::Sale, form));
        report.add(at, "says of no event that it is a sale", remedy);
        return None;
    }
    let (event_type, test) = (event_type?, test?);
    sound.then_some(Rules { event_type, test, rules })
}

/// Whether each event of a rule can come to it: none that an earlier one takes, whatever else it says.
fn is_reached<'n>(table: &'n Table<'_>, label: &str, told: &mut Vec<Told<'n>>, report: &mut Report) -> bool {
    let mut sound = true;
    let events = events_of(table);
    for (event, at) in &events {
        if let Some(earlier) = told.iter().find(|earlier| earlier.event == *event) {
            let problem =
                format!("{:?} is told of by {} already, whatever else it says", shortened(event), earlier.label);
            report.add(*at, problem, "remove it from one of them, or give that one `only` or `unless`");
            sound = false;
        }
    }
    if table.get("only").is_none() && table.get("unless").is_none() {
        told.extend(events.into_iter().map(|(event, _)| Told { event, label: label.to_owned() }));
    }
    sound
}

/// How a rule begins, for people to see.
fn rule_like(key: &str, meaning: Meaning, form: Form) -> String {
    let meaning = meaning.as_str();
    match form {
        Form::Toml => format!("begin it with [[{key}.{meaning}]]"),
        Form::Json => format!("write \"{meaning}\": [{{\"events\": […], …}}]"),
    }
}

/// The events that a rule names, with their places, as far as they are texts.
fn events_of<'n>(table: &'n Table<'_>) -> Vec<(&'n str, usize)> {
    let Some(Node { value: Value::List(items), .. }) = table.get("events") else { return Vec::new() };
    let text = |item: &'n Node<'_>| match &item.value {
        Value::Text(text) => Some((&**text, item.at)),
        _ => None,
    };
    items.iter().filter_map(text).collect()
}

/// Reads one rule.
fn one(meaning: Meaning, table: &Table<'_>, at: usize, report: &mut Report) -> Option<Rule> {
    let fields = Fields::new(table, at, "");
    let known: Vec<_> = ["events", "only", "unless"]
        .into_iter()
        .chain(meaning.places().iter().map(|(place, _)| place.as_str()))
        .collect();
    fields.refuse_unknown(&known, report);
    let events = events(&fields, report);
    let only = condition(&fields, "only", report);
    let unless = condition(&fields, "unless", report);
    let mut places = BTreeMap::new();
    let mut sound = true;
    for (place, need) in meaning.places() {
        if *need == Need::Required && !fields.has(place.as_str()) {
            fields.missing(place.as_str(), place.example(), report);
            sound = false;
        } else if fields.has(place.as_str()) {
            match pointers(&fields, *place, report) {
                Some(pointers) => drop(places.insert(*place, pointers)),
                None => sound = false,
            }
        }
    }
    sound &= makes_sense(meaning, &fields, report);
    let (events, only, unless) = (events?, only?, unless?);
    sound.then_some(Rule { meaning, events, only, unless, places })
}

/// Whether the pointers go together.
fn makes_sense(meaning: Meaning, fields: &Fields<'_, '_>, report: &mut Report) -> bool {
    let mut sound = true;
    for (one, other) in [
        (Place::PaymentId, Place::PaidAt),
        (Place::PaidAt, Place::PaymentId),
        (Place::PaidUntil, Place::PaymentId),
        (Place::RenewsAt, Place::SaidAt),
        (Place::SaidAt, Place::RenewsAt),
        (Place::Amount, Place::Currency),
        (Place::Currency, Place::Amount),
        (Place::Refunded, Place::Total),
        (Place::Total, Place::Refunded),
    ] {
        let has_place = meaning.places().iter().any(|(place, _)| *place == other);
        if has_place && fields.has(one.as_str()) && !fields.has(other.as_str()) {
            let at = fields.raw(one.as_str()).map_or(fields.at(), |node| node.at);
            let problem = format!("`{}` is nothing without `{}`", one.as_str(), other.as_str());
            let remedy =
                format!("write {}, or remove `{}`", report.form().pair(other.as_str(), other.example()), one.as_str());
            report.add(at, problem, remedy);
            sound = false;
        }
    }
    if fields.has(Place::Partial.as_str()) && fields.has(Place::Refunded.as_str()) {
        let at = fields.raw(Place::Partial.as_str()).map_or(fields.at(), |node| node.at);
        report.add(at, "`partial` and `refunded` both say whether a refund is one in part", "remove one of them");
        sound = false;
    }
    let is_empty = !fields.has(Place::PaymentId.as_str()) && !fields.has(Place::RenewsAt.as_str());
    if meaning == Meaning::Renewal && is_empty {
        let remedy = format!(
            "write {}, or {}",
            report.form().pair(Place::PaymentId.as_str(), Place::PaymentId.example()),
            report.form().pair(Place::RenewsAt.as_str(), Place::RenewsAt.example())
        );
        report.add(fields.at(), "says neither which payment it is nor when the next one is due", remedy);
        sound = false;
    }
    sound
}

fn events(fields: &Fields<'_, '_>, report: &mut Report) -> Option<Vec<String>> {
    const EXAMPLE: &str = "[\"payment.succeeded\"]";
    let Some(node) = fields.raw("events") else {
        fields.missing("events", EXAMPLE, report);
        return None;
    };
    let texts = fields.texts("events", MOST_ITEMS, EXAMPLE, report)?;
    if texts.is_empty() {
        report.add(node.at, "`events` is empty", "name the events by the sender's names");
        return None;
    }
    names("events", texts, report)
}

/// Names of events, or values that are compared: each once, and none empty.
fn names(key: &str, texts: Vec<Found<&str>>, report: &mut Report) -> Option<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    let mut sound = true;
    for Found { value, at } in texts {
        let problem = if value.is_empty() {
            Some("has an empty text".to_owned())
        } else if value.chars().nth(MAX_NAME_CHARS).is_some() || value.chars().any(char::is_control) {
            Some(format!("has {:?}, which is no name", shortened(value)))
        } else if names.iter().any(|known| known == value) {
            Some(format!("lists {:?} twice", shortened(value)))
        } else {
            None
        };
        match problem {
            Some(problem) => {
                report.add(at, format!("`{key}` {problem}"), "remove it");
                sound = false;
            }
            None => names.push(value.to_owned()),
        }
    }
    sound.then_some(names)
}

/// `None` when it is wrong; `Some(None)` when it is not there.
fn condition(fields: &Fields<'_, '_>, key: &'static str, report: &mut Report) -> Option<Option<Condition>> {
    let Some(node) = fields.raw(key) else { return Some(None) };
    let like = match report.form() {
        Form::Toml => format!("write something like {key} = {{ at = \"/data/mode\", is = \"test\" }}"),
        Form::Json => format!("write something like \"{key}\": {{\"at\": \"/data/mode\", \"is\": \"test\"}}"),
    };
    let Value::Table(table) = &node.value else {
        report.add(node.at, format!("`{key}` must be a table, not {}", node.value.kind()), like);
        return None;
    };
    let prefix = match key {
        "only" => "only.",
        "unless" => "unless.",
        _ => "test.",
    };
    let parts = Fields::new(table, node.at, prefix);
    parts.refuse_unknown(&["at", "is"], report);
    let at = parts.required("at", MAX_POINTER_CHARS, "\"/data/mode\"", report);
    let at = at.and_then(|text| pointer(&parts.shown("at"), &text.value, text.at, report));
    let is = match parts.raw("is").map(|node| &node.value) {
        None => Some(Vec::new()),
        Some(Value::List(items)) if items.is_empty() => {
            report.add(
                node.at,
                format!("`{}` is empty", parts.shown("is")),
                "say what has to stand there, or leave it out",
            );
            None
        }
        Some(Value::List(_)) => {
            let texts = parts.texts("is", MOST_ITEMS, "\"test\"", report);
            texts.and_then(|texts| names(&parts.shown("is"), texts, report))
        }
        Some(_) => parts.text("is", MAX_NAME_CHARS, "\"test\"", report).map(|text| vec![text.value]),
    };
    Some(Some(Condition { at: at?, is: is? }))
}

/// The pointers of a place: one, or several in a list.
fn pointers(fields: &Fields<'_, '_>, place: Place, report: &mut Report) -> Option<Vec<Pointer>> {
    let key = place.as_str();
    let Some(Node { value: Value::List(items), at }) = fields.raw(key) else {
        let text = fields.text(key, MAX_POINTER_CHARS, place.example(), report)?;
        return pointer(key, &text.value, text.at, report).map(|pointer| vec![pointer]);
    };
    if items.is_empty() {
        report.add(*at, format!("`{key}` is empty"), format!("write {}", report.form().pair(key, place.example())));
        return None;
    }
    let texts = fields.texts(key, MOST_ITEMS, place.example(), report)?;
    let found: Vec<_> = texts.into_iter().map(|text| pointer(key, text.value, text.at, report)).collect();
    found.into_iter().collect()
}

fn pointer(key: &str, text: &str, at: usize, report: &mut Report) -> Option<Pointer> {
    match Pointer::parse(text) {
        Ok(pointer) => Some(pointer),
        Err(problem) => {
            let meant = text.trim_start_matches(['$', '#', '.']).replace('.', "/");
            let remedy = if problem.contains('~') {
                "write ~0 for a tilde and ~1 for a slash within a name".to_owned()
            } else {
                format!("write it like \"/{}\"", shortened(meant.trim_start_matches('/')))
            };
            report.add(at, format!("`{key}` is {:?}, which is no JSON pointer: it {problem}", shortened(text)), remedy);
            None
        }
    }
}
