//! Schemas of types, each defined once and referred to.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// Where the document keeps them.
const PLACE: &str = "/components/schemas";

/// The types seen so far. What is answered has every member there, what is asked for may leave some out.
pub(crate) struct Schemas {
    answers: SchemaGenerator,
    requests: SchemaGenerator,
}

impl Schemas {
    pub(crate) fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = PLACE.into();
                settings.meta_schema = None;
            })
        };
        Self {
            answers: settings().for_serialize().into_generator(),
            requests: settings().for_deserialize().into_generator(),
        }
    }

    /// What is answered.
    pub(crate) fn answer<T: JsonSchema>(&mut self) -> Value {
        self.answers.subschema_for::<T>().to_value()
    }

    /// What a body says.
    pub(crate) fn body<T: JsonSchema>(&mut self) -> Value {
        self.requests.subschema_for::<T>().to_value()
    }

    /// What a query says: the parameters that the members of a structure are. A parameter has no way to be null.
    pub(crate) fn query<T: JsonSchema>(&mut self) -> Vec<Value> {
        let structure = T::json_schema(&mut self.requests).to_value();
        let required = structure["required"].as_array().cloned().unwrap_or_default();
        let members = structure["properties"].as_object().cloned().unwrap_or_default();
        let parameter = |(name, schema): (String, Value)| {
            let required = required.contains(&Value::from(name.as_str()));
            json!({ "name": name, "in": "query", "required": required, "schema": not_null(schema) })
        };
        members.into_iter().map(parameter).collect()
    }

    /// Every type that was referred to, by its name.
    pub(crate) fn into_components(mut self) -> Map<String, Value> {
        let mut components = self.answers.take_definitions(true);
        components.extend(self.requests.take_definitions(true));
        components
    }
}

/// The same schema without null.
fn not_null(mut schema: Value) -> Value {
    let null = json!({ "type": "null" });
    if let Some(choices) = schema["anyOf"].as_array() {
        let others: Vec<_> = choices.iter().filter(|choice| **choice != null).cloned().collect();
        if let [only] = others.as_slice() {
            return only.clone();
        }
    }
    if let Some(types) = schema["type"].as_array() {
        let others: Vec<_> = types.iter().filter(|name| **name != "null").cloned().collect();
        if let [only] = others.as_slice() {
            schema["type"] = only.clone();
        }
    }
    schema
}
