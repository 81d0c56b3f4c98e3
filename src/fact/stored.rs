//! Facts in the database: as JSON, or as an English sentence that an earlier version stored, which is shown unchanged.

use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};
use sqlx::{Database, Decode, Type};

use super::Fact;
use crate::locale::Language;

/// A fact from the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredFact<T> {
    Known(T),
    /// A sentence of an earlier version.
    Words(String),
}

/// The JSON of a fact, as stored in the database.
pub fn to_json(fact: &impl Serialize) -> String {
    serde_json::to_string(fact).unwrap_or_default()
}

impl<T: DeserializeOwned> StoredFact<T> {
    /// Reads a column. Text that is not the JSON of a fact is a sentence of an earlier version.
    pub fn read(stored: String) -> Self {
        serde_json::from_str(&stored).map_or(Self::Words(stored), Self::Known)
    }
}

impl<T> StoredFact<T> {
    /// Converts the fact; leaves a sentence of an earlier version unchanged.
    #[must_use]
    pub fn map(self, convert: impl FnOnce(T) -> T) -> Self {
        match self {
            Self::Known(fact) => Self::Known(convert(fact)),
            words @ Self::Words(_) => words,
        }
    }
}

impl<T: Fact> StoredFact<T> {
    /// The text as worded for a terminal and the API.
    pub fn words(&self, language: Language) -> String {
        match self {
            Self::Known(fact) => fact.words(language),
            Self::Words(words) => words.clone(),
        }
    }

    /// The text as worded for a page.
    pub fn on_page(&self, language: Language) -> String {
        match self {
            Self::Known(fact) => fact.on_page(language),
            Self::Words(words) => words.clone(),
        }
    }
}

impl<T: Fact> StoredFact<Vec<T>> {
    /// The text of each fact, as returned by `words`; the lines of a sentence of an earlier version.
    pub fn each(&self, words: impl Fn(&T) -> String) -> Vec<String> {
        match self {
            Self::Known(facts) => facts.iter().map(words).collect(),
            Self::Words(lines) => lines.lines().map(str::to_owned).collect(),
        }
    }
}

/// Serializes a fact as its English text, for JSON output.
pub fn in_english<T: Fact, S: Serializer>(fact: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&fact.words(Language::English))
}

/// Serializes an optional fact as its English text, for JSON output.
pub fn maybe_in_english<T: Fact, S: Serializer>(fact: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    fact.as_ref().map(|fact| fact.words(Language::English)).serialize(serializer)
}

impl<T: Fact> Serialize for StoredFact<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.words(Language::English))
    }
}

impl<DB: Database, T> Type<DB> for StoredFact<T>
where
    String: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        <String as Type<DB>>::type_info()
    }

    fn compatible(column: &DB::TypeInfo) -> bool {
        <String as Type<DB>>::compatible(column)
    }
}

impl<'r, DB: Database, T: DeserializeOwned> Decode<'r, DB> for StoredFact<T>
where
    String: Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
        Ok(Self::read(<String as Decode<'r, DB>>::decode(value)?))
    }
}
