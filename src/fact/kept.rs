//! Facts as they are kept: as JSON, or in the words of a version before this one, which are shown as they stand.

use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};
use sqlx::{Database, Decode, Type};

use super::Fact;
use crate::locale::Language;

/// A fact that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept<T> {
    /// As data.
    Known(T),
    /// In the words of an earlier version.
    Words(String),
}

/// A fact as it is kept.
pub fn to_json(fact: &impl Serialize) -> String {
    serde_json::to_string(fact).unwrap_or_default()
}

impl<T: DeserializeOwned> Kept<T> {
    /// From its column.
    pub fn read(stored: String) -> Self {
        serde_json::from_str(&stored).map_or(Self::Words(stored), Self::Known)
    }
}

impl<T: Fact> Kept<T> {
    /// In words.
    pub fn words(&self, language: Language) -> String {
        match self {
            Self::Known(fact) => fact.words(language),
            Self::Words(words) => words.clone(),
        }
    }

    /// In the words of a page.
    pub fn on_page(&self, language: Language) -> String {
        match self {
            Self::Known(fact) => fact.on_page(language),
            Self::Words(words) => words.clone(),
        }
    }
}

impl<T: Fact> Kept<Vec<T>> {
    /// Each in words.
    pub fn each(&self, words: impl Fn(&T) -> String) -> Vec<String> {
        match self {
            Self::Known(facts) => facts.iter().map(words).collect(),
            Self::Words(lines) => lines.lines().map(str::to_owned).collect(),
        }
    }
}

/// In JSON that is shown, a fact is its English sentence.
pub fn in_english<T: Fact, S: Serializer>(fact: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&fact.words(Language::English))
}

/// The same of one that there may be.
pub fn maybe_in_english<T: Fact, S: Serializer>(fact: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    fact.as_ref().map(|fact| fact.words(Language::English)).serialize(serializer)
}

impl<T: Fact> Serialize for Kept<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.words(Language::English))
    }
}

impl<DB: Database, T> Type<DB> for Kept<T>
where
    String: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        <String as Type<DB>>::type_info()
    }

    fn compatible(its: &DB::TypeInfo) -> bool {
        <String as Type<DB>>::compatible(its)
    }
}

impl<'r, DB: Database, T: DeserializeOwned> Decode<'r, DB> for Kept<T>
where
    String: Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
        Ok(Self::read(<String as Decode<'r, DB>>::decode(value)?))
    }
}
