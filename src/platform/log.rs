//! Structured log lines: one JSON object an event. What may stand in one is what [`LogValue`] can be made from, which
//! leaves out keys, secrets and addresses: there is no way from their types to here.

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::model::{EmailAddress, EventReason, LicenseKey, Repo, Source, TraceId, UniqueId};

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Info,
    /// Something failed that is tried again, or that a caller did wrong.
    Warn,
    /// A person is needed.
    Error,
}

/// One event, as it is written.
#[derive(Debug, Clone)]
pub struct LogLine {
    pub level: Level,
    /// What happened, in `snake_case`: stable, to be searched for.
    pub event: &'static str,
    pub trace: TraceId,
    pub fields: Vec<(&'static str, LogValue)>,
}

/// A value that is fit for a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum LogValue {
    Text(String),
    Number(i64),
    Flag(bool),
}

impl LogValue {
    /// Text that is known to hold neither secrets nor personal data, such as an error of our own making.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

impl Serialize for LogLine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.fields.len() + 3))?;
        map.serialize_entry("level", &self.level)?;
        map.serialize_entry("event", self.event)?;
        map.serialize_entry("trace_id", self.trace.as_str())?;
        for (name, value) in &self.fields {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl From<&'static str> for LogValue {
    fn from(text: &'static str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for LogValue {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for LogValue {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<&UniqueId> for LogValue {
    fn from(id: &UniqueId) -> Self {
        Self::Text(id.as_str().to_owned())
    }
}

impl From<&Repo> for LogValue {
    fn from(repo: &Repo) -> Self {
        Self::Text(repo.as_str().to_owned())
    }
}

impl From<Source> for LogValue {
    fn from(source: Source) -> Self {
        Self::Text(source.as_str().to_owned())
    }
}

impl From<EventReason> for LogValue {
    fn from(reason: EventReason) -> Self {
        reason.code().into()
    }
}

impl From<&EmailAddress> for LogValue {
    fn from(address: &EmailAddress) -> Self {
        Self::Text(address.masked())
    }
}

impl From<&LicenseKey> for LogValue {
    fn from(key: &LicenseKey) -> Self {
        Self::Text(format!("…{}", key.hint()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn a_line_is_one_flat_json_object() {
        let line = LogLine {
            level: Level::Warn,
            event: "mail_failed",
            trace: UniqueId::new(Timestamp::from_millis(0), [0; 10]),
            fields: vec![("attempt", 3.into()), ("to", (&EmailAddress::parse("ada@example.com").unwrap()).into())],
        };
        assert_eq!(
            serde_json::to_string(&line).unwrap(),
            r#"{"level":"warn","event":"mail_failed","trace_id":"00000000000000000000000000","attempt":3,"to":"a***@e***.com"}"#
        );
    }
}
