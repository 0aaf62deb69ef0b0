//! Single values of a file, changed before it is read: `network.loss=0.01`, `service.api.workers=16`, `fault[0].for=5s`.
//!
//! The rest of the text stays as it is, comments included, so that what is stored beside results is what was run. Whether a
//! key exists and a value fits is the reader's to say, with the nearest valid name.

use toml_edit::{DocumentMut, InlineTable, Item, Table, Value};

use crate::Problem;

enum Step {
    Key(String),
    Index(usize),
}

/// Sets each path to its value, in order. Keys are joined by dots, elements of lists are named by `[position]` or, where they have
/// one, by their `name`. Tables on the way are made. A value is TOML (`0.5`, `true`, `["a", "b"]`, `{ kind = "…" }`); what is not
/// TOML is text, so that quotes around `5s` may be left out.
///
/// # Errors
/// A text that is not TOML, a path that cannot be read, or an element that does not exist; all of them.
pub fn apply_overrides(text: &str, overrides: &[(String, String)]) -> Result<String, Vec<Problem>> {
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        vec![Problem::new("", error.message().trim().replace('\n', ", ")).located(text, error.span())]
    })?;
    let mut problems = Vec::new();
    for (path, value) in overrides {
        let value = value.trim().parse().unwrap_or_else(|_| Value::from(value.as_str()));
        let outcome = steps(path).and_then(|steps| set(document.as_item_mut(), &steps, &value, path));
        problems.extend(outcome.err().map(|problem| *problem));
    }
    if problems.is_empty() { Ok(document.to_string()) } else { Err(problems) }
}

fn steps(path: &str) -> Result<Vec<Step>, Box<Problem>> {
    let wrong = |what: &str| {
        let expected = "keys joined by dots, such as `network.loss`, `service.api.workers` or `fault[0].for`";
        Box::new(Problem::new(path, format!("`{path}` is no path: {what}")).expected(expected))
    };
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (key, indices) = part.split_once('[').map_or((part, None), |(key, rest)| (key, Some(rest)));
        if key.trim().is_empty() {
            return Err(wrong("a key is empty"));
        }
        steps.push(Step::Key(key.trim().to_owned()));
        for index in indices.into_iter().flat_map(|indices| indices.split('[')) {
            let index = index.strip_suffix(']').and_then(|index| index.trim().parse().ok());
            steps.push(Step::Index(index.ok_or_else(|| wrong("a position must be a number in brackets"))?));
        }
    }
    Ok(steps)
}

fn set(item: &mut Item, steps: &[Step], value: &Value, path: &str) -> Result<(), Box<Problem>> {
    let Some((step, rest)) = steps.split_first() else {
        // The decoration around the old value (its comment) stays.
        let decor = item.as_value().map(|old| old.decor().clone());
        let mut value = value.clone();
        if let Some(decor) = decor {
            *value.decor_mut() = decor;
        }
        *item = Item::Value(value);
        return Ok(());
    };
    match step {
        Step::Index(index) => {
            let count = elements(item);
            let problem = || {
                let expected = if count > 0 { format!("a position from 0 to {}", count - 1) } else { "a list".to_owned() };
                Box::new(Problem::new(path, format!("`{path}` names element {index}, but there are {count}")).expected(expected))
            };
            set(item.get_mut(*index).ok_or_else(problem)?, rest, value, path)
        }
        Step::Key(key) if elements(item) > 0 => {
            let names: Vec<String> = (0..elements(item)).map(|index| name_of(&item[index]).unwrap_or_default()).collect();
            let Some(index) = names.iter().position(|name| name == key) else {
                let valid = names.iter().map(String::as_str).filter(|name| !name.is_empty());
                let problem = Problem::new(path, format!("`{path}`: no element of this list is named `{key}`"));
                return Err(Box::new(problem.expected("a name that is there, or a position such as `[0]`").nearest(key, valid)));
            };
            set(&mut item[index], rest, value, path)
        }
        Step::Key(key) => {
            if item.is_none() {
                *item = Item::Table(Table::new());
            }
            let problem = || {
                let message = format!("`{path}` goes through a single value, which has no key `{key}`");
                Box::new(
                    Problem::new(path, message).help("set the whole value, for example to an inline table `{ kind = \"…\" }`"),
                )
            };
            if let Some(table) = item.as_inline_table_mut() {
                return set_inline(table, key, rest, value, path);
            }
            let table = item.as_table_mut().ok_or_else(problem)?;
            set(table.entry(key).or_insert(Item::None), rest, value, path)
        }
    }
}

/// Inside an inline table values stand without `Item`.
fn set_inline(table: &mut InlineTable, key: &str, rest: &[Step], value: &Value, path: &str) -> Result<(), Box<Problem>> {
    let mut item = table.remove(key).map_or_else(|| Item::Value(Value::InlineTable(InlineTable::new())), Item::Value);
    let outcome = set(&mut item, rest, value, path);
    if let Ok(value) = item.into_value() {
        table.insert(key, value);
    }
    outcome
}

/// Number of elements of a list, of tables or of values; 0 for what is no list.
fn elements(item: &Item) -> usize {
    let tables = item.as_array_of_tables().map(toml_edit::ArrayOfTables::len);
    tables.or_else(|| item.as_array().map(toml_edit::Array::len)).unwrap_or(0)
}

fn name_of(item: &Item) -> Option<String> {
    item.get("name").and_then(Item::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# a comment
version = 1
[network]
loss = 0.1 # stays
latency = { kind = \"lognormal\", median = \"1ms\" }
[[service]]
name = \"api\"
call = [{ service = \"store\", timeout = \"1s\" }]
[[service]]
name = \"store\"
";

    fn with(path: &str, value: &str) -> Result<String, String> {
        let overrides = [(path.to_owned(), value.to_owned())];
        apply_overrides(TEXT, &overrides).map_err(|problems| problems[0].render("test.toml", TEXT))
    }

    #[test]
    fn a_value_is_changed_and_the_rest_of_the_text_stays() {
        assert_eq!(with("network.loss", "0.5").unwrap(), TEXT.replace("0.1", "0.5"));
    }

    #[test]
    fn elements_are_named_by_position_or_by_name() {
        let by_position = with("service[1].workers", "16").unwrap();
        assert_eq!(by_position, TEXT.replace("name = \"store\"\n", "name = \"store\"\nworkers = 16\n"));
        assert_eq!(with("service.store.workers", "16").unwrap(), by_position);
    }

    #[test]
    fn a_value_of_a_named_element_is_replaced() {
        assert_eq!(with("service.api.name", "\"web\"").unwrap(), TEXT.replace("\"api\"", "\"web\""));
        let text = TEXT.replace("name = \"store\"\n", "name = \"store\"\nworkers = 8 # eight\n");
        let overrides = [("service.store.workers".to_owned(), "16".to_owned())];
        assert_eq!(apply_overrides(&text, &overrides).unwrap(), text.replace("workers = 8", "workers = 16"));
    }

    #[test]
    fn values_inside_inline_tables_can_be_set() {
        assert!(with("network.latency.median", "2ms").unwrap().contains("median = \"2ms\""));
        assert!(with("service.api.call[0].timeout", "5s").unwrap().contains("timeout = \"5s\""));
    }

    #[test]
    fn quotes_may_be_left_out_and_missing_tables_are_made() {
        assert!(with("run.duration", "5s").unwrap().contains("[run]\nduration = \"5s\""));
        assert!(with("network.latency", "{ kind = \"exponential\", mean = \"1ms\" }").unwrap().contains("exponential"));
    }

    #[test]
    fn what_does_not_exist_is_told_with_what_does() {
        let told = with("service.stor.workers", "1").unwrap_err();
        assert!(told.contains("did you mean `store`"), "{told}");
        let told = with("service[7].workers", "1").unwrap_err();
        assert!(told.contains("there are 2") && told.contains("0 to 1"), "{told}");
        assert!(with("network.loss.share", "1").unwrap_err().contains("single value"));
        assert!(with("service[x]", "1").unwrap_err().contains("number in brackets"));
        assert!(with("a..b", "1").unwrap_err().contains("a key is empty"));
    }
}
