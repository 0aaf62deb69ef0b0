//! The JSON Schema of the format, made from the file types.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use crate::file;

/// The JSON Schema (draft-07) of scenario files. Values with units carry the key `x-quantity`, which names their type.
pub fn schema() -> Value {
    SCHEMA.clone()
}

/// Made once; every file is checked against it.
pub(crate) static SCHEMA: LazyLock<Value> = LazyLock::new(schema_of::<file::Scenario>);

/// The JSON Schema (draft-07) of another file type that is read in the same way.
pub fn schema_of<T: JsonSchema>() -> Value {
    SchemaSettings::draft07()
        .with_transform(RecursiveTransform(without_null))
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value()
}

/// TOML has no null: an optional key is simply absent.
fn without_null(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else { return };
    if object.get("default") == Some(&Value::Null) {
        object.remove("default");
    }
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(alternatives)) = object.get_mut("anyOf") {
        let count = alternatives.len();
        alternatives.retain(|alternative| alternative.get("type") != Some(&Value::from("null")));
        if let [Value::Object(only)] = alternatives.as_slice()
            && count > 1
        {
            let only = only.clone();
            object.remove("anyOf");
            if only.contains_key("$ref") {
                // In draft-07 whatever stands beside a `$ref` is ignored.
                object.insert("allOf".to_owned(), Value::Array(vec![Value::Object(only)]));
            } else {
                for (key, value) in only {
                    object.entry(key).or_insert(value);
                }
            }
        }
    }
}

/// The schema that `schema` stands for: references are followed.
pub(crate) fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let mut schema = schema;
    loop {
        let only = match schema.get("allOf").and_then(Value::as_array).map(Vec::as_slice) {
            Some([only]) => only,
            _ => schema,
        };
        match only.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix('#')) {
            Some(path) => schema = root.pointer(&path.replace("%20", " ")).expect("schemars defines what it refers to"),
            None => return only,
        }
    }
}
