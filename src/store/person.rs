//! People who sign in to the pages.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::{Conflict, Reader, Resource, Scope, Store, StoreError, Tx};
use crate::clock::Timestamp;

/// The rights of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees one organisation.
    Viewer,
    /// Sees and changes one organisation.
    Admin,
    /// Sees and changes everything.
    Operator,
}

impl Role {
    /// The name as stored and shown.
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

impl TryFrom<String> for Role {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
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

/// A person who signs in.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Person {
    pub id: i64,
    /// The login name, in lower case.
    pub name: String,
    #[sqlx(try_from = "String")]
    pub role: Role,
    /// The organisation of the person; `None`: an operator.
    pub organisation_id: Option<i64>,
    pub organisation: Option<String>,
    /// The hash of the password; `None`: single sign-on only.
    pub password_hash: Option<String>,
    /// The language of the pages: sv or en.
    pub language: String,
    /// The time zone of dates, e.g. Europe/Stockholm.
    pub zone: String,
    pub last_login_at: Option<Timestamp>,
}

/// A person to be added.
#[derive(Debug)]
pub struct NewPerson<'a> {
    /// The login name.
    pub name: &'a str,
    pub role: Role,
    /// The organisation of the person; `None`: an operator.
    pub organisation_id: Option<i64>,
    /// The hash of the password; `None`: single sign-on only.
    pub password_hash: Option<&'a str>,
    /// The language of the pages: sv or en.
    pub language: &'a str,
    /// The time zone of dates.
    pub zone: &'a str,
}

/// Normalises and checks a login name: trimmed and in lower case. A mail address is allowed.
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
    /// The name is invalid, or the role does not fit the organisation.
    pub(super) fn validated_name(&self) -> Result<String, StoreError> {
        let name = person_name(self.name).map_err(|_| Conflict::InvalidPersonName)?;
        if (self.role == Role::Operator) == self.organisation_id.is_some() {
            return Err(Conflict::RoleOrganisationMismatch.into());
        }
        Ok(name)
    }
}

impl Tx<'_> {
    /// # Errors
    /// [`Conflict::PersonExists`], [`Conflict::InvalidPersonName`], [`Conflict::RoleOrganisationMismatch`].
    pub async fn add_person(&mut self, new: &NewPerson<'_>, now: Timestamp) -> Result<(), StoreError> {
        let name = new.validated_name()?;
        let add = self.sql(
            r"-- add a person
            INSERT INTO person (name, role, organisation_id, password_hash, language, zone, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)",
        );
        let added = add
            .bind(&name)
            .bind(new.role.as_str())
            .bind(new.organisation_id)
            .bind(new.password_hash)
            .bind(new.language)
            .bind(new.zone)
            .bind(now)
            .run()
            .await;
        added.map_err(|error| StoreError::on_unique_violation(error, || Conflict::PersonExists(name)))?;
        // The installation now has a person, so the links for setting it up end.
        let links = self.sql(
            r"-- end the links for setting up
            DELETE FROM link WHERE purpose = 'setup' AND used_at IS NULL",
        );
        links.run().await?;
        Ok(())
    }

    /// Sets a password, ends all sessions of the person except the one with key hash `keep`, and forgets all browsers in
    /// which the person has signed in.
    pub async fn set_password(&mut self, person_id: i64, hash: &str, keep: Option<&[u8]>) -> Result<(), StoreError> {
        let set = self.sql(
            r"-- set a person's password
            UPDATE person SET password_hash = $2 WHERE id = $1",
        );
        set.bind(person_id).bind(hash).run().await?;
        let sessions = self.sql(
            r"-- end a person's other sessions
            DELETE FROM session WHERE person_id = $1 AND ($2 IS NULL OR key_hash <> $2)",
        );
        sessions.bind(person_id).bind(keep).run().await?;
        let browsers = self.sql(
            r"-- forget a person's browsers
            DELETE FROM browser WHERE person_id = $1",
        );
        browsers.bind(person_id).run().await?;
        Ok(())
    }

    /// Detaches a person from the identity provider's subject: the next sign-in under the person's name binds a new subject.
    pub async fn forget_subject(&mut self, person_id: i64) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- forget a person's subject
            UPDATE person SET sso_subject = NULL WHERE id = $1",
        );
        statement.bind(person_id).run().await?;
        Ok(())
    }

    /// Removes a person with all sessions, links and tokens, so that the person has no access any more. Returns the
    /// number of revoked tokens.
    ///
    /// # Errors
    /// [`Conflict::LastOperator`]: without this person, nobody could add another operator.
    pub async fn remove_person(&mut self, person: &Person) -> Result<u64, StoreError> {
        let others = self.sql(
            r"-- another operator
            SELECT id FROM person WHERE role = 'operator' AND id <> $1 LIMIT 1",
        );
        let other: Option<i64> = others.bind(person.id).first_value().await?;
        if person.role == Role::Operator && other.is_none() {
            return Err(Conflict::LastOperator(person.name.clone()).into());
        }
        let remove = self.sql(
            r"-- remove a person
            DELETE FROM person WHERE id = $1",
        );
        if remove.bind(person.id).run().await? == 0 {
            return Err(Resource::Person(person.name.clone()).missing());
        }
        let links = self.sql(
            r"-- remove the open links of a person
            DELETE FROM link WHERE created_by = $1 AND used_at IS NULL",
        );
        links.bind(&person.name).run().await?;
        // Links created with these tokens are deleted too.
        let tokens = self.sql(
            r"-- revoke the tokens of a person
            DELETE FROM api_token WHERE created_by = $1",
        );
        Ok(tokens.bind(&person.name).run().await?)
    }
}

impl Reader {
    pub async fn person(&mut self, name: &str) -> Result<Option<Person>, StoreError> {
        let Ok(name) = person_name(name) else { return Ok(None) };
        let statement = self.sql(
            r"-- person by name
            {person} WHERE p.name = $1",
        );
        Ok(statement.bind(name).first().await?)
    }
}

impl Store {
    pub async fn person(&self, name: &str) -> Result<Option<Person>, StoreError> {
        self.read().await?.person(name).await
    }

    /// The person bound to this subject of the identity provider.
    pub async fn person_by_subject(&self, subject: &str) -> Result<Option<Person>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- person by subject
            {person} WHERE p.sso_subject = $1",
        );
        Ok(statement.bind(subject).first().await?)
    }

    /// Binds a subject of the identity provider to a person who has none yet. Returns whether it was bound.
    pub async fn bind_subject(&self, person_id: i64, subject: &str) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- bind a subject to a person
            UPDATE person SET sso_subject = $2 WHERE id = $1 AND sso_subject IS NULL",
        );
        let bound = statement.bind(person_id).bind(subject).run().await? == 1;
        tx.commit().await?;
        Ok(bound)
    }

    /// The people within the scope, by name.
    pub async fn people(&self, scope: Scope) -> Result<Vec<Person>, StoreError> {
        self.people_page(scope, None, i64::MAX).await
    }

    /// A page of the people within the scope, after the one with this name.
    pub async fn people_page(&self, scope: Scope, after: Option<&str>, limit: i64) -> Result<Vec<Person>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- page of people
            {person}
            WHERE ($1 IS NULL OR p.organisation_id = $1) AND ($2 IS NULL OR p.name > $2)
            ORDER BY p.name LIMIT $3",
        );
        Ok(statement.bind(scope.id()).bind(after).bind(limit).all().await?)
    }

    /// Whether any person exists.
    pub async fn has_people(&self) -> Result<bool, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- any person
            SELECT id FROM person LIMIT 1",
        );
        Ok(statement.first_value::<i64>().await?.is_some())
    }

    /// Sets the language and time zone of a person's pages.
    pub async fn set_preferences(&self, person_id: i64, language: &str, zone: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let statement = tx.sql(
            r"-- set a person's language and zone
            UPDATE person SET language = $2, zone = $3 WHERE id = $1",
        );
        statement.bind(person_id).bind(language).bind(zone).run().await?;
        tx.commit().await
    }
}
