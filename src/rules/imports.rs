//! The import graph of the source files.
//!
//! - An import is a `use`, or a path in code such as `crate::a::b()`, `super::x::y()` or `module::z()`. It counts as an
//!   import of the file that defines the name, even through a re-export.
//! - Imports between a module and its submodules do not count: `mod x;` and `pub use x::Y;` in a parent define its
//!   interface, and children may use their parent. Only loops between siblings or across folders are found.
//! - Test modules do not count.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use super::tokens::{tokens, without_tests};

/// The files that each file imports.
pub type Graph = BTreeMap<String, BTreeSet<String>>;

/// Reads all modules of the crate below this folder.
pub fn graph(src: &Path) -> Graph {
    let mut modules = BTreeMap::new();
    read(src, Vec::new(), &mut modules);
    let all = Modules(modules);
    let edges = all.0.iter().map(|(path, module)| (module.file.clone(), all.imports(path, module)));
    edges.collect()
}

/// The shortest loop of imports, if there is one.
pub fn find_loop(graph: &Graph) -> Option<Vec<String>> {
    graph.keys().filter_map(|file| shortest_path(graph, file, file)).min_by_key(Vec::len)
}

/// The shortest path of imports from one file to another.
pub fn shortest_path(graph: &Graph, start: &str, end: &str) -> Option<Vec<String>> {
    let mut came_from = BTreeMap::new();
    let mut next = VecDeque::from([start]);
    while let Some(from) = next.pop_front().filter(|_| !came_from.contains_key(end)) {
        for to in graph.get(from).into_iter().flatten() {
            came_from.entry(to.as_str()).or_insert_with(|| {
                next.push_back(to);
                from
            });
        }
    }
    let mut path = vec![end.to_owned()];
    let mut at = *came_from.get(end)?;
    while at != start {
        path.push(at.to_owned());
        at = came_from[at];
    }
    path.push(start.to_owned());
    path.reverse();
    Some(path)
}

/// A path in the module tree, from the crate's root.
type ModulePath = Vec<String>;

struct Module {
    file: String,
    /// The names that the module declares: functions, types and the like.
    items: BTreeSet<String>,
    /// Names that `use` binds to paths, and paths of glob imports.
    names: Vec<(String, ModulePath)>,
    globs: Vec<ModulePath>,
    /// Paths in the module's code.
    paths: BTreeSet<ModulePath>,
}

struct Modules(BTreeMap<ModulePath, Module>);

/// Reads a module and its submodules, without test modules.
fn read(src: &Path, path: ModulePath, into: &mut BTreeMap<ModulePath, Module>) {
    let file = if path.is_empty() { "lib.rs".to_owned() } else { format!("{}.rs", path.join("/")) };
    let text = std::fs::read_to_string(src.join(&file)).unwrap();
    let tokens: Vec<String> = without_tests(tokens(&text)).into_iter().map(|token| token.text).collect();
    let mut module =
        Module { file, items: BTreeSet::new(), names: Vec::new(), globs: Vec::new(), paths: BTreeSet::new() };
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(token) = tokens.get(at) {
        let following = tokens.get(at + 1).map_or("", String::as_str);
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            "use" => {
                let end = at + tokens[at..].iter().position(|token| token == ";").unwrap();
                module.take(&tokens[at + 1..end]);
                at = end;
            }
            "mod" if depth == 0 && tokens.get(at + 2).is_some_and(|end| end == ";") => {
                read(src, [path.clone(), vec![following.to_owned()]].concat(), into);
            }
            "fn" | "struct" | "enum" | "union" | "trait" | "type" | "const" | "static" | "mod" if depth == 0 => {
                module.items.insert(following.to_owned());
            }
            "macro_rules" => drop(module.items.insert(tokens[at + 2].clone())),
            word if is_word(word) && following == "::" && (at == 0 || tokens[at - 1] != "::") => {
                let mut segments = vec![word.to_owned()];
                while tokens.get(at + 1).is_some_and(|token| token == "::")
                    && tokens.get(at + 2).is_some_and(|token| is_word(token))
                {
                    segments.push(tokens[at + 2].clone());
                    at += 2;
                }
                module.paths.insert(segments);
            }
            _ => {}
        }
        at += 1;
    }
    into.insert(path, module);
}

impl Module {
    /// Adds the tree of a `use` declaration.
    fn take(&mut self, tokens: &[String]) {
        for (path, name) in leaves(tokens, &[]) {
            if name == "*" {
                self.globs.push(path);
                continue;
            }
            self.names.push((name, path));
        }
    }
}

/// Every path of a `use` tree, with the name that it binds.
fn leaves(tokens: &[String], before: &[String]) -> Vec<(ModulePath, String)> {
    let mut path = before.to_vec();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token.as_str() {
            "::" => {}
            "*" => return vec![(path, "*".to_owned())],
            "as" => return vec![(path, tokens[at + 1].clone())],
            "{" => return branches(&tokens[at + 1..tokens.len() - 1]).flat_map(|tree| leaves(tree, &path)).collect(),
            "self" if !path.is_empty() => {}
            word => path.push(word.to_owned()),
        }
        at += 1;
    }
    let name = path.last().cloned().unwrap_or_default();
    vec![(path, name)]
}

/// The parts between the commas at the top level of one pair of braces.
fn branches(tokens: &[String]) -> impl Iterator<Item = &[String]> {
    let mut depth = 0;
    let branches = tokens.split(move |token| {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        token == "," && depth == 0
    });
    branches.filter(|branch| !branch.is_empty())
}

impl Modules {
    /// The files that a module imports.
    fn imports(&self, path: &ModulePath, module: &Module) -> BTreeSet<String> {
        let names = module.names.iter().map(|(_, used)| used);
        let items = names.chain(&module.paths).filter_map(|used| self.definer(path, used, 0));
        // A glob import counts as an import of the file whose names it takes.
        let whole =
            module.globs.iter().filter_map(|used| self.definer(path, &[&used[..], &["*".to_owned()]].concat(), 0));
        let others = items.chain(whole).filter(|definer| !is_same_subtree(path, definer));
        others.map(|definer| self.0[&definer].file.clone()).collect()
    }

    /// The module that defines the item at the end of a path; `None` if the path denotes a module, or an item of another
    /// crate.
    fn definer(&self, from: &ModulePath, path: &[String], hops: usize) -> Option<ModulePath> {
        let (first, rest) = path.split_first()?;
        let (mut module, mut rest) = match first.as_str() {
            "crate" => (Vec::new(), rest),
            "self" => (from.clone(), rest),
            "super" => (from[..from.len() - 1].to_vec(), rest),
            _ => (from.clone(), path),
        };
        while let Some((name, behind)) = rest.split_first() {
            let below = [module.clone(), vec![name.clone()]].concat();
            if name == "super" {
                module.pop();
            } else if self.0.contains_key(&below) {
                module = below;
            } else if name == "*" || self.0[&module].items.contains(name) {
                return Some(module);
            } else {
                return self.resolve_use(&module, name, behind, hops);
            }
            rest = behind;
        }
        None
    }

    /// Resolves a name that a `use` declaration brings into a module.
    fn resolve_use(&self, module: &ModulePath, name: &str, behind: &[String], hops: usize) -> Option<ModulePath> {
        if hops > 9 {
            return None;
        }
        let used_by = &self.0[module];
        let used = used_by
            .names
            .iter()
            .filter(|(bound, used)| bound == name && used.first().is_none_or(|first| first != name));
        let mut found = used.filter_map(|(_, used)| self.definer(module, &[used, behind].concat(), hops + 1));
        if let Some(definer) = found.next() {
            return Some(definer);
        }
        let glob =
            |glob: &ModulePath| self.definer(module, &[&glob[..], &[name.to_owned()], behind].concat(), hops + 1);
        used_by.globs.iter().find_map(glob)
    }
}

/// Whether one module contains the other, or both are the same.
fn is_same_subtree(module: &ModulePath, other: &ModulePath) -> bool {
    module.starts_with(other) || other.starts_with(module)
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph_of(files: &[(&str, &str)]) -> Graph {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        graph(folder.path())
    }

    #[test]
    fn every_kind_of_import_is_found() {
        for import in [
            "use crate::parent::b::B;",
            "use super::b::{self, B};\nfn f(_: B) {}",
            "use super::{Z, b::B as Other};",
            "use super::Reexported;",
            "use super::b::*;",
            "use super::b;\nfn f() { b::work() }",
            "fn f() { super::b::work() }",
            "fn f() -> Option<crate::parent::b::B> { None }",
            "fn f() { g(\"// no comment\"); self::super::b::work(); let _ = 'x'; }",
            "pub use super::b::B;\nfn f() { super::b::work() }",
        ] {
            let graph = graph_of(&[
                ("lib.rs", "mod parent;"),
                ("parent.rs", "mod a;\nmod b;\npub struct Z;\npub use b::B as Reexported;"),
                ("parent/a.rs", import),
                ("parent/b.rs", "pub struct B;\npub fn work() {}"),
            ]);
            assert!(graph["parent/a.rs"].contains("parent/b.rs"), "{import}: {graph:?}");
        }
    }

    #[test]
    fn text_that_looks_like_an_import_is_ignored() {
        for text in [
            "// use super::b::B;",
            "/// See [`crate::parent::b::B`].\nfn f() { g(\"super::b::B\", r#\"crate::parent::b::work()\"#) }",
            "#[cfg(test)]\nmod tests {\n    use super::super::b::B;\n}",
            "use super::Z;",
            "fn f<'a>(_: &'a str) { std::mem::drop('\"'); Self::b::work() }",
        ] {
            let graph = graph_of(&[
                ("lib.rs", "mod parent;"),
                ("parent.rs", "mod a;\nmod b;\npub struct Z;\nfn g() { a::f() }"),
                ("parent/a.rs", text),
                ("parent/b.rs", "pub struct B;\npub fn work() {}"),
            ]);
            assert!(graph["parent/a.rs"].is_empty(), "{text}: {graph:?}");
        }
    }

    #[test]
    fn a_loop_is_found_and_named() {
        let file = |imports: &str| {
            imports.split(' ').map(|name| format!("use crate::{name}::f as {name}_f;\n")).collect::<String>()
        };
        let (a, b, c) = (file("b") + "pub fn f() {}", file("c") + "pub fn f() {}", file("a d") + "pub fn f() {}");
        let all = [
            ("lib.rs", "mod a;\nmod b;\nmod c;\nmod d;"),
            ("a.rs", &a),
            ("b.rs", &b),
            ("c.rs", &c),
            ("d.rs", "pub fn f() {}"),
        ];
        let mut graph = graph_of(&all);
        assert_eq!(find_loop(&graph).unwrap(), ["a.rs", "b.rs", "c.rs", "a.rs"]);
        graph.get_mut("c.rs").unwrap().remove("a.rs");
        assert_eq!(find_loop(&graph), None);
        assert_eq!(shortest_path(&graph, "a.rs", "d.rs").unwrap(), ["a.rs", "b.rs", "c.rs", "d.rs"]);
    }
}
