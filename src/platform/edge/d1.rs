//! D1: statements in, rows out. <https://developers.cloudflare.com/d1/worker-api/d1-database/#batch>

use std::rc::Rc;

use worker::js_sys::futures::JsFuture;
use worker::js_sys::{Array, Error, Object, Reflect, Uint8Array};
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::worker_sys::{D1Database, D1PreparedStatement};

use crate::db::classify;
use crate::platform::{DbError, Outcome, Row, Statement, Value};

/// Whole numbers beyond this are not exact in JavaScript.
const LARGEST_WHOLE: f64 = 9_007_199_254_740_991.0;

/// Runs the statements in one transaction.
pub(super) async fn batch(database: &D1Database, statements: &[Statement]) -> Result<Vec<Outcome>, DbError> {
    let run = async {
        let bound = statements.iter().map(|statement| bind(database, statement)).collect::<Result<Array, _>>()?;
        JsFuture::from(database.batch(bound)?).await
    };
    let results = run.await.map_err(|error| classify(message(&error)))?;
    Array::from(&results).iter().map(|result| outcome(&result)).collect()
}

fn bind(database: &D1Database, statement: &Statement) -> Result<D1PreparedStatement, JsValue> {
    let params: Array = statement
        .params
        .iter()
        .map(|value| match value {
            Value::Null => JsValue::NULL,
            // A whole float becomes an integer in an INTEGER column, exactly below 2^53.
            Value::Integer(number) => JsValue::from_f64(*number as f64),
            Value::Text(text) => JsValue::from_str(text),
            Value::Blob(bytes) => Uint8Array::from(bytes.as_slice()).into(),
        })
        .collect();
    database.prepare(statement.sql)?.bind(params)
}

fn outcome(result: &JsValue) -> Result<Outcome, DbError> {
    let meta = property(result, "meta");
    let count = |name| property(&meta, name).as_f64().map_or(0, |count| count as u64);
    let found = Array::from(&property(result, "results"));
    // Every row of a result has the same columns in the same order. Without a row there is no object to ask for them.
    let keys = found.iter().next().map(|first| Object::keys(first.unchecked_ref::<Object>())).unwrap_or_default();
    let names: Rc<[String]> = keys.iter().map(|name| name.as_string().unwrap_or_default()).collect();
    let rows = found.iter().map(|found| row(&names, &found)).collect::<Result<_, _>>()?;
    Ok(Outcome { rows, rows_read: count("rows_read"), rows_written: count("rows_written") })
}

fn row(names: &Rc<[String]>, found: &JsValue) -> Result<Row, DbError> {
    let values = Object::values(found.unchecked_ref::<Object>());
    let unknown = || DbError::Refused("a value of an unknown type".to_owned());
    let values = values.iter().map(|found| value(&found).ok_or_else(unknown)).collect::<Result<_, _>>()?;
    Ok(Row::new(Rc::clone(names), values))
}

/// <https://developers.cloudflare.com/d1/worker-api/#type-conversion>
fn value(found: &JsValue) -> Option<Value> {
    if found.is_null() || found.is_undefined() {
        Some(Value::Null)
    } else if let Some(text) = found.as_string() {
        Some(Value::Text(text))
    } else if let Some(number) = found.as_f64() {
        // No column of ours holds a fraction.
        (number.fract() == 0.0 && number.abs() <= LARGEST_WHOLE).then_some(Value::Integer(number as i64))
    } else {
        // A blob comes as an array of numbers.
        Array::is_array(found).then(|| Value::Blob(Uint8Array::new(found).to_vec()))
    }
}

/// What went wrong, in D1's words: of the error's cause where it has one, since the error itself only repeats it.
fn message(error: &JsValue) -> String {
    let text = |error: &JsValue| error.dyn_ref::<Error>().map(|error| String::from(error.message()));
    text(&property(error, "cause")).or_else(|| text(error)).unwrap_or_default()
}

fn property(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
}
