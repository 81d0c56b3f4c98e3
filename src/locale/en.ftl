# One message for each cause (src/cause.rs): one sentence that says what is wrong, and the click or command that fixes it (.remedy).
# Arguments: mailbox is Mailferry's name of a mailbox, target the mail server's; family says which provider's portal applies;
# arguments that begin with ps_ are quoted for PowerShell.

app-not-registered = No application is registered for the provider { $provider }; registered are: { $known }.
    .remedy = Set oauth.providers.{ $provider }.client_id and its secret in the configuration. docs/office365.md and docs/google.md say how to register an application.
app-secret-unreadable = The file with the application's secret, { $file }, cannot be read.
    .remedy = Make sure that { $file } exists and that the user who runs Mailferry can read it.
app-secret-expired = The secret of the application { $client_id } has expired, so no mailbox of { $provider } gets a token.
    .remedy = { $family ->
        [microsoft] Microsoft Entra admin center > Entra ID > App registrations > your application > Certificates & secrets > Client secrets > New client secret; copy its Value into the configuration. Nobody has to consent again.
        [google] Google Auth Platform > Clients > your client > Add secret; put the new secret into the configuration. No new consent is needed.
       *[other] Create a new secret in the portal of { $provider } and put it into the configuration. No new consent is needed.
    }
app-secret-wrong = { $provider } does not accept the secret of the application { $client_id }.
    .remedy = { $family ->
        [microsoft] Copy the Value, not the Secret ID, from Microsoft Entra admin center > Entra ID > App registrations > your application > Certificates & secrets > Client secrets.
        [google] Copy the secret of your client from Google Auth Platform > Clients into the configuration; it is shown only when it is created.
       *[other] Compare the client id and the secret in the configuration with those in the portal of { $provider }.
    }
app-gone = The application { $client_id } was deleted or switched off at { $provider }, or never existed there.
    .remedy = { $family ->
        [google] Google Auth Platform > Clients: compare the Client ID, or restore the client within 30 days; a new client needs a new consent for every mailbox.
       *[other] Look for the application in the portal of { $provider }.
    }

app-unknown = { $tenant } does not know the application { $client_id } of { $provider }.
    .remedy = { $family ->
        [microsoft] Compare client_id and tenant with Application (client) ID and Directory (tenant) ID in the portal. In a customer's organisation, the administrator must first consent to the application: https://login.microsoftonline.com/{ $tenant }/adminconsent?client_id={ $client_id }
       *[other] Compare oauth.providers.{ $provider }.client_id with the id that the portal shows.
    }
app-disabled = The application { $client_id } is switched off in { $tenant }.
    .remedy = Microsoft Entra admin center > Entra ID > Enterprise apps > the application > Properties > Enabled for users to sign-in? > Yes.
app-tenant-unknown = { $provider } does not know the tenant { $tenant }, or the application is registered for its own tenant only.
    .remedy = Set oauth.providers.{ $provider }.tenant to the Directory (tenant) ID from the portal{ do-by-tenant }
app-public-client-off = The application { $client_id } may not use device codes, or its secret is missing from the configuration.
    .remedy = Microsoft Entra admin center > Entra ID > App registrations > your application > Authentication > Settings > Allow public client flows > Yes; or put the secret into the configuration.
app-secret-not-allowed = The redirect URI of the application { $client_id } is registered for a desktop application, which must not have a secret.
    .remedy = Microsoft Entra admin center > Entra ID > App registrations > your application > Authentication > Redirect URI configuration: register http://localhost/oauth/callback under Web, or take the secret out of the configuration.
app-redirect-mismatch = The redirect URI is not registered for the application { $client_id }.
    .remedy = { $family ->
        [microsoft] Microsoft Entra admin center > Entra ID > App registrations > your application > Authentication > Redirect URI configuration > Add Redirect URI > Web: http://localhost/oauth/callback
        [google] Google Auth Platform > Clients: create a client of the type Desktop app, which needs no redirect URI.
       *[other] Register http://localhost/oauth/callback in the portal of { $provider }; if it requires a fixed port, set oauth.loopback_port.
    }
app-scope-refused = The application { $client_id } is not allowed to ask { $provider } for permission to read mail.
    .remedy = { $family ->
        [microsoft] Microsoft Entra admin center > Entra ID > App registrations > your application > API permissions > Add a permission: Microsoft Graph > Delegated permissions > IMAP.AccessAsUser.All, or for app-only APIs my organization uses > Office 365 Exchange Online > Application permissions > IMAP.AccessAsApp; then Grant admin consent.
        [google] Google Auth Platform > Data Access > Add or remove scopes: https://mail.google.com/
       *[other] Grant the application the permission in the portal of { $provider }, or change oauth.providers.{ $provider }.scopes.
    }
app-flow-not-allowed = { $provider } does not issue tokens to the application { $client_id } in this way.
    .remedy = { $family ->
        [microsoft] Microsoft Entra admin center > Entra ID > App registrations > your application > Authentication > Redirect URI configuration: register http://localhost/oauth/callback under Web and not under Single-page application.
       *[other] Check the type of the application in the portal of { $provider }; a consent that was given to another application must be given again{ do-by-connect }
    }
app-no-device-codes = { $provider } does not support device codes.
    .remedy = Leave out --device{ do-by-connect }
app-refused = { $provider } refuses the application { $client_id }.
    .remedy = { $family ->
        [microsoft] Look the code up at https://login.microsoftonline.com/error and compare the application's settings.
       *[other] Compare the application's settings in the portal of { $provider }.
    }
app-no-object-id = The token of { $provider } does not name the application's object id.
    .remedy = Copy the application's object id from Microsoft Entra admin center > Entra ID > Enterprise apps > your application > Overview > Object ID (not from App registrations).
admin-access-blocked = A policy of the organisation blocks this application.
    .remedy = { $family ->
        [microsoft] Ask an administrator to find the policy at Microsoft Entra admin center > Entra ID > Monitoring & health > Sign-in logs > the entry > Conditional Access and to allow the application. Mailferry tries again within the hour{ do-by-check }
        [google] Ask an administrator to open Google Admin console > Security > Access and data control > API controls > Manage Third-Party App Access and to make the application Trusted. Mailferry tries again within the hour{ do-by-check }
       *[other] Ask an administrator to allow the application at { $provider }. Mailferry tries again within the hour{ do-by-check }
    }
admin-account-disabled = The account is disabled, locked, or does not exist.
    .remedy = { $family ->
        [microsoft] Ask an administrator to check Microsoft Entra admin center > Entra ID > Users > the account > Account enabled. Mailferry tries again within the hour{ do-by-check }
       *[other] Ask an administrator to check the account. Mailferry tries again within the hour{ do-by-check }
    }
admin-not-assigned = The account is not assigned to the application.
    .remedy = Microsoft Entra admin center > Entra ID > Enterprise apps > the application > Users and groups > Add user/group. Mailferry tries again within the hour{ do-by-check }
admin-other-tenant = The account belongs to a different organisation from the one that the sign-in was addressed to.
    .remedy = Choose the account of the right organisation, or set oauth.providers.{ $provider }.tenant to "organizations"; { do-and-connect }
admin-no-mail-service = The organisation has no Exchange Online, or its subscription has ended.
    .remedy = Ask an administrator to check Microsoft 365 admin center > Billing > Your products. Mailferry tries again within the hour{ do-by-check }

consent-missing = { $identity } has not consented yet.
    .remedy = { do-run-connect }
consent-other-login-name = { $identity } has not consented to { $target } being read: the consent was given for another login name.
    .remedy = { do-run-connect }
consent-admin-needed = The application { $client_id } has no consent, or an administrator must consent first.
    .remedy = { $kind ->
        [app-only] The administrator consents at https://login.microsoftonline.com/{ $tenant }/adminconsent?client_id={ $client_id }. Mailferry tries again within the hour{ do-by-check }
       *[delegated] { do-run-connect }. Where people may not give consent themselves, an administrator must do so first: Microsoft Entra admin center > Entra ID > Enterprise apps > the application > Permissions > Grant admin consent, or https://login.microsoftonline.com/{ $tenant }/adminconsent?client_id={ $client_id }
    }
consent-inactive = The consent has ended, because it was not used for too long.
    .remedy = { do-run-connect }
consent-sign-in-frequency = The organisation requires people to sign in again after a certain time, which ends the consent each time.
    .remedy = { $family ->
        [microsoft] { do-run-connect }. To make the consent last, ask an administrator to exclude the application: Microsoft Entra admin center > Entra ID > Conditional Access > Policies > the policy > Session > Sign-in frequency.
        [google] { do-run-connect }. To make the consent last, ask an administrator to open Google Admin console > Security > Access and data control > Google Cloud session control > Exempt trusted apps, and to make the application Trusted under API controls.
       *[other] { do-run-connect }
    }
consent-password-changed = The consent has ended, because the account's password was changed or has expired.
    .remedy = { do-run-connect }
consent-ended = The consent was withdrawn or has ended.
    .remedy = { do-run-connect }
consent-google-testing = The consent has ended: Google ends consents after seven days while an application's publishing status is Testing.
    .remedy = Google Auth Platform > Audience > Publish app (or User type Internal); { do-and-connect }
consent-mfa-needed = { $provider } requires the person to sign in again or to verify their identity, for example with a code on their phone.
    .remedy = { do-run-connect }
consent-wrong-account = { $found } consented, but { $wanted } should have.
    .remedy = Choose { $wanted } in the browser (in a private window if necessary). If { $found } is a member of the shared mailbox, or the login name of { $wanted }, enter it{ do-by-identity }
consent-no-identity = { $provider } does not say who has consented.
    .remedy = Add "openid", "profile" and "email" to oauth.providers.{ $provider }.scopes.
consent-scope-missing = The consent does not include { $scope }.
    .remedy = Consent again and leave every box ticked{ do-by-connect }
consent-no-refresh-token = { $provider } gave no refresh token, so the consent would end within the hour.
    .remedy = { $family ->
        [google] Set access_type = "offline" and prompt = "consent" in oauth.providers.{ $provider }.authorize_params.
       *[other] Add "offline_access" to oauth.providers.{ $provider }.scopes.
    }
consent-wrong-issuer = The response does not come from { $provider } but from { $issuer }, so it was refused.
    .remedy = Start again. If it happens again, compare oauth.providers.{ $provider }.issuer with the issuer that the provider publishes.
consent-wrong-state = The response that the browser brought back does not belong to this attempt, so it was refused.
    .remedy = Start again, and open the new link only once.
consent-denied = The consent was refused in the browser.
    .remedy = { $family ->
        [google] Start again and accept. Google refuses by itself while the application is in Testing and the account is not a test user: Google Auth Platform > Audience > Test users > Add users.
       *[other] Start again and accept{ do-by-connect }
    }
consent-timed-out = The consent was not given in time.
    .remedy = Start again{ do-by-connect }

provider-busy = { $provider } asked Mailferry to try again later.
    .remedy = Nothing to do: Mailferry tries again automatically.
provider-down = { $provider } has an internal problem.
    .remedy = Nothing to do: Mailferry tries again automatically.
provider-unreachable = { $provider } cannot be reached.
    .remedy = Make sure that this machine can reach it over HTTPS; Mailferry tries again automatically.
provider-slow = { $provider } did not answer in time.
    .remedy = Nothing to do: Mailferry tries again automatically.
provider-not-json = { $provider } answered with something other than a token.
    .remedy = Make sure that oauth.providers.{ $provider }.token_url is right and that no proxy answers in its place; Mailferry tries again automatically.
provider-redirected = { $provider } redirects the request to another address, to which Mailferry never sends secrets.
    .remedy = Make sure that oauth.providers.{ $provider }.token_url is right; Mailferry tries again automatically.
provider-too-large = { $provider } answered with more than a megabyte.
    .remedy = Make sure that oauth.providers.{ $provider }.token_url is right; Mailferry tries again automatically.
provider-waiting = Another process is renewing the token of { $provider }, and it is taking a long time.
    .remedy = Nothing to do: Mailferry tries again automatically.
server-unwell = The mail server refused the login, and accepted it when Mailferry tried again.
    .remedy = Nothing to do, unless it happens often: then use fewer connections at once (schedule.per_host).
server-throttled = The mail server asked Mailferry to try again later.
    .remedy = Nothing to do: Mailferry waits for as long as the server asked. If it happens often, poll less often or with fewer connections (schedule.per_host).

mailbox-no-oauth = { $host } does not accept access tokens.
    .remedy = Check that the host is right; if it is, use a password{ do-by-password }
mailbox-password-login-off = Microsoft no longer accepts passwords here.
    .remedy = Use OAuth instead{ do-by-oauth }
mailbox-audience-wrong = The access token is for { $found }, not for the mail server.
    .remedy = { $family ->
        [microsoft] Ask for the mail server's own scopes: https://outlook.office.com/IMAP.AccessAsUser.All, or https://outlook.office365.com/.default for app-only.
       *[other] Change oauth.providers.{ $provider }.scopes, or .audiences if the token is right.
    }
mailbox-token-scope-missing = The access token does not include the permission { $scope }.
    .remedy = Microsoft Entra admin center > Entra ID > App registrations > your application > API permissions > Add a permission > Microsoft Graph > Delegated permissions > { $scope } > Grant admin consent; { do-and-connect }
mailbox-role-missing = The application's token does not include the role { $role }.
    .remedy = Microsoft Entra admin center > Entra ID > App registrations > your application > API permissions > Add a permission > APIs my organization uses > Office 365 Exchange Online > Application permissions > { $role }; then Grant admin consent.
mailbox-service-principal-missing = Exchange does not know the application, or knows it under another object id.
    .remedy = In Exchange Online PowerShell: New-ServicePrincipal -AppId { $ps_client_id } -ObjectId { $ps_object_id } -DisplayName 'Mailferry' (if one with another ObjectId exists, run Remove-ServicePrincipal first); it may take up to two hours. `mailferry oauth app-only` prints all the lines.
mailbox-app-permission-missing = The application has no permission for the mailbox { $target }, or IMAP is switched off there.
    .remedy = In Exchange Online PowerShell: Add-MailboxPermission -Identity { $ps_target } -User { $ps_object_id } -AccessRights FullAccess; if it already has that permission: Set-CASMailbox -Identity { $ps_target } -ImapEnabled $true. It may take up to two hours.
mailbox-delegate-permission-missing = { $identity } has no full access to the mailbox { $target }, or IMAP is switched off there.
    .remedy = In Exchange Online PowerShell: Add-MailboxPermission -Identity { $ps_target } -User { $ps_identity } -AccessRights FullAccess -AutoMapping $false; if the account already has that permission: Set-CASMailbox -Identity { $ps_target } -ImapEnabled $true. It may take up to two hours.
mailbox-imap-off = IMAP is switched off for { $target }, or the account has no mailbox there.
    .remedy = { $family ->
        [microsoft] Exchange admin center > Recipients > Mailboxes > the mailbox > General > Manage email apps settings > IMAP > Enabled > Save, or in Exchange Online PowerShell: Set-CASMailbox -Identity { $ps_target } -ImapEnabled $true
        [google] Google Admin console > Apps > Google Workspace > Gmail > End User Access > POP and IMAP access > Enable IMAP access for all users.
       *[other] Switch IMAP on for the account at { $host }.
    }
mailbox-token-refused = { $host } refuses the access token of { $identity } for { $target }.
    .remedy = { $family ->
        [google] Check that { $target } is the account's primary address and not an alias, and that IMAP is on: Google Admin console > Apps > Google Workspace > Gmail > End User Access > POP and IMAP access; { do-and-connect }
       *[other] Check that { $target } is the mailbox's primary address and not an alias{ do-by-username }, { do-and-connect }
    }
mailbox-too-many-refusals = { $host } has refused several logins as { $target }, so Mailferry waits about { $minutes } minutes before the next one.
    .remedy = Wait, so that the account is not locked; then enter the correct password.

server-answers-contradict = { $kind ->
        [exists] The server says that the folder { $folder } has { $one } mails, but lists { $other } of them, whichever command is used: mail may be missing.
        [fetch] The server mentions mail number { $one } in the folder { $folder }, but its lists end at { $other }, whichever command is used: mail may be missing.
       *[status] The server counts { $one } mails in the folder { $folder }, but shows { $other } of them when it is opened: mail may be missing.
    }
    .remedy = Tell the operator of the mail server. Meanwhile Mailferry fetches the mail that the server does list, and tries again at each poll.
mailbox-copy-returns = { $count ->
        [one] A mail appeared in the folder { $folder } after Mailferry had moved, removed or marked it. It is not imported again and is left alone.
       *[other] { $count } mails appeared in the folder { $folder } after Mailferry had moved, removed or marked them. They are not imported again and are left alone.
    }
    .remedy = Check whether the folder that mail is moved to is itself polled under another name, or whether a rule or another program puts mail back; then change the after-import action{ do-by-after-import }

# Warnings about secrets and consents that will expire, or have expired.
ends-client-secret = { $days ->
        [0] the client secret of { $provider } expires within a day
        [one] the client secret of { $provider } expires in 1 day
       *[other] the client secret of { $provider } expires in { $days } days
    }
ends-unused-consent = { $days ->
        [0] the consent of { $identity } expires within a day unless it is used
        [one] the consent of { $identity } expires in 1 day unless it is used
       *[other] the consent of { $identity } expires in { $days } days unless it is used
    }
ends-google-testing = { $days ->
        [0] the consent of { $identity } expires within a day, because the application is in testing
        [one] the consent of { $identity } expires in 1 day, because the application is in testing
       *[other] the consent of { $identity } expires in { $days } days, because the application is in testing
    }
ends-timed-consent = { $days ->
        [0] the consent of { $identity } was given for a limited time and expires within a day
        [one] the consent of { $identity } was given for a limited time and expires in 1 day
       *[other] the consent of { $identity } was given for a limited time and expires in { $days } days
    }
ended-client-secret = the client secret of { $provider } has ended
ended-unused-consent = the consent of { $identity } has probably expired, because it was not used
ended-google-testing = the consent of { $identity } has probably expired, because the application is in testing
ended-timed-consent = the consent of { $identity } was given for a limited time and has expired

# The page that the browser shows after the provider has redirected back.
callback-title = Mailferry
callback-done = { $identity } is connected. You may close this window.
callback-failed = Connecting failed.

# Parts of remedies, worded for a terminal or a page.
do-run-connect = { $place ->
        [page] Give the consent again
       *[terminal] Run: mailferry oauth connect { $mailbox }
    }
do-and-connect = { $place ->
        [page] then give the consent again
       *[terminal] then run: mailferry oauth connect { $mailbox }
    }
do-by-connect = { $place ->
        [page] .
       *[terminal] : mailferry oauth connect { $mailbox }
    }
do-by-check = { $place ->
        [page] , or at once if you check the connection on the mailbox's page.
       *[terminal] , or at once with: mailferry mailbox check { $mailbox }
    }
do-by-identity = { $place ->
        [page] { " " }as the account that signs in.
       *[terminal] : mailferry mailbox set { $mailbox } --login-identity { $found }
    }
do-by-password = { $place ->
        [page] .
       *[terminal] : mailferry mailbox set { $mailbox } --password-stdin
    }
do-by-oauth = { $place ->
        [page] : consent at Microsoft in place of a password.
       *[terminal] : mailferry mailbox set { $mailbox } --oauth microsoft
    }
do-by-username = { $place ->
        [page] { "" }
       *[terminal] { " " }(mailferry mailbox set { $mailbox } --username …)
    }
do-by-tenant = { $place ->
        [page] .
       *[terminal] , and for an app-only mailbox then run: mailferry mailbox set { $mailbox } --oauth { $provider } --app-only
    }
do-by-after-import = { $place ->
        [page] .
       *[terminal] : mailferry mailbox set { $mailbox } --after-import …
    }
