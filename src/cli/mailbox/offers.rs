//! `mailferry mailbox folders` and `mailferry mailbox effects`: what may be chosen, told without opening a folder for changes.

use super::{Context, Failure};
use crate::address::Address;
use crate::fact::Fact;
use crate::locale::Language;
use crate::poll::PollError;
use crate::poll::capabilities::{Ability, abilities};
use crate::poll::folders::{FolderOffer, folders};
use crate::shown::shown;

pub async fn list(address: &Address, context: &Context) -> Result<(), Failure> {
    let mailbox = context.store.mailbox(address).await?;
    let offers = folders(&mailbox, &context.deps().await?).await.map_err(failed)?;
    let cells = |offer: &FolderOffer| {
        let special = offer.special_use.map(|special| format!("{special:?}"));
        vec![
            shown(&offer.name),
            offer.messages.map_or_else(|| "-".to_owned(), |count| count.to_string()),
            special.unwrap_or_else(|| "-".to_owned()),
            if offer.selectable { "yes" } else { "no" }.to_owned(),
        ]
    };
    context.output.rows(&offers, &["FOLDER", "MAILS", "FOR", "CAN BE POLLED"], cells, "No folders.")?;
    Ok(())
}

pub async fn effects(address: &Address, folder: Option<&str>, context: &Context) -> Result<(), Failure> {
    let mailbox = context.store.mailbox(address).await?;
    let folder = folder.or(mailbox.folders.first().map(String::as_str)).unwrap_or("INBOX");
    let told = abilities(&mailbox, &context.deps().await?, folder).await.map_err(failed)?;
    let cells = |ability: &Ability| {
        let possible = match (ability.possible, ability.certain) {
            (true, true) => "yes",
            (true, false) => "perhaps",
            (false, _) => "no",
        };
        vec![ability.effect.to_owned(), possible.to_owned(), shown(&ability.detail.words(Language::English))]
    };
    context.output.rows(&told, &["AFTER IMPORT", "POSSIBLE", "HOW, OR WHY NOT"], cells, "")?;
    Ok(())
}

fn failed(error: PollError) -> Failure {
    Failure::failed(format!("{}: {}", error.step.name(), error.in_words()))
}
