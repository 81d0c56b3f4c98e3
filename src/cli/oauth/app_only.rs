//! `mailferry oauth app-only`: the PowerShell commands for an Exchange administrator, with the ids filled in. The object id
//! is the one of the enterprise application, not of the app registration; the application's own token has it as claim `oid`.

use std::process::ExitCode;

use secrecy::ExposeSecret;
use serde_json::json;

use super::super::Failure;
use super::super::output::Output;
use crate::address::Address;
use crate::cause::{Cause, Trouble};
use crate::locale::Language;
use crate::oauth::{Claims, Provider, TokenEndpoint, grant};
use crate::poll::Deps;
use crate::powershell::literal;
use crate::store::{GrantKey, GrantKind, Login};

#[derive(clap::Args)]
pub struct Args {
    /// Mailboxes to give access to [default: all that were added with --app-only]
    addresses: Vec<Address>,
    /// Name of the provider in the configuration
    #[arg(long, value_name = "NAME", default_value = "microsoft")]
    provider: String,
}

/// Placeholder of an object id that could not be determined.
const UNKNOWN_ID: &str = "OBJECT-ID-OF-THE-ENTERPRISE-APPLICATION";

/// A tenant and the mailboxes in it.
struct Tenant {
    name: String,
    mailboxes: Vec<String>,
}

/// Prints the commands, one block for each tenant.
pub async fn print(args: &Args, deps: &Deps, output: Output, language: Language) -> Result<ExitCode, Failure> {
    let provider = Provider::named(&deps.oauth, &args.provider);
    let provider = provider.map_err(|trouble| Failure::usage(trouble.in_full(language)))?;
    let tenants = tenants(args, &provider, deps).await?;
    if tenants.is_empty() {
        return Err(Failure::usage(format!(
            "no mailbox of {} was added with --app-only; name the mailboxes: mailferry oauth app-only ADDRESS…",
            args.provider
        )));
    }
    let mut all_known = true;
    for tenant in tenants {
        let (object_id, trouble) = match object_id(args, &tenant, deps).await {
            Ok(id) => (id, None),
            Err(trouble) => (UNKNOWN_ID.to_owned(), Some(trouble)),
        };
        all_known &= trouble.is_none();
        let commands = exchange_commands(&provider.app.client_id, &object_id, &tenant);
        let line = json!({
            "provider": args.provider, "tenant": tenant.name, "client_id": provider.app.client_id,
            "object_id": (object_id != UNKNOWN_ID).then_some(&object_id), "mailboxes": tenant.mailboxes,
            "powershell": commands,
            "cause": trouble.as_ref().map(|trouble| trouble.cause),
            "problem": trouble.as_ref().map(|trouble| trouble.sentence(language)),
            "remedy": trouble.as_ref().map(|trouble| trouble.remedy(language)),
        });
        output.object(&line, || {
            let mut text = vec![format!("# In Exchange Online PowerShell, as an administrator of {}:", tenant.name)];
            text.extend(trouble.iter().map(|trouble| {
                let remedy = provider.trouble(Cause::NoObjectId).remedy(language);
                format!("# {}\n# {remedy}", trouble.sentence(language))
            }));
            text.extend(commands);
            text.join("\n")
        })?;
    }
    Ok(if all_known { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn tenants(args: &Args, provider: &Provider<'_>, deps: &Deps) -> Result<Vec<Tenant>, Failure> {
    let mut tenants = Vec::<Tenant>::new();
    let mut add = |name: String, mailbox: String| match tenants.iter_mut().find(|tenant| tenant.name == name) {
        Some(tenant) => tenant.mailboxes.push(mailbox),
        None => tenants.push(Tenant { name, mailboxes: vec![mailbox] }),
    };
    for address in &args.addresses {
        add(provider.tenant_for(address), address.to_string());
    }
    if args.addresses.is_empty() {
        for mailbox in deps.store.mailboxes().await? {
            if let Login::OAuth { key, .. } = mailbox.login
                && key.kind == GrantKind::AppOnly
                && key.provider == args.provider
            {
                add(key.identity, mailbox.username);
            }
        }
    }
    Ok(tenants)
}

async fn object_id(args: &Args, tenant: &Tenant, deps: &Deps) -> Result<String, Trouble> {
    let deps = deps.tokens();
    let key = GrantKey { provider: args.provider.clone(), kind: GrantKind::AppOnly, identity: tenant.name.clone() };
    let provider = Provider::for_grant(&deps.config, &key)?;
    let http = grant::http(&provider, &deps);
    let endpoint = TokenEndpoint { provider: &provider, http: &http };
    let tokens = endpoint.app_only().await.map_err(|error| {
        error
            .trouble
            .with_arg("kind", "app-only")
            .with_arg("mailbox", tenant.mailboxes.first().cloned().unwrap_or_default())
    })?;
    let claims = Claims::read(tokens.access.expose_secret()).unwrap_or_default();
    // The id goes into a command that a person runs: accept nothing but the characters of an id.
    let id = claims.oid.filter(|id| !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
    id.ok_or_else(|| provider.trouble(Cause::NoObjectId))
}

/// The PowerShell commands that give the application access to the mailboxes of a tenant.
fn exchange_commands(client_id: &str, object_id: &str, tenant: &Tenant) -> Vec<String> {
    let mut commands = vec![
        "Install-Module -Name ExchangeOnlineManagement".to_owned(),
        format!("Connect-ExchangeOnline -Organization {}", literal(&tenant.name)),
        format!(
            "New-ServicePrincipal -AppId {} -ObjectId {} -DisplayName 'Mailferry'",
            literal(client_id),
            literal(object_id)
        ),
    ];
    commands.extend(tenant.mailboxes.iter().map(|mailbox| {
        format!(
            "Add-MailboxPermission -Identity {} -User {} -AccessRights FullAccess",
            literal(mailbox),
            literal(object_id)
        )
    }));
    commands
}
