//! `mailferry mailbox folders` and `mailferry mailbox effects`: the choices that the server offers. No folder is opened read-write.

use super::{Context, Failure};
use crate::address::Address;
use crate::app::mailboxes::inspect;
use crate::fact::Fact;
use crate::locale::Language;
use crate::poll::capabilities::Ability;
use crate::poll::folders::FolderOffer;
use crate::shown::shown;

pub async fn list(address: &Address, context: &Context) -> Result<(), Failure> {
    let mailbox = context.store.mailbox(address).await?;
    let offers = inspect::folders(context.servers().await?.inspector(context), &mailbox).await?;
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

pub async fn effects(address: &Address, folder: Option<String>, context: &Context) -> Result<(), Failure> {
    let mailbox = context.store.mailbox(address).await?;
    let abilities = inspect::effects(context.servers().await?.inspector(context), &mailbox, folder).await?;
    let cells = |ability: &Ability| {
        let possible = match (ability.possible, ability.certain) {
            (true, true) => "yes",
            (true, false) => "perhaps",
            (false, _) => "no",
        };
        vec![ability.effect.to_owned(), possible.to_owned(), shown(&ability.detail.words(Language::English))]
    };
    context.output.rows(&abilities, &["AFTER IMPORT", "POSSIBLE", "HOW, OR WHY NOT"], cells, "")?;
    Ok(())
}
