//! What a person is told, in Swedish and English: the texts stand in `locale/*.ftl` (Project Fluent), and no sentence that a
//! customer reads stands in the code.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use unic_langid::LanguageIdentifier;

/// A language that we speak.
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
    /// Both.
    #[cfg(test)]
    pub const ALL: [Self; 2] = [Self::Swedish, Self::English];

    /// The first that we speak in a list such as `sv-SE,sv;q=0.9,en` (RFC 9110 12.5.4, whose weights browsers send in falling
    /// order) or a locale such as `sv_SE.UTF-8`; else English.
    pub fn choose(wanted: &str) -> Self {
        let tags = wanted.split(',').map(|tag| tag.trim().to_ascii_lowercase());
        tags.filter_map(|tag| match tag.get(..2) {
            Some("sv") => Some(Self::Swedish),
            Some("en") => Some(Self::English),
            _ => None,
        })
        .next()
        .unwrap_or(Self::English)
    }

    /// What the user of this terminal speaks (POSIX: LC_ALL, LC_MESSAGES, LANG, the first that is set).
    pub fn of_the_terminal() -> Self {
        let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
        set.map_or(Self::English, |locale| Self::choose(&locale))
    }

    /// For the `lang` attribute of a page.
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

/// The causes of failures, the pages, and facts.
const SWEDISH: [&str; 3] =
    [include_str!("locale/sv.ftl"), include_str!("locale/page.sv.ftl"), include_str!("locale/fact.sv.ftl")];
const ENGLISH: [&str; 3] =
    [include_str!("locale/en.ftl"), include_str!("locale/page.en.ftl"), include_str!("locale/fact.en.ftl")];

fn load(language: &str, texts: &[&str]) -> Bundle {
    let language: LanguageIdentifier = language.parse().unwrap_or_default();
    let mut bundle = Bundle::new_concurrent(vec![language]);
    // Terminals and log files show the marks around a name as rubbish.
    bundle.set_use_isolating(false);
    for text in texts {
        // What is wrong in a text is found by the test below; whatever can be read is used.
        let resource = FluentResource::try_new((*text).to_owned()).unwrap_or_else(|(resource, _)| resource);
        bundle.add_resource_overriding(resource);
    }
    bundle
}

/// A text by its name, or one of its attributes; its name where there is none.
pub fn message(language: Language, name: &str, attribute: Option<&str>, about: &BTreeMap<String, String>) -> String {
    let bundle = bundle(language);
    let mut args = FluentArgs::new();
    args.set("place", "terminal"); // unless it is said otherwise
    for (key, value) in about {
        match value.parse::<i64>() {
            Ok(number) if key == "days" || key == "count" => args.set(key.as_str(), number), // one day, two days
            _ => args.set(key.as_str(), value.as_str()),
        }
    }
    let pattern = bundle.get_message(name).and_then(|message| match attribute {
        Some(attribute) => message.get_attribute(attribute).map(|attribute| attribute.value()),
        None => message.value(),
    });
    let Some(pattern) = pattern else { return name.to_owned() };
    let mut missing = Vec::new();
    let text = bundle.format_pattern(pattern, Some(&args), &mut missing).into_owned();
    debug_assert!(missing.is_empty(), "{name} lacks what it is about: {missing:?}");
    text
}

/// Whether there is a text of this name.
pub fn has(name: &str) -> bool {
    bundle(Language::English).has_message(name)
}

/// A text by its name.
pub fn text(language: Language, name: &str) -> String {
    message(language, name, None, &BTreeMap::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cause::{Cause, Trouble};

    #[test]
    fn every_cause_has_its_sentence_and_its_remedy_in_both_languages() {
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
        let more = [
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
        let about =
            |trouble: Trouble| names.iter().chain(&more).fold(trouble, |trouble, name| trouble.about(name, "X1"));
        for language in Language::ALL {
            for cause in Cause::ALL {
                let trouble = about(Trouble::new(*cause));
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
        // The same names in both files.
        let ids = |text: &str| -> Vec<String> {
            let is_name = |line: &&str| line.starts_with(|c: char| c.is_ascii_lowercase()) && line.contains(" = ");
            text.lines()
                .filter(is_name)
                .filter_map(|line| line.split_once(" = "))
                .map(|(id, _)| id.to_owned())
                .collect()
        };
        for (swedish, english) in SWEDISH.iter().zip(ENGLISH) {
            assert_eq!(ids(swedish), ids(english));
        }
        // Of two texts of one name only one would be read.
        let all: Vec<String> = ENGLISH.iter().flat_map(|text| ids(text)).collect();
        let names: std::collections::BTreeSet<&String> = all.iter().collect();
        assert_eq!(names.len(), all.len());
        for text in SWEDISH.into_iter().chain(ENGLISH) {
            assert!(FluentResource::try_new(text.to_owned()).is_ok(), "every text can be read");
        }
    }

    #[test]
    fn every_text_that_a_page_names_is_there_and_no_page_has_words_of_its_own() {
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
            if file.extension().is_some_and(|its| its == "html") {
                // Between the tags stand names of things, or nothing.
                let own: String = strip(&text);
                let words =
                    own.split_whitespace().filter(|word| word.chars().filter(|c| c.is_alphabetic()).count() > 1);
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
        let mut own = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '<']) {
            own.push_str(&rest[..at]);
            own.push(' ');
            let end = match &rest[at..] {
                code if code.starts_with("{{") => "}}",
                code if code.starts_with("{%") => "%}",
                _ => ">",
            };
            let tag = &rest[at..];
            // A tag may hold expressions.
            let mut length = tag.find(end).unwrap() + end.len();
            while end == ">"
                && tag[..length].matches("{{").count() + tag[..length].matches("{%").count()
                    > tag[..length].matches("}}").count() + tag[..length].matches("%}").count()
            {
                length += tag[length..].find('>').unwrap() + 1;
            }
            rest = &tag[length..];
        }
        own + rest
    }

    #[test]
    fn the_language_is_the_first_that_we_speak() {
        for (wanted, language) in [
            ("sv-SE,sv;q=0.9,en;q=0.8", Language::Swedish),
            ("de-DE,en;q=0.8,sv;q=0.1", Language::English),
            ("sv_SE.UTF-8", Language::Swedish),
            ("C.UTF-8", Language::English),
            ("", Language::English),
        ] {
            assert_eq!(Language::choose(wanted), language, "{wanted}");
        }
    }
}
