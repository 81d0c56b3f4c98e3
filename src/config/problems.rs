//! Finds all errors in a configuration, not only the first one.

use figment::Figment;
use figment::providers::{Format, Serialized, Toml};
use figment::value::{Dict, Value};

use super::{Config, DEFAULTS};

/// The errors of all keys in these layers. Each key is tried alone on top of the defaults. `names` writes a key with its
/// source.
pub fn in_layers(layers: &Figment, names: &dyn Fn(&Value, &str) -> String) -> Vec<String> {
    let dict = match layers.extract::<Dict>() {
        Ok(dict) => dict,
        Err(errors) => return errors.into_iter().map(|error| error.to_string()).collect(),
    };
    let sections = Figment::from(Toml::string(DEFAULTS)).extract::<Dict>().unwrap_or_default();
    let mut problems = Vec::new();
    for (section, value) in &dict {
        if !sections.contains_key(section) {
            let known: Vec<&str> = sections.keys().map(String::as_str).collect();
            problems.push(format!("{}: unknown section; known are: {}", names(value, section), known.join(", ")));
            continue;
        }
        check_value(section, value, names, &mut problems);
    }
    problems
}

/// Checks the keys below a value. A table that is itself a setting counts as one key.
fn check_value(path: &str, value: &Value, names: &dyn Fn(&Value, &str) -> String, problems: &mut Vec<String>) {
    match value {
        Value::Dict(_, keys) if !path.ends_with(".authorize_params") => {
            for (key, value) in keys {
                check_value(&format!("{path}.{key}"), value, names, problems);
            }
        }
        other => problems.extend(problem(path, other).map(|problem| format!("{}: {problem}", names(other, path)))),
    }
}

/// The error of one key, if any.
fn problem(path: &str, value: &Value) -> Option<String> {
    let alone = Figment::from(Toml::string(DEFAULTS)).merge(Serialized::default(path, value));
    let error = alone.extract::<Config>().err()?;
    Some(match error.kind {
        figment::error::Kind::UnknownField(_, known) => {
            format!("unknown key; known here: {}", known.join(", "))
        }
        figment::error::Kind::Message(message) => message,
        // Other kinds of error quote the value, which may be a secret.
        _ if path == "vault.key" || path.ends_with(".client_secret") => "must be a text".to_owned(),
        kind => kind.to_string(),
    })
}
