//! Finds everything that is wrong with a configuration, not only the first thing.

use figment::Figment;
use figment::providers::{Format, Serialized, Toml};
use figment::value::{Dict, Value};

use super::{Config, DEFAULTS};

/// Says for each given key what is wrong with it: each is tried alone on top of the defaults.
pub fn all(given: &Figment, names: &dyn Fn(&Value, &str) -> String) -> Vec<String> {
    let dict = match given.extract::<Dict>() {
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
        look_at(section, value, names, &mut problems);
    }
    problems
}

/// Goes down to the single keys; a table that is itself a value is one.
fn look_at(path: &str, value: &Value, names: &dyn Fn(&Value, &str) -> String, problems: &mut Vec<String>) {
    match value {
        Value::Dict(_, keys) if !path.ends_with(".authorize_params") => {
            for (key, value) in keys {
                look_at(&format!("{path}.{key}"), value, names, problems);
            }
        }
        other => problems.extend(problem(path, other).map(|what| format!("{}: {what}", names(other, path)))),
    }
}

/// What is wrong with this one key, if anything is.
fn problem(path: &str, value: &Value) -> Option<String> {
    let alone = Figment::from(Toml::string(DEFAULTS)).merge(Serialized::default(path, value));
    let error = alone.extract::<Config>().err()?;
    Some(match error.kind {
        figment::error::Kind::UnknownField(_, known) => {
            format!("unknown key; known here: {}", known.join(", "))
        }
        figment::error::Kind::Message(what) => what,
        // The kinds that quote the value would show a secret.
        _ if path == "vault.key" || path.ends_with(".client_secret") => "must be a text".to_owned(),
        kind => kind.to_string(),
    })
}
