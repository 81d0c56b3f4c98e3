//! Measures the length and the number of parameters of functions.

use super::tokens::{Token, tokens, without_tests};

/// A function in the source.
pub struct Function {
    pub name: String,
    /// Number of parameters, including `self`.
    pub parameters: usize,
    /// Number of lines between the braces.
    pub lines: usize,
}

impl std::fmt::Display for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} has {} lines and {} parameters", self.name, self.lines, self.parameters)
    }
}

/// The functions of a source text, except those of tests.
pub fn functions(text: &str) -> Vec<Function> {
    let tokens = without_tests(tokens(text));
    let is_function = |at: &usize| tokens[*at].text == "fn" && tokens[at + 1].text != "(";
    (0..tokens.len()).filter(is_function).map(|at| function(&tokens[at + 1..])).collect()
}

/// The function whose name is the first token.
fn function(tokens: &[Token]) -> Function {
    let name = tokens[0].text.clone();
    let open = parameter_list(tokens);
    let mut depth = 0;
    let mut parameters = 0;
    let mut is_pending = false;
    let mut at = open;
    loop {
        match tokens[at].text.as_str() {
            "(" | "[" | "{" | "<" => depth += 1,
            // The `>` of `->` does not close a list of generics.
            ">" if tokens[at - 1].text == "-" => {}
            ")" | "]" | "}" | ">" => depth -= 1,
            "," if depth == 1 => (parameters, is_pending) = (parameters + 1, false),
            _ => is_pending = true,
        }
        at += 1;
        if depth == 0 {
            break;
        }
    }
    parameters += usize::from(is_pending);
    let begin = tokens[at..].iter().position(|token| matches!(token.text.as_str(), "{" | ";")).unwrap() + at;
    let mut lines = 0;
    if tokens[begin].text == "{" {
        let end = end_of_braces(&tokens[begin..]) + begin;
        lines = (tokens[end].line - tokens[begin].line).saturating_sub(1);
    }
    Function { name, parameters, lines }
}

/// The index of the token that opens the parameter list.
fn parameter_list(tokens: &[Token]) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(1) {
        match token.text.as_str() {
            "<" => depth += 1,
            ">" if tokens[at - 1].text != "-" => depth -= 1,
            "(" if depth == 0 => return at,
            _ => {}
        }
    }
    panic!("{} has no parameters", tokens[0].text);
}

fn end_of_braces(tokens: &[Token]) -> usize {
    let mut depth = 0;
    let end = tokens.iter().position(|token| {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    end.unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_measured() {
        let text = "impl A {\n    pub async fn one<'a, F: Fn(u8, u8) -> u8>(&self, f: F, (a, b): (u8, u8), m: Map<u8, u8>) {\n        \
                    // {\n        let _ = \"{\";\n    }\n}\nfn two() -> u8 { 2 }\ntrait T { fn three(\n    a: fn(u8) -> u8,\n    b: \
                    u8,\n); }\n#[cfg(test)]\nmod tests {\n    fn four(a: u8) {}\n}\n";
        let found: Vec<String> = functions(text).iter().map(ToString::to_string).collect();
        let expected = [
            "one has 2 lines and 4 parameters",
            "two has 0 lines and 0 parameters",
            "three has 0 lines and 2 parameters",
        ];
        assert_eq!(found, expected);
    }
}
