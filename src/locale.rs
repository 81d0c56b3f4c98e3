//! The texts that people read, in Swedish and English. They are in `locale/*.ftl` (Project Fluent); the code contains no
//! sentence that a customer reads.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use unic_langid::LanguageIdentifier;

/// A language that Mailferry has texts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// svenska
    #[value(name = "sv")]
    Swedish,
    /// English
    #[value(name = "en")]
    English,
}

impl Language {
    #[cfg(test)]
    pub const ALL: [Self; 2] = [Self::Swedish, Self::English];

    /// The first supported language in a list such as `sv-SE,sv;q=0.9,en` (RFC 9110 12.5.4; weights are ignored, because browsers
    /// send the list in descending order) or in a locale such as `sv_SE.UTF-8`; else English.
    pub fn choose(accepted: &str) -> Self {
        let tags = accepted.split(',').map(|tag| tag.trim().to_ascii_lowercase());
        tags.filter_map(|tag| match tag.get(..2) {
            Some("sv") => Some(Self::Swedish),
            Some("en") => Some(Self::English),
            _ => None,
        })
        .next()
        .unwrap_or(Self::English)
    }

    /// The language of the environment (POSIX: the first of LC_ALL, LC_MESSAGES and LANG that is set).
    pub fn from_environment() -> Self {
        let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
        set.map_or(Self::English, |locale| Self::choose(&locale))
    }

    /// The language tag, for the `lang` attribute of a page.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Swedish => "sv",
            Self::English => "en",
        }
    }
}

type Bundle = FluentBundle<FluentResource>;

fn bundle(language: Language) -> &'static Bundle {
    static BUNDLES: OnceLock<(Bundle, Bundle)> = OnceLock::new();
    let (swedish, english) = BUNDLES.get_or_init(|| (load("sv", &SWEDISH), load("en", &ENGLISH)));
    match language {
        Language::Swedish => swedish,
        Language::English => english,
    }
}

/// The Swedish texts of causes, pages and facts.
const SWEDISH: [&str; 3] =
    [include_str!("locale/sv.ftl"), include_str!("locale/page.sv.ftl"), include_str!("locale/fact.sv.ftl")];
/// The English texts, in the same order.
const ENGLISH: [&str; 3] =
    [include_str!("locale/en.ftl"), include_str!("locale/page.en.ftl"), include_str!("locale/fact.en.ftl")];

fn load(language: &str, texts: &[&str]) -> Bundle {
    let language: LanguageIdentifier = language.parse().unwrap_or_default();
    let mut bundle = Bundle::new_concurrent(vec![language]);
    // Terminals and log files would show the isolation marks around an argument as garbage.
    bundle.set_use_isolating(false);
    for text in texts {
        // A test below finds errors in the texts. Here, every message that parses is used.
        let resource = FluentResource::try_new((*text).to_owned()).unwrap_or_else(|(resource, _)| resource);
        bundle.add_resource_overriding(resource);
    }
    bundle
}

/// The text of a message or of one of its attributes, with its arguments. Without such a message, returns `id`.
pub fn message(language: Language, id: &str, attribute: Option<&str>, args: &BTreeMap<String, String>) -> String {
    let bundle = bundle(language);
    let mut fluent_args = FluentArgs::new();
    fluent_args.set("place", "terminal"); // the default
    for (key, value) in args {
        match value.parse::<i64>() {
            // Numbers select plural forms.
            Ok(number) if key == "days" || key == "count" => fluent_args.set(key.as_str(), number),
            _ => fluent_args.set(key.as_str(), value.as_str()),
        }
    }
    let pattern = bundle.get_message(id).and_then(|message| match attribute {
        Some(attribute) => message.get_attribute(attribute).map(|attribute| attribute.value()),
        None => message.value(),
    });
    let Some(pattern) = pattern else { return id.to_owned() };
    let mut errors = Vec::new();
    let text = bundle.format_pattern(pattern, Some(&fluent_args), &mut errors).into_owned();
    debug_assert!(errors.is_empty(), "{id} lacks arguments: {errors:?}");
    text
}

/// Whether a message with this id exists.
pub fn has(id: &str) -> bool {
    bundle(Language::English).has_message(id)
}

/// The text of a message without arguments.
pub fn text(language: Language, id: &str) -> String {
    message(language, id, None, &BTreeMap::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cause::{Cause, Trouble};

    #[test]
    fn every_cause_has_a_sentence_and_a_remedy_in_both_languages() {
        let names = [
            "provider",
            "client_id",
            "tenant",
            "identity",
            "mailbox",
            "minutes",
            "found",
            "wanted",
            "scope",
            "issuer",
            "host",
            "role",
        ];
        let more_names = [
            "file",
            "days",
            "kind",
            "family",
            "known",
            "target",
            "ps_target",
            "ps_identity",
            "ps_client_id",
            "ps_object_id",
            "folder",
            "count",
            "one",
            "other",
        ];
        let with_args = |trouble: Trouble| {
            names.iter().chain(&more_names).fold(trouble, |trouble, name| trouble.with_arg(name, "X1"))
        };
        for language in Language::ALL {
            for cause in Cause::ALL {
                let trouble = with_args(Trouble::new(*cause));
                let on_page = trouble.clone().on_page().remedy(language);
                assert!(!on_page.contains("mailbox set X1") && !on_page.contains("connect X1"), "{on_page}");
                assert!(!on_page.contains("mailbox check"), "{on_page}");
                for text in [trouble.sentence(language), trouble.remedy(language), on_page] {
                    assert!(text.contains(' ') && !text.contains("{$"), "{} {language:?}: {text}", cause.id());
                    assert!(text.ends_with(|c: char| c != ' '), "{text}");
                }
            }
            assert!(bundle(language).get_message("callback-done").is_some());
        }
        // Both languages have the same ids in the same order.
        let ids = |text: &str| -> Vec<String> {
            let is_id = |line: &&str| line.starts_with(|c: char| c.is_ascii_lowercase()) && line.contains(" = ");
            text.lines().filter(is_id).filter_map(|line| line.split_once(" = ")).map(|(id, _)| id.to_owned()).collect()
        };
        for (swedish, english) in SWEDISH.iter().zip(ENGLISH) {
            assert_eq!(ids(swedish), ids(english));
        }
        // If two messages had the same id, one would be ignored.
        let all: Vec<String> = ENGLISH.iter().flat_map(|text| ids(text)).collect();
        let ids: std::collections::BTreeSet<&String> = all.iter().collect();
        assert_eq!(ids.len(), all.len());
        for text in SWEDISH.into_iter().chain(ENGLISH) {
            assert!(FluentResource::try_new(text.to_owned()).is_ok(), "every message parses");
        }
    }

    #[test]
    fn every_message_id_of_a_page_exists_and_templates_contain_no_words() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http");
        let mut files = crate::rules::files(&folder, "html");
        files.extend(crate::rules::files(&folder, "rs"));
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            let text =
                ["narrow", "middle"].iter().fold(text, |text, width| text.replace(&format!("%}}{width}{{%"), "%}{%"));
            for opening in [".t(\"", ".n(\"", ".t1(\"", ".t2(\"", ".about(\"", "Wrong(\""] {
                for (_, rest) in text.match_indices(opening).map(|(at, _)| text.split_at(at + opening.len())) {
                    let name = rest.split('"').next().unwrap();
                    assert!(has(name), "{}: {name}", file.display());
                }
            }
            if file.extension().is_some_and(|extension| extension == "html") {
                // Outside its tags, a template may contain proper names only.
                let visible: String = strip(&text);
                let words =
                    visible.split_whitespace().filter(|word| word.chars().filter(|c| c.is_alphabetic()).count() > 1);
                let words: Vec<&str> = words
                    .filter(|word| !["UID", "Mailferry", "In", "English", "På", "svenska", "Svenska"].contains(word))
                    .collect();
                assert!(words.is_empty(), "{}: {words:?}", file.display());
            }
        }
    }

    /// A template without its tags and expressions.
    #[expect(clippy::string_slice, reason = "a test may panic")]
    fn strip(text: &str) -> String {
        let mut visible = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '<']) {
            visible.push_str(&rest[..at]);
            visible.push(' ');
            let end = match &rest[at..] {
                code if code.starts_with("{{") => "}}",
                code if code.starts_with("{%") => "%}",
                _ => ">",
            };
            let tag = &rest[at..];
            // A tag may contain expressions.
            let mut length = tag.find(end).unwrap() + end.len();
            while end == ">"
                && tag[..length].matches("{{").count() + tag[..length].matches("{%").count()
                    > tag[..length].matches("}}").count() + tag[..length].matches("%}").count()
            {
                length += tag[length..].find('>').unwrap() + 1;
            }
            rest = &tag[length..];
        }
        visible + rest
    }

    #[test]
    fn the_language_is_the_first_supported_one() {
        for (accepted, language) in [
            ("sv-SE,sv;q=0.9,en;q=0.8", Language::Swedish),
            ("de-DE,en;q=0.8,sv;q=0.1", Language::English),
            ("sv_SE.UTF-8", Language::Swedish),
            ("C.UTF-8", Language::English),
            ("", Language::English),
        ] {
            assert_eq!(Language::choose(accepted), language, "{accepted}");
        }
    }
}
