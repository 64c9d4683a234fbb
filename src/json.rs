//! Reading JSON from outside: one tree, and a view of it that names a field by its path when something is wrong.
//!
//! Deliveries, the answers of services and what buyers send are read with this: derived structures would keep the last of a repeated
//! key unnoticed where they ignore it, and their errors name no field and repeat the values that they complain about, which may be
//! personal. `serde_json` parses. What an operator sends is read into the types of `api`, and the catalogue into its own; what the
//! fields mean is for the caller.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What is nested deeper is read as null. No sender of ours nests a tenth of it.
const DEEPEST: u8 = 64;

/// Any JSON. Objects keep every member, repeated ones too, in order.
#[derive(Clone, PartialEq, Eq)]
pub enum Json {
    Null,
    Bool(bool),
    Integer(i64),
    /// A number that is not written as a whole one, or is larger than 64 bits, as it can be shown: up to six places are kept.
    OtherNumber(String),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// Where a body stops being JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not valid JSON (line {line}, column {column})")]
pub struct NotJson {
    pub line: usize,
    pub column: usize,
}

/// What is wrong with a field. It names the field, and never repeats its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    #[error("`{0}` is missing")]
    Missing(String),
    #[error("`{0}` is given twice")]
    Twice(String),
    #[error("`{0}` is not of the expected type")]
    Mistyped(String),
    #[error("the body is not a JSON object")]
    NotAnObject,
}

/// A value with the path to it.
#[derive(Clone)]
pub struct At<'a> {
    json: &'a Json,
    path: Cow<'static, str>,
}

/// The items of a list that are worth a look.
#[derive(Debug, PartialEq, Eq)]
pub struct Items<'a> {
    /// Of all there are.
    pub count: usize,
    /// Those in which the number stands, as they came.
    pub found: Vec<&'a [u8]>,
}

/// Members of an object by their places among the names that were asked for, as they are written.
pub type Members<'a, const N: usize> = [Option<&'a [u8]>; N];

/// Reads JSON as a type. All JSON is read from text and none from bytes: what serde derives would be in the Worker twice.
///
/// # Errors
/// [`NotJson`].
pub(crate) fn from_bytes<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, NotJson> {
    let text = str::from_utf8(body).map_err(|error| {
        let sound = body.get(..error.valid_up_to()).unwrap_or_default();
        let line = sound.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        NotJson { line: 1 + sound.iter().filter(|byte| **byte == b'\n').count(), column: line.len() + 1 }
    })?;
    serde_json::from_str(text).map_err(|error| NotJson { line: error.line(), column: error.column() })
}

impl Json {
    /// Parses a body. Text that is not UTF-8, and anything behind the one value, are refused.
    ///
    /// # Errors
    /// [`NotJson`].
    pub fn parse(body: &[u8]) -> Result<Self, NotJson> {
        from_bytes(body)
    }

    /// Parses a body in which some text may be damaged, as where somebody cut an emoji in two: replacement characters stand
    /// for what is no UTF-8 and for halves of surrogate pairs. Whoever acts on a text has to refuse one that holds any.
    ///
    /// # Errors
    /// [`NotJson`], with the place in the body as it came.
    pub fn parse_damaged(body: &[u8]) -> Result<Self, NotJson> {
        Self::parse(body).or_else(|error| Self::parse(&mended(body)).map_err(|_| error))
    }

    /// The view of the whole body.
    pub const fn root(&self) -> At<'_> {
        At { json: self, path: Cow::Borrowed("") }
    }
}

/// The objects of a list in which a whole number stands, at whatever depth. `None` where the body is no list.
///
/// Nothing else is read: a list of a thousand large objects takes about a millisecond, of which a tree would take a hundred, and
/// an invocation on the Free plan may take ten. So what is found may still be no sound JSON, and what the number means there is
/// for the caller to find out.
pub fn items_with(body: &[u8], number: i64) -> Option<Items<'_>> {
    let number = number.to_string();
    let mut items = Items { count: 0, found: Vec::new() };
    let mut rest = body.trim_ascii_start().strip_prefix(b"[")?;
    let (mut depth, mut item, mut is_named) = (1_u32, rest, false);
    while let Some((byte, behind)) = rest.split_first() {
        match byte {
            b'"' => {
                rest = behind_text(behind)?;
                continue;
            }
            b'{' | b'[' => {
                if depth == 1 {
                    (item, is_named) = (rest, false);
                    items.count += 1;
                }
                depth += 1;
            }
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return behind.trim_ascii().is_empty().then_some(items);
                }
                if depth == 1 && is_named {
                    items.found.extend(item.get(..item.len() - behind.len()));
                }
            }
            b'-' | b'0'..=b'9' => {
                let length = rest
                    .iter()
                    .take_while(|byte| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'))
                    .count();
                let (written, behind) = rest.split_at(length);
                is_named |= written == number.as_bytes();
                rest = behind;
                continue;
            }
            _ => {}
        }
        rest = behind;
    }
    None
}

/// Of each object of a list, the members of these names, as they are written. `None` where the body is no list of objects, or one
/// has a member of those twice.
///
/// As little else is read as by [`items_with`], for the same reason.
pub fn members_of_items<'a, const N: usize>(body: &'a [u8], names: [&str; N]) -> Option<Vec<Members<'a, N>>> {
    let mut items = Vec::new();
    let mut rest = body.trim_ascii_start().strip_prefix(b"[")?.trim_ascii_start();
    let mut is_over = rest.starts_with(b"]");
    while !is_over {
        let (item, behind) = members_before(rest, names)?;
        items.push(item);
        let behind = behind.trim_ascii_start();
        is_over = behind.starts_with(b"]");
        rest = if is_over { behind } else { behind.strip_prefix(b",")?.trim_ascii_start() };
    }
    rest.strip_prefix(b"]")?.trim_ascii().is_empty().then_some(items)
}

/// The same of one object.
pub fn members_of<'a, const N: usize>(object: &'a [u8], names: [&str; N]) -> Option<Members<'a, N>> {
    let (members, behind) = members_before(object, names)?;
    behind.trim_ascii().is_empty().then_some(members)
}

/// The members of an object, and what stands behind it.
fn members_before<'a, const N: usize>(text: &'a [u8], names: [&str; N]) -> Option<(Members<'a, N>, &'a [u8])> {
    let mut found = [None; N];
    let mut rest = text.trim_ascii_start().strip_prefix(b"{")?.trim_ascii_start();
    if let Some(behind) = rest.strip_prefix(b"}") {
        return Some((found, behind));
    }
    loop {
        let named = rest.strip_prefix(b"\"")?;
        let behind_name = behind_text(named)?;
        let name = named.get(..named.len() - behind_name.len() - 1)?;
        let value = behind_name.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        let behind = behind_value(value)?;
        if let Some(place) = names.iter().position(|known| known.as_bytes() == name).and_then(|at| found.get_mut(at)) {
            if place.is_some() {
                return None;
            }
            *place = value.get(..value.len() - behind.len());
        }
        match behind.trim_ascii_start().split_first()? {
            (b'}', behind) => return Some((found, behind)),
            (b',', behind) => rest = behind.trim_ascii_start(),
            _ => return None,
        }
    }
}

/// What stands behind a value.
fn behind_value(value: &[u8]) -> Option<&[u8]> {
    let (mut rest, mut depth) = (value, 0_u32);
    loop {
        let (byte, behind) = rest.split_first()?;
        rest = behind;
        match byte {
            b'"' => rest = behind_text(behind)?,
            b'{' | b'[' => {
                depth += 1;
                continue;
            }
            b'}' | b']' => depth = depth.checked_sub(1)?,
            _ if depth > 0 => continue,
            _ => {
                let length =
                    behind.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte)).count();
                rest = behind.get(length..)?;
            }
        }
        if depth == 0 {
            return Some(rest);
        }
    }
}

/// What stands behind a text whose opening quote was just read.
fn behind_text(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        let (byte, behind) = rest.split_first()?;
        rest = match byte {
            b'"' => return Some(behind),
            b'\\' => behind.get(1..)?,
            _ => behind,
        };
    }
}

impl<'a> At<'a> {
    /// The member of that name; `None` when it is absent or null.
    ///
    /// # Errors
    /// When this is no object, or has the member twice.
    pub fn get(&self, name: &str) -> Result<Option<Self>, FieldError> {
        let Json::Object(members) = self.json else { return Err(self.mistyped()) };
        let mut found = members.iter().filter(|(member, _)| member == name).map(|(_, json)| json);
        let first = found.next();
        if found.next().is_some() {
            return Err(FieldError::Twice(self.path_to(name)));
        }
        let present = first.filter(|json| **json != Json::Null);
        Ok(present.map(|json| At { json, path: Cow::Owned(self.path_to(name)) }))
    }

    /// The member of that name.
    ///
    /// # Errors
    /// As [`At::get`], and when it is absent or null.
    pub fn field(&self, name: &str) -> Result<Self, FieldError> {
        self.get(name)?.ok_or_else(|| FieldError::Missing(self.path_to(name)))
    }

    /// # Errors
    /// When the member is missing, repeated, or no text.
    pub fn text(&self, name: &str) -> Result<&'a str, FieldError> {
        self.field(name)?.as_text()
    }

    /// # Errors
    /// When the member is repeated or no text.
    pub fn optional_text(&self, name: &str) -> Result<Option<&'a str>, FieldError> {
        self.get(name)?.map(|field| field.as_text()).transpose()
    }

    /// The first member of that name that says anything. For what is only shown: there, it does not matter that others
    /// contradict it.
    pub fn shown(&self, name: &str) -> Option<&'a Json> {
        let Json::Object(members) = self.json else { return None };
        members.iter().find(|(member, json)| member == name && *json != Json::Null).map(|(_, json)| json)
    }

    /// # Errors
    /// When the member is missing, repeated, or no whole number.
    pub fn integer(&self, name: &str) -> Result<i64, FieldError> {
        self.field(name)?.as_integer()
    }

    /// # Errors
    /// When the member is repeated or no whole number.
    pub fn optional_integer(&self, name: &str) -> Result<Option<i64>, FieldError> {
        self.get(name)?.map(|field| field.as_integer()).transpose()
    }

    /// A boolean, which some senders write as 0 and 1; absent is false.
    ///
    /// # Errors
    /// When the member is repeated or anything else.
    pub fn flag(&self, name: &str) -> Result<bool, FieldError> {
        let Some(field) = self.get(name)? else { return Ok(false) };
        match field.json {
            Json::Bool(flag) => Ok(*flag),
            Json::Integer(0) => Ok(false),
            Json::Integer(1) => Ok(true),
            _ => Err(field.mistyped()),
        }
    }

    /// An id, which senders write as text in one place and as a number in another.
    ///
    /// # Errors
    /// When the member is missing, repeated, or neither.
    pub fn id(&self, name: &str) -> Result<String, FieldError> {
        let field = self.field(name)?;
        match field.json {
            Json::Text(text) => Ok(text.clone()),
            Json::Integer(number) if *number >= 0 => Ok(number.to_string()),
            _ => Err(field.mistyped()),
        }
    }

    /// # Errors
    /// When this is no text.
    pub fn as_text(&self) -> Result<&'a str, FieldError> {
        if let Json::Text(text) = self.json { Ok(text) } else { Err(self.mistyped()) }
    }

    /// # Errors
    /// When this is neither true nor false.
    pub fn as_bool(&self) -> Result<bool, FieldError> {
        if let Json::Bool(flag) = self.json { Ok(*flag) } else { Err(self.mistyped()) }
    }

    /// # Errors
    /// When this is no list.
    pub fn as_list(&self) -> Result<&'a [Json], FieldError> {
        if let Json::List(items) = self.json { Ok(items) } else { Err(self.mistyped()) }
    }

    /// The items of the list of that name, each with its place in it.
    ///
    /// # Errors
    /// When the member is missing, repeated, or no list.
    pub fn items(&self, name: &str) -> Result<Vec<Self>, FieldError> {
        let list = self.field(name)?;
        let item = |(place, json)| At { json, path: Cow::Owned(format!("{}[{place}]", list.path)) };
        Ok(list.as_list()?.iter().enumerate().map(item).collect())
    }

    /// # Errors
    /// When this is no object.
    pub fn as_object(&self) -> Result<&'a [(String, Json)], FieldError> {
        if let Json::Object(members) = self.json { Ok(members) } else { Err(self.mistyped()) }
    }

    fn as_integer(&self) -> Result<i64, FieldError> {
        if let Json::Integer(number) = self.json { Ok(*number) } else { Err(self.mistyped()) }
    }

    fn mistyped(&self) -> FieldError {
        match &*self.path {
            "" => FieldError::NotAnObject,
            path => FieldError::Mistyped(path.to_owned()),
        }
    }

    fn path_to(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Json(…)")
    }
}

impl fmt::Debug for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "At({})", self.path)
    }
}

/// The body with replacement characters for what is no text.
fn mended(body: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(body);
    let mut mended = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some((before, behind)) = rest.split_once('\\') {
        mended.push_str(before);
        let length = match (surrogate(behind), behind.get(5..).and_then(|next| surrogate(next.strip_prefix('\\')?))) {
            (None, _) => behind.chars().next().map_or(0, char::len_utf8),
            (Some(Half::High), Some(Half::Low)) => 11,
            (Some(_), _) => {
                mended.push_str("\\ufffd");
                rest = behind.get(5..).unwrap_or_default();
                continue;
            }
        };
        let (escaped, behind) = behind.split_at(length);
        mended.push('\\');
        mended.push_str(escaped);
        rest = behind;
    }
    mended.push_str(rest);
    mended.into_bytes()
}

/// Half of a pair of UTF-16.
enum Half {
    High,
    Low,
}

/// Which half an escape is, without its backslash, if it is one.
fn surrogate(escape: &str) -> Option<Half> {
    let unit = u16::from_str_radix(escape.strip_prefix('u')?.get(..4)?, 16).ok()?;
    match unit {
        0xd800..=0xdbff => Some(Half::High),
        0xdc00..=0xdfff => Some(Half::Low),
        _ => None,
    }
}

/// A number as a person writes it, with up to six places.
fn decimal(value: f64) -> String {
    const PLACES: u64 = 1_000_000;
    let scaled = (value.abs() * PLACES as f64).round();
    if scaled >= 1e15 {
        return "a very large number".to_owned();
    }
    let scaled = scaled as u64;
    let (sign, places) = (if value < 0.0 { "-" } else { "" }, format!("{:06}", scaled % PLACES));
    match places.trim_end_matches('0') {
        "" => format!("{sign}{}", scaled / PLACES),
        places => format!("{sign}{}.{places}", scaled / PLACES),
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Levels(DEEPEST).deserialize(deserializer)
    }
}

/// A value that may be nested so deep.
#[derive(Clone, Copy)]
struct Levels(u8);

impl<'de> DeserializeSeed<'de> for Levels {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        match self.0.checked_sub(1) {
            Some(below) => deserializer.deserialize_any(AnyJson(Self(below))),
            None => deserializer.deserialize_ignored_any(IgnoredAny).map(|_| Json::Null),
        }
    }
}

struct AnyJson(Levels);

impl<'de> Visitor<'de> for AnyJson {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(i64::try_from(value).map_or_else(|_| Json::OtherNumber(value.to_string()), Json::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::OtherNumber(decimal(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(self.0)? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = map.next_key()? {
            members.push((name, map.next_value_seed(self.0)?));
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &str) -> Json {
        Json::parse(body.as_bytes()).unwrap()
    }

    #[test]
    fn a_wrong_field_is_named_by_its_path_and_never_by_its_value() {
        let body = parsed(r#"{"data":{"id":"canary","total":1.5,"note":null,"two":1,"two":1}}"#);
        let data = body.root().field("data").unwrap();
        let said = |error: FieldError| error.to_string();
        assert_eq!(said(data.integer("id").unwrap_err()), "`data.id` is not of the expected type");
        assert_eq!(said(data.integer("total").unwrap_err()), "`data.total` is not of the expected type");
        assert_eq!(said(data.text("note").unwrap_err()), "`data.note` is missing");
        assert_eq!(said(data.text("gone").unwrap_err()), "`data.gone` is missing");
        assert_eq!(said(data.integer("two").unwrap_err()), "`data.two` is given twice");
        assert_eq!(said(parsed("[]").root().text("x").unwrap_err()), "the body is not a JSON object");
    }

    #[test]
    fn ids_and_flags_are_read_in_either_spelling() {
        let body = parsed(r#"{"a":"5","b":5,"c":-5,"t":true,"one":1,"zero":0,"two":2}"#);
        let root = body.root();
        assert_eq!((root.id("a").unwrap(), root.id("b").unwrap()), ("5".to_owned(), "5".to_owned()));
        assert!(root.id("c").is_err());
        let flags = ["t", "one", "zero", "absent"].map(|name| root.flag(name).unwrap());
        assert_eq!(flags, [true, true, false, false]);
        assert!(root.flag("two").is_err());
    }

    #[test]
    fn of_a_list_the_items_with_a_number_are_found_and_all_are_counted() {
        let list =
            br#" [{"id":7,"a":{"b":[{"id":583231}]}}, {"id":8,"text":"583231 \"583231"}, {"id":583231}, {"x":5832310},
            {"x":-583231}, {"x":1.583231}, {"a":"\\"}, 5, "x"] "#;
        let items = items_with(list, 583_231).unwrap();
        assert_eq!(items.count, 7, "what is no object is none of them");
        assert_eq!(items.found, [br#"{"id":7,"a":{"b":[{"id":583231}]}}"#.as_slice(), br#"{"id":583231}"#]);
        assert_eq!(items_with(b"[]", 1), Some(Items { count: 0, found: Vec::new() }));
        for body in ["", "<html>", "{}", "[", "[{\"id\":1}", "[{\"id\":\"1", "[\"\\", "[]]", "[] x", "null"] {
            assert_eq!(items_with(body.as_bytes(), 1), None, "{body}");
        }
    }

    #[test]
    fn of_a_list_of_objects_the_members_of_these_names_are_found_as_they_are_written() {
        let list = br#" [ {"a" : [1, {"b":2}] , "c":"]}\"\"","b":-1.5e3}, {}, {"b":null,"d":{"a":1}} ] "#;
        let found = members_of_items(list, ["a", "b"]).unwrap();
        let a = br#"[1, {"b":2}]"#.as_slice();
        assert_eq!(found, [[Some(a), Some(b"-1.5e3".as_slice())], [None, None], [None, Some(b"null".as_slice())]]);
        assert_eq!(members_of_items(b"[]", ["a"]), Some(Vec::new()));
        assert_eq!(members_of(br#"{"a":true}"#, ["a"]), Some([Some(b"true".as_slice())]));
        for body in [
            "",
            "{}",
            "[",
            "[{]",
            "[{}",
            "[{},]",
            "[{} {}]",
            "[{}] x",
            "[1]",
            "[{\"a\"}]",
            "[{\"a\":}]",
            "[{\"a\":1,}]",
            "[{\"a\":1 2}]",
            "[{\"a\":[}]",
            "[{\"a\":1,\"a\":1}]",
            "[{\"a",
            "[{\"a\":\"\\",
            "[{a:1}]",
        ] {
            assert_eq!(members_of_items(body.as_bytes(), ["a"]), None, "{body}");
        }
        assert_eq!(members_of(b"{} {}", ["a"]), None);
    }

    #[test]
    fn what_is_no_json_is_refused_where_it_stops_being_it() {
        assert_eq!(Json::parse(b"{\"a\":\n]"), Err(NotJson { line: 2, column: 1 }));
        for body in ["", "{} {}", "\u{feff}{}", &"[".repeat(10_000), "{\"a\":1e400}", "\"\\ud800\""] {
            assert!(Json::parse(body.as_bytes()).is_err(), "{body}");
        }
        assert!(Json::parse(b"\"\xff\"").is_err());
    }

    #[test]
    fn what_is_nested_too_deep_is_null_and_the_rest_is_read() {
        let nested = |levels: usize| format!("{{\"a\":{}1{},\"b\":2}}", "[".repeat(levels), "]".repeat(levels));
        for levels in [1, 60, 200, 100_000] {
            assert_eq!(parsed(&nested(levels)).root().integer("b"), Ok(2), "{levels}");
        }
        let depth = |mut json: Json| {
            let mut levels = 0;
            while let Json::List(items) = json {
                (json, levels) = (items.into_iter().next().unwrap_or(Json::Null), levels + 1);
            }
            (levels, json)
        };
        let list = |levels: usize| parsed(&format!("{}1{}", "[".repeat(levels), "]".repeat(levels)));
        assert_eq!(depth(list(63)), (63, Json::Integer(1)));
        assert_eq!(depth(list(64)), (64, Json::Null));
        assert_eq!(depth(list(5_000)), (64, Json::Null));
        assert!(Json::parse("[".repeat(5_000).as_bytes()).is_err());
    }

    #[test]
    fn damaged_text_gets_replacement_characters_and_no_other_is_touched() {
        let text = |body: &[u8]| match Json::parse_damaged(body) {
            Ok(Json::Text(text)) => text,
            other => panic!("{other:?}"),
        };
        for (body, read) in [
            (r#""a\ud83d""#, "a\u{fffd}"),
            (r#""a\ude80b""#, "a\u{fffd}b"),
            (r#""\ud83d\ude80 \uD83D!""#, "🚀 \u{fffd}!"),
            (r#""\ud83d\ud83d\ude80""#, "\u{fffd}🚀"),
            (r#""\ud83d\n\\ud83d\u00e9""#, "\u{fffd}\n\\ud83dé"),
            (r#""\ud83dü\"\/""#, "\u{fffd}ü\"/"),
        ] {
            assert_eq!(text(body.as_bytes()), read, "{body}");
        }
        assert_eq!(text(b"\"caf\xe9\""), "caf\u{fffd}");
        for body in ["\"\\ud83", "\"\\ud83d", "\"\\u", "\"\\", "\\", "\"\\u12\"", "{\"a\":\n]"] {
            assert_eq!(Json::parse_damaged(body.as_bytes()), Json::parse(body.as_bytes()), "{body}");
        }
    }

    #[test]
    fn a_number_can_be_shown_as_a_person_writes_it() {
        let shown = |number: &str| match parsed(number) {
            Json::OtherNumber(shown) => shown,
            other => panic!("{other:?}"),
        };
        for (number, read) in [
            ("4.5", "4.5"),
            ("-0.25", "-0.25"),
            ("2.0", "2"),
            ("1e3", "1000"),
            ("0.1234567", "0.123457"),
            ("18446744073709551615", "18446744073709551615"),
            ("1e300", "a very large number"),
        ] {
            assert_eq!(shown(number), read, "{number}");
        }
    }

    #[test]
    fn numbers_that_are_not_whole_or_too_large_are_told_from_whole_ones() {
        let Json::List(numbers) = parsed("[-1, 2.0, 18446744073709551615, 1e3]") else { panic!("no list") };
        assert_eq!(numbers[0], Json::Integer(-1));
        assert!(numbers[1..].iter().all(|number| matches!(number, Json::OtherNumber(_))));
    }
}
