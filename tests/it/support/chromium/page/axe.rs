//! axe-core, which finds accessibility problems: missing labels, low contrast, and the like.

use std::{fs, path::Path};

use serde_json::Value;

use super::Page;

/// Finds the serious and critical violations, one line each: impact, rule, advice, and the first elements.
const RUN: &str = "axe.run(document, {resultTypes: ['violations'], iframes: false}).then(({violations}) => violations
    .filter(({impact}) => ['serious', 'critical'].includes(impact))
    .map(({impact, id, help, nodes}) =>
        `${impact}: ${id}: ${help}: ${nodes.slice(0, 3).map(({target}) => target.join(' ')).join(', ')}`))";

impl Page {
    /// The serious and critical violations of axe-core's rules. Frames are not examined.
    pub fn axe(&self) -> Vec<String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(".parts/axe-core/axe.min.js");
        let script = fs::read_to_string(script).expect("axe-core is missing: run `make parts`");
        // axe-core runs in an isolated world, which neither the page's scripts nor its policy affect. It uses timers, which
        // run only while scripts are enabled.
        let run = || self.tab.borrow_mut().evaluate_isolated(&format!("{script};\n{RUN}"));
        let violations = self.with_scripts(run);
        let violations = violations.unwrap_or_else(|error| panic!("axe: {error}"));
        violations.as_array().unwrap().iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }
}
