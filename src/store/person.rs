//! People who sign in to the page.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::db::{read, write};
use super::{Scope, Store, StoreError};
use crate::clock::Timestamp;

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees one organisation.
    Viewer,
    /// Sees and changes one organisation.
    Admin,
    /// Everything.
    Operator,
}

impl Role {
    /// As stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Admin => "admin",
            Self::Operator => "operator",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Viewer, Self::Admin, Self::Operator]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| format!("{text:?} is not one of operator, admin, viewer"))
    }
}

/// Somebody who signs in.
#[derive(Debug, Clone)]
pub struct Person {
    /// The row.
    pub id: i64,
    /// The name to sign in with, in lower case.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Where they belong; `None`: an operator.
    pub organisation_id: Option<i64>,
    /// That organisation's name.
    pub organisation: Option<String>,
    /// The password, hashed.
    pub password_hash: Option<String>,
    /// The language of their pages: sv or en.
    pub language: String,
    /// The zone of their dates, e.g. Europe/Stockholm.
    pub zone: String,
    /// When they last signed in.
    pub last_login_at: Option<Timestamp>,
}

/// What a new person is made of.
#[derive(Debug)]
pub struct NewPerson<'a> {
    /// The name to sign in with.
    pub name: &'a str,
    /// What they may do.
    pub role: Role,
    /// Where they belong; nowhere for an operator.
    pub organisation_id: Option<i64>,
    /// The password, hashed; `None`: single sign-on only.
    pub password_hash: Option<&'a str>,
    /// sv or en.
    pub language: &'a str,
    /// The zone of dates.
    pub zone: &'a str,
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: i64,
    name: String,
    role: String,
    organisation_id: Option<i64>,
    organisation: Option<String>,
    password_hash: Option<String>,
    language: String,
    zone: String,
    last_login_at: Option<i64>,
}

impl Row {
    pub(super) fn into_person(self) -> Result<Person, StoreError> {
        Ok(Person {
            id: self.id,
            name: self.name,
            role: self.role.parse().map_err(StoreError::Unknown)?,
            organisation_id: self.organisation_id,
            organisation: self.organisation,
            password_hash: self.password_hash,
            language: self.language,
            zone: self.zone,
            last_login_at: self.last_login_at.map(Timestamp),
        })
    }
}

/// The columns of [`Row`] with the rest of the statement behind them.
macro_rules! select_people {
    ($rest:literal) => {
        concat!(
            "SELECT p.id, p.name, p.role, p.organisation_id, o.name AS organisation, p.password_hash, p.language, p.zone, \
             p.last_login_at FROM person p LEFT JOIN organisation o ON o.id = p.organisation_id ",
            $rest
        )
    };
}
pub(super) use select_people;

/// A name to sign in with: what people type, in lower case; a mail address is one too.
pub fn person_name(text: &str) -> Result<String, String> {
    let name = text.trim().to_lowercase();
    let fits = |c: char| !c.is_control() && !c.is_whitespace() && !"<>\"'&/\\".contains(c);
    match (1..=100).contains(&name.chars().count()) && name.chars().all(fits) {
        true => Ok(name),
        false => Err("a name has 1 to 100 characters, without blanks, quotes and < > & / \\".to_owned()),
    }
}

impl NewPerson<'_> {
    /// The name as it is stored.
    ///
    /// # Errors
    /// The name or the role cannot be.
    pub(super) fn checked(&self) -> Result<String, StoreError> {
        let name = person_name(self.name).map_err(StoreError::Conflict)?;
        if (self.role == Role::Operator) == self.organisation_id.is_some() {
            return Err(StoreError::Conflict(
                "an operator belongs to no organisation, and everybody else to one".to_owned(),
            ));
        }
        Ok(name)
    }
}

/// In a transaction: adds somebody under a name that was checked.
macro_rules! insert_person {
    ($tx:ident, $new:expr, $name:expr, $now:expr) => {
        sqlx::query(
            "INSERT INTO person (name, role, organisation_id, password_hash, language, zone, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&$name)
        .bind($new.role.as_str())
        .bind($new.organisation_id)
        .bind($new.password_hash)
        .bind($new.language)
        .bind($new.zone)
        .bind($now.0)
        .execute(&mut *$tx)
        .await
        .map_err(|error| StoreError::taken(error, || format!("there is a user {} already", $name)))?;
        // The installation is set up, by whichever way.
        sqlx::query("DELETE FROM link WHERE purpose = 'setup' AND used_at IS NULL").execute(&mut *$tx).await?;
    };
}
pub(super) use insert_person;

impl Store {
    /// Adds somebody.
    pub async fn add_person(&self, new: &NewPerson<'_>, now: Timestamp) -> Result<(), StoreError> {
        let name = new.checked()?;
        write!(self, tx => {
            insert_person!(tx, new, name, now);
        });
        Ok(())
    }

    /// Somebody by name.
    pub async fn person(&self, name: &str) -> Result<Option<Person>, StoreError> {
        let Ok(name) = person_name(name) else { return Ok(None) };
        let row: Option<Row> = read!(self, pool =>
            sqlx::query_as(select_people!("WHERE p.name = $1")).bind(name).fetch_optional(pool).await)?;
        row.map(Row::into_person).transpose()
    }

    /// Whom an identity provider's subject stands for here.
    pub async fn person_by_subject(&self, subject: &str) -> Result<Option<Person>, StoreError> {
        let row: Option<Row> = read!(self, pool =>
            sqlx::query_as(select_people!("WHERE p.sso_subject = $1")).bind(subject).fetch_optional(pool).await)?;
        row.map(Row::into_person).transpose()
    }

    /// Has an identity provider's subject stand for somebody from now on, if none does yet. Tells whether it does.
    pub async fn bind_subject(&self, person_id: i64, subject: &str) -> Result<bool, StoreError> {
        Ok(write!(self, tx => {
            sqlx::query("UPDATE person SET sso_subject = $2 WHERE id = $1 AND sso_subject IS NULL")
                .bind(person_id).bind(subject).execute(&mut *tx).await?.rows_affected() == 1
        }))
    }

    /// Has nobody's subject at the identity provider stand for somebody any more: the next who signs in by their name binds it anew.
    pub async fn forget_subject(&self, person_id: i64) -> Result<(), StoreError> {
        write!(self, tx => {
            sqlx::query("UPDATE person SET sso_subject = NULL WHERE id = $1").bind(person_id).execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// Everybody whom this scope holds, by name.
    pub async fn people(&self, scope: Scope) -> Result<Vec<Person>, StoreError> {
        let rows: Vec<Row> = read!(self, pool => sqlx::query_as(
            select_people!("WHERE ($1 IS NULL OR p.organisation_id = $1) ORDER BY p.name")
        ).bind(scope.id()).fetch_all(pool).await)?;
        rows.into_iter().map(Row::into_person).collect()
    }

    /// A page of those whom this scope holds, behind one of this name.
    pub async fn people_page(&self, scope: Scope, after: Option<&str>, limit: i64) -> Result<Vec<Person>, StoreError> {
        let rows: Vec<Row> = read!(self, pool => sqlx::query_as(select_people!(
            "WHERE ($1 IS NULL OR p.organisation_id = $1) AND ($2 IS NULL OR p.name > $2) ORDER BY p.name LIMIT $3"
        )).bind(scope.id()).bind(after).bind(limit).fetch_all(pool).await)?;
        rows.into_iter().map(Row::into_person).collect()
    }

    /// Whether there is anybody yet.
    pub async fn has_people(&self) -> Result<bool, StoreError> {
        let one: Option<i64> =
            read!(self, pool => sqlx::query_scalar("SELECT id FROM person LIMIT 1").fetch_optional(pool).await)?;
        Ok(one.is_some())
    }

    /// Sets a password, and ends every session that was begun with the old one but the one with this key.
    pub async fn set_password(&self, person_id: i64, hash: &str, keep: Option<&[u8]>) -> Result<(), StoreError> {
        write!(self, tx => {
            sqlx::query("UPDATE person SET password_hash = $2 WHERE id = $1")
                .bind(person_id).bind(hash).execute(&mut *tx).await?;
            sqlx::query("DELETE FROM session WHERE person_id = $1 AND ($2 IS NULL OR key_hash <> $2)")
                .bind(person_id).bind(keep).execute(&mut *tx).await?;
            sqlx::query("DELETE FROM browser WHERE person_id = $1").bind(person_id).execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// Sets the language and the zone of somebody's pages.
    pub async fn set_taste(&self, person_id: i64, language: &str, zone: &str) -> Result<(), StoreError> {
        write!(self, tx => {
            sqlx::query("UPDATE person SET language = $2, zone = $3 WHERE id = $1")
                .bind(person_id).bind(language).bind(zone).execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// Removes somebody with all sessions, and with the links and tokens that they have made: whoever goes keeps no way in. The last
    /// operator stays: nobody could add another. Returns how many tokens were taken back.
    pub async fn remove_person(&self, person: &Person) -> Result<u64, StoreError> {
        Ok(write!(self, tx => {
            let others: Option<i64> = sqlx::query_scalar("SELECT id FROM person WHERE role = 'operator' AND id <> $1 LIMIT 1")
                .bind(person.id).fetch_optional(&mut *tx).await?;
            if person.role == Role::Operator && others.is_none() {
                let what = format!("{} is the last operator; add another first", person.name);
                return Err(StoreError::Conflict(what));
            }
            sqlx::query("DELETE FROM person WHERE id = $1").bind(person.id).execute(&mut *tx).await?;
            sqlx::query("DELETE FROM link WHERE created_by = $1 AND used_at IS NULL").bind(&person.name).execute(&mut *tx).await?;
            // Links made by these tokens go with them.
            sqlx::query("DELETE FROM api_token WHERE created_by = $1").bind(&person.name).execute(&mut *tx).await?.rows_affected()
        }))
    }
}
