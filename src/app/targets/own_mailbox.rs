//! Recognises a recipient that is a polled mailbox under another name: the server knows the mailbox by a login name without a domain.

use std::time::Duration;

use tokio::time::timeout;

use crate::app::{Acting, Error};
use crate::deliver;
use crate::egress::Egress;
use crate::fact::Conflict;
use crate::store::{Inbox, TargetSettings, is_host_of};
use crate::target::TargetKind;

/// Time limit for all name servers, since a person is waiting.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// Fails if a mailbox of the organisation has the recipient's local part as its login name and is on a mail server of the
/// recipient's domain. If name servers do not answer, only the names of the servers are compared.
///
/// # Errors
/// [`Conflict::TargetIsPolled`].
pub async fn check(acting: Acting<'_>, settings: &TargetSettings, inbox: &Inbox, egress: &Egress) -> Result<(), Error> {
    let recipient = settings.recipient.as_deref().unwrap_or(&inbox.address);
    let Some((name, domain)) = recipient.rsplit_once('@').filter(|_| settings.kind() != TargetKind::Webhook) else {
        return Ok(());
    };
    let hosts = acting.store.read().await?.hosts_with_login(inbox.organisation_id, name).await?;
    let is_named_so = hosts.iter().any(|host| is_host_of(host, domain));
    if is_named_so || timeout(TIME_LIMIT, is_mail_server(&hosts, domain, egress)).await.unwrap_or(false) {
        return Err(Conflict::TargetIsPolled { address: recipient.to_owned() }.into());
    }
    Ok(())
}

/// Whether one of these hosts is a mail server of a domain, by its name or by an address. Only addresses that `egress`
/// permits are compared, so that the result reveals nothing about other addresses.
async fn is_mail_server(hosts: &[String], domain: &str, egress: &Egress) -> bool {
    if hosts.is_empty() {
        return false;
    }
    let (names, addresses) = deliver::mail_servers(domain, egress).await;
    for host in hosts {
        let is_named = names.iter().any(|name| name.eq_ignore_ascii_case(host));
        if is_named || egress.permitted_addresses(host).await.iter().any(|address| addresses.contains(address)) {
            return true;
        }
    }
    false
}
