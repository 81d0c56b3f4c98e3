# One message for each cause (src/cause.rs): what is wrong, in one sentence, and the click or the command that mends it.

app-not-registered = No application is registered for the provider { $provider }.
    .remedy = Set oauth.providers.{ $provider }.client_id and its secret in the configuration; the README says how to register one.
app-secret-unreadable = The file with the application's secret, { $file }, cannot be read.
    .remedy = Give the user that runs Mailferry the right to read { $file }.
app-secret-expired = The secret of the application { $client_id } has expired, so no mailbox of { $provider } gets a token.
    .remedy = { $provider ->
        [google] Google Cloud console > Google Auth Platform > Clients > your client > Add secret; then put it into the configuration.
       *[other] Microsoft Entra admin center > Entra ID > App registrations > your application > Certificates & secrets > Client secrets > New client secret; copy its Value into the configuration. Nobody has to consent again.
    }
app-secret-wrong = { $provider } does not accept the secret of the application { $client_id }.
    .remedy = { $provider ->
        [google] Copy the secret from Google Auth Platform > Clients > your client into the configuration; it is shown only when it is made.
       *[other] Copy the Value, not the Secret ID, from Microsoft Entra admin center > Entra ID > App registrations > your application > Certificates & secrets > Client secrets.
    }
app-unknown = { $provider } does not know the application { $client_id }.
    .remedy = Compare oauth.providers.{ $provider }.client_id and tenant with what the portal shows as Application (client) ID and Directory (tenant) ID; in a customer's tenant, an admin must consent to the application first.
app-disabled = The application { $client_id } is switched off at { $provider }.
    .remedy = { $provider ->
        [google] Google Auth Platform > Clients: make or restore a client.
       *[other] Microsoft Entra admin center > Entra ID > Enterprise apps > your application > Properties > Enabled for users to sign-in? > Yes.
    }
app-tenant-unknown = { $provider } knows no tenant { $tenant }, or the application is not registered for others than its own.
    .remedy = Set oauth.providers.{ $provider }.tenant to the Directory (tenant) ID from the portal.
app-public-client-off = The application { $client_id } may not use device codes, or its secret is missing from the configuration.
    .remedy = Microsoft Entra admin center > Entra ID > App registrations > your application > Authentication > Settings > Allow public client flows > Yes.
app-secret-not-allowed = The address that the browser returns to is registered for the application { $client_id } as one of a desktop application, which must not have a secret.
    .remedy = Microsoft Entra admin center > Entra ID > App registrations > your application > Authentication: register http://localhost/oauth/callback under Web, or take the secret out of the configuration.
app-redirect-mismatch = The address that the browser returns to is not registered for the application { $client_id }.
    .remedy = { $provider ->
        [google] Google Auth Platform > Clients: make a client of the type Desktop app, which needs no address.
       *[other] Microsoft Entra admin center > Entra ID > App registrations > your application > Authentication > Add Redirect URI > Web: http://localhost/oauth/callback.
    }
app-scope-refused = The application { $client_id } may not ask { $provider } for the right to read mail.
    .remedy = { $provider ->
        [google] Google Auth Platform > Data Access > Add or remove scopes: https://mail.google.com/.
       *[other] Microsoft Entra admin center > Entra ID > App registrations > your application > API permissions > Add a permission: IMAP.AccessAsUser.All, or IMAP.AccessAsApp for app-only; then Grant admin consent.
    }
app-flow-not-allowed = { $provider } gives the application { $client_id } no tokens in this way.
    .remedy = Register the application as a Web application (not as a single-page application); device codes exist only at Microsoft.
app-refused = { $provider } refuses the application { $client_id }.
    .remedy = Look the code up at https://login.microsoftonline.com/error or in Google's documentation, and compare the application's settings.

consent-missing = { $identity } has not consented yet.
    .remedy = Run: mailferry oauth connect { $mailbox }
consent-admin-needed = An administrator of the customer's organisation must consent to the application { $client_id } first.
    .remedy = Microsoft Entra admin center > Entra ID > Enterprise apps > the application > Permissions > Grant admin consent, or the link https://login.microsoftonline.com/{ $tenant }/adminconsent?client_id={ $client_id }; then run: mailferry oauth connect { $mailbox }
consent-inactive = The consent has ended, because it was not used for too long.
    .remedy = Run: mailferry oauth connect { $mailbox }
consent-sign-in-frequency = The organisation makes its people sign in again after a certain time, which ends the consent each time.
    .remedy = Run: mailferry oauth connect { $mailbox }. So that it lasts, an administrator excludes the application: Microsoft Entra admin center > Conditional Access > Policies > Session > Sign-in frequency, or Google Admin console > Security > Google Cloud session control > Exempt trusted apps.
consent-password-changed = The consent has ended, because the account's password was changed or has expired.
    .remedy = Run: mailferry oauth connect { $mailbox }
consent-ended = The consent was withdrawn or has ended.
    .remedy = Run: mailferry oauth connect { $mailbox }
consent-google-testing = The consent has ended: Google ends consents after seven days while an application's publishing status is Testing.
    .remedy = Google Auth Platform > Audience > Publish app (or User type Internal); then run: mailferry oauth connect { $mailbox }
consent-mfa-needed = The organisation asks for a further proof, such as a code by telephone, which only a person can give.
    .remedy = Run: mailferry oauth connect { $mailbox }
consent-access-blocked = A rule of the organisation does not let this application in.
    .remedy = An administrator looks at Microsoft Entra admin center > Entra ID > Monitoring & health > Sign-in logs > the entry > Conditional Access, or Google Admin console > Security > API controls > Manage Third-Party App Access, and lets the application in; then run: mailferry oauth connect { $mailbox }
consent-account-disabled = The account is switched off, locked or gone.
    .remedy = An administrator looks at Microsoft Entra admin center > Entra ID > Users > the account > Account enabled; then run: mailferry oauth connect { $mailbox }
consent-not-assigned = The account is not among those that may use the application.
    .remedy = Microsoft Entra admin center > Entra ID > Enterprise apps > the application > Users and groups > Add user/group; then run: mailferry oauth connect { $mailbox }
consent-other-tenant = The account belongs to another organisation than the one that was asked.
    .remedy = Choose the account of the right organisation, or set oauth.providers.{ $provider }.tenant to "organizations".
consent-wrong-account = { $found } consented, but { $wanted } was wanted.
    .remedy = Choose { $wanted } in the browser (in a private window if need be). If { $found } is a member of the shared mailbox, say so: mailferry mailbox set { $mailbox } --login-identity { $found }
consent-no-identity = { $provider } does not say who has consented.
    .remedy = Add "openid" and "email" to oauth.providers.{ $provider }.scopes.
consent-scope-missing = { $scope } was not consented to.
    .remedy = Consent again and leave every box ticked: mailferry oauth connect { $mailbox }
consent-no-refresh-token = { $provider } gave no refresh token, so the consent would end within the hour.
    .remedy = Add "offline_access" to oauth.providers.{ $provider }.scopes (Google: access_type = "offline" and prompt = "consent" in authorize_params).
consent-wrong-issuer = The answer does not come from { $provider } but from { $issuer }, so it was refused.
    .remedy = Start again. If it happens again, compare oauth.providers.{ $provider }.issuer with what the provider publishes.
consent-wrong-state = The answer in the browser does not belong to this attempt, so it was refused.
    .remedy = Start again, and use the link that is shown then, once.
consent-denied = The consent was refused in the browser.
    .remedy = Start again and accept. Google refuses for you while the application is in testing and the account is no test user: Google Auth Platform > Audience > Test users > Add users.
consent-timed-out = Nobody consented in time.
    .remedy = Start again: mailferry oauth connect { $mailbox }

provider-busy = { $provider } asks to come back later.
    .remedy = Nothing: Mailferry asks again by itself.
provider-down = { $provider } has trouble of its own.
    .remedy = Nothing: Mailferry asks again by itself.
provider-unreachable = { $provider } cannot be reached.
    .remedy = Look whether this machine may reach it by https; Mailferry asks again by itself.
provider-slow = { $provider } did not answer in time.
    .remedy = Nothing: Mailferry asks again by itself.
provider-not-json = { $provider } answered with something that is no token.
    .remedy = Look whether oauth.providers.{ $provider }.token_url is right and no proxy answers in its place; Mailferry asks again by itself.
provider-redirected = { $provider } sends the request elsewhere, where no secret is taken.
    .remedy = Look whether oauth.providers.{ $provider }.token_url is right; Mailferry asks again by itself.
provider-too-large = { $provider } answered with more than a megabyte.
    .remedy = Look whether oauth.providers.{ $provider }.token_url is right; Mailferry asks again by itself.
provider-waiting = Another worker is renewing the token for { $provider } and takes long.
    .remedy = Nothing: Mailferry tries again by itself.
server-unwell = The mail server refused and, asked again, let us in.
    .remedy = Nothing, unless it happens often: then poll with fewer connections at once (schedule.per_host).
server-throttled = The mail server asks to come back later.
    .remedy = Nothing: Mailferry waits as long as it was told; if it happens often, poll less often or with fewer connections (schedule.per_host).

mailbox-no-oauth = { $host } takes no access tokens.
    .remedy = Look whether the host is right; if it is, use a password: mailferry mailbox set { $mailbox } --password-stdin
mailbox-password-login-off = Microsoft no longer takes passwords here.
    .remedy = Use OAuth instead: mailferry mailbox set { $mailbox } --oauth microsoft
mailbox-audience-wrong = The access token is for { $found } and not for the mail server.
    .remedy = Ask for the mail server's own scopes: https://outlook.office.com/IMAP.AccessAsUser.All, or https://outlook.office365.com/.default for app-only.
mailbox-token-scope-missing = The access token does not hold the right { $scope }.
    .remedy = Microsoft Entra admin center > Entra ID > App registrations > your application > API permissions > Add a permission > Delegated permissions > { $scope }; then run: mailferry oauth connect { $mailbox }
mailbox-role-missing = The application's token does not name the role { $role }.
    .remedy = Microsoft Entra admin center > Entra ID > App registrations > your application > API permissions > Add a permission > APIs my organization uses > Office 365 Exchange Online > Application permissions > { $role }; then Grant admin consent.
mailbox-service-principal-missing = Exchange does not know the application, or knows it by another object id.
    .remedy = In Exchange Online PowerShell: New-ServicePrincipal -AppId { $client_id } -ObjectId { $object_id } -DisplayName Mailferry (if there is one with another ObjectId, Remove-ServicePrincipal first); it may take up to two hours. `mailferry oauth app-only` prints all the lines.
mailbox-app-permission-missing = The application has no right to the mailbox { $mailbox }.
    .remedy = In Exchange Online PowerShell: Add-MailboxPermission -Identity { $mailbox } -User { $object_id } -AccessRights FullAccess; if it has that right already: Set-CASMailbox -Identity { $mailbox } -ImapEnabled $true
mailbox-delegate-permission-missing = { $identity } has no full access to the mailbox { $mailbox }.
    .remedy = In Exchange Online PowerShell: Add-MailboxPermission -Identity { $mailbox } -User { $identity } -AccessRights FullAccess -AutoMapping $false; if it has that right already: Set-CASMailbox -Identity { $mailbox } -ImapEnabled $true
mailbox-imap-off = IMAP is switched off for the mailbox { $mailbox }, or it has no mailbox in Exchange Online.
    .remedy = { $provider ->
        [google] Google Admin console > Apps > Google Workspace > Gmail > End User Access > POP and IMAP access > Enable IMAP access for all users.
       *[other] Exchange admin center > Recipients > Mailboxes > the mailbox > Manage email apps settings > IMAP > Enabled, or in Exchange Online PowerShell: Set-CASMailbox -Identity { $mailbox } -ImapEnabled $true
    }
mailbox-token-refused = { $host } refuses the access token of { $identity } for { $mailbox }.
    .remedy = Compare the address with the mailbox's own, see that it is not an alias, and consent again: mailferry oauth connect { $mailbox }. At Google, IMAP may be switched off for the organisation: Google Admin console > Apps > Google Workspace > Gmail > End User Access.

# What will end.
ends-client-secret = the client secret of { $provider } ends in { $days } days
ends-unused-consent = the consent of { $identity } ends in { $days } days unless it is used
ends-google-testing = the consent of { $identity } ends in { $days } days, because the application is in testing
ended-client-secret = the client secret of { $provider } has ended
ended-unused-consent = the consent of { $identity } has probably ended, since it was not used
ended-google-testing = the consent of { $identity } has probably ended, because the application is in testing

# What the browser shows when somebody comes back from the provider.
callback-title = Mailferry
callback-done = { $identity } is connected. You may close this window.
callback-failed = It did not work:
