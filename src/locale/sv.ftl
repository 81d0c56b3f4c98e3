# Ett meddelande för varje orsak (src/cause.rs): vad som är fel, i en mening, och klicket eller kommandot som avhjälper det.

app-not-registered = Ingen applikation är registrerad för leverantören { $provider }.
    .remedy = Ange oauth.providers.{ $provider }.client_id och dess hemlighet i konfigurationen; README beskriver hur man registrerar en applikation.
app-secret-unreadable = Filen med applikationens hemlighet, { $file }, går inte att läsa.
    .remedy = Ge användaren som kör Mailferry rätt att läsa { $file }.
app-secret-expired = Hemligheten för applikationen { $client_id } har gått ut, så ingen brevlåda hos { $provider } får någon token.
    .remedy = { $provider ->
        [google] Google Cloud-konsolen > Google Auth Platform > Clients > er klient > Add secret; lägg sedan in den i konfigurationen.
       *[other] Administrationscentret för Microsoft Entra > Entra ID > App registrations > er applikation > Certificates & secrets > Client secrets > New client secret; kopiera dess Value till konfigurationen. Ingen behöver godkänna på nytt.
    }
app-secret-wrong = { $provider } godtar inte hemligheten för applikationen { $client_id }.
    .remedy = { $provider ->
        [google] Kopiera hemligheten från Google Auth Platform > Clients > er klient till konfigurationen; den visas bara när den skapas.
       *[other] Kopiera Value, inte Secret ID, från administrationscentret för Microsoft Entra > Entra ID > App registrations > er applikation > Certificates & secrets > Client secrets.
    }
app-unknown = { $provider } känner inte till applikationen { $client_id }.
    .remedy = Jämför oauth.providers.{ $provider }.client_id och tenant med det som portalen visar som Application (client) ID och Directory (tenant) ID; i en kunds klientorganisation måste en administratör först godkänna applikationen.
app-disabled = Applikationen { $client_id } är avstängd hos { $provider }.
    .remedy = { $provider ->
        [google] Google Auth Platform > Clients: skapa eller återställ en klient.
       *[other] Administrationscentret för Microsoft Entra > Entra ID > Enterprise apps > er applikation > Properties > Enabled for users to sign-in? > Yes.
    }
app-tenant-unknown = { $provider } känner inte till klientorganisationen { $tenant }, eller så är applikationen bara registrerad för sin egen.
    .remedy = Ange portalens Directory (tenant) ID i oauth.providers.{ $provider }.tenant.
app-public-client-off = Applikationen { $client_id } får inte använda enhetskoder, eller så saknas dess hemlighet i konfigurationen.
    .remedy = Administrationscentret för Microsoft Entra > Entra ID > App registrations > er applikation > Authentication > Settings > Allow public client flows > Yes.
app-secret-not-allowed = Adressen som webbläsaren återvänder till är registrerad för applikationen { $client_id } som en skrivbordsapplikations, och en sådan får inte ha någon hemlighet.
    .remedy = Administrationscentret för Microsoft Entra > Entra ID > App registrations > er applikation > Authentication: registrera http://localhost/oauth/callback under Web, eller ta bort hemligheten ur konfigurationen.
app-redirect-mismatch = Adressen som webbläsaren återvänder till är inte registrerad för applikationen { $client_id }.
    .remedy = { $provider ->
        [google] Google Auth Platform > Clients: skapa en klient av typen Desktop app, som inte behöver någon adress.
       *[other] Administrationscentret för Microsoft Entra > Entra ID > App registrations > er applikation > Authentication > Add Redirect URI > Web: http://localhost/oauth/callback.
    }
app-scope-refused = Applikationen { $client_id } får inte be { $provider } om rätten att läsa e-post.
    .remedy = { $provider ->
        [google] Google Auth Platform > Data Access > Add or remove scopes: https://mail.google.com/.
       *[other] Administrationscentret för Microsoft Entra > Entra ID > App registrations > er applikation > API permissions > Add a permission: IMAP.AccessAsUser.All, eller IMAP.AccessAsApp för app-only; sedan Grant admin consent.
    }
app-flow-not-allowed = { $provider } ger inte applikationen { $client_id } någon token på det här sättet.
    .remedy = Registrera applikationen som Web (inte som Single-page application); enhetskoder finns bara hos Microsoft.
app-refused = { $provider } avvisar applikationen { $client_id }.
    .remedy = Slå upp koden på https://login.microsoftonline.com/error eller i Googles dokumentation, och jämför applikationens inställningar.

consent-missing = { $identity } har inte godkänt ännu.
    .remedy = Kör: mailferry oauth connect { $mailbox }
consent-admin-needed = En administratör i kundens organisation måste först godkänna applikationen { $client_id }.
    .remedy = Administrationscentret för Microsoft Entra > Entra ID > Enterprise apps > applikationen > Permissions > Grant admin consent, eller länken https://login.microsoftonline.com/{ $tenant }/adminconsent?client_id={ $client_id }; kör sedan: mailferry oauth connect { $mailbox }
consent-inactive = Godkännandet har upphört, eftersom det inte användes på för länge.
    .remedy = Kör: mailferry oauth connect { $mailbox }
consent-sign-in-frequency = Organisationen låter sina användare logga in på nytt efter en viss tid, och då upphör godkännandet varje gång.
    .remedy = Kör: mailferry oauth connect { $mailbox }. För att det ska hålla undantar en administratör applikationen: administrationscentret för Microsoft Entra > Conditional Access > Policies > Session > Sign-in frequency, eller Googles administratörskonsol > Security > Google Cloud session control > Exempt trusted apps.
consent-password-changed = Godkännandet har upphört, eftersom kontots lösenord har ändrats eller gått ut.
    .remedy = Kör: mailferry oauth connect { $mailbox }
consent-ended = Godkännandet har återkallats eller upphört.
    .remedy = Kör: mailferry oauth connect { $mailbox }
consent-google-testing = Godkännandet har upphört: Google avslutar godkännanden efter sju dagar så länge applikationens publiceringsstatus är Testing.
    .remedy = Google Auth Platform > Audience > Publish app (eller User type Internal); kör sedan: mailferry oauth connect { $mailbox }
consent-mfa-needed = Organisationen kräver ytterligare en bekräftelse, till exempel en kod i telefonen, och den kan bara en människa ge.
    .remedy = Kör: mailferry oauth connect { $mailbox }
consent-access-blocked = En regel i organisationen släpper inte in den här applikationen.
    .remedy = En administratör ser efter i administrationscentret för Microsoft Entra > Entra ID > Monitoring & health > Sign-in logs > posten > Conditional Access, eller i Googles administratörskonsol > Security > API controls > Manage Third-Party App Access, och släpper in applikationen; kör sedan: mailferry oauth connect { $mailbox }
consent-account-disabled = Kontot är avstängt, låst eller borttaget.
    .remedy = En administratör ser efter i administrationscentret för Microsoft Entra > Entra ID > Users > kontot > Account enabled; kör sedan: mailferry oauth connect { $mailbox }
consent-not-assigned = Kontot hör inte till dem som får använda applikationen.
    .remedy = Administrationscentret för Microsoft Entra > Entra ID > Enterprise apps > applikationen > Users and groups > Add user/group; kör sedan: mailferry oauth connect { $mailbox }
consent-other-tenant = Kontot hör till en annan organisation än den som tillfrågades.
    .remedy = Välj kontot i rätt organisation, eller ange "organizations" i oauth.providers.{ $provider }.tenant.
consent-wrong-account = { $found } godkände, men det skulle vara { $wanted }.
    .remedy = Välj { $wanted } i webbläsaren (i ett privat fönster om det behövs). Om { $found } är medlem i den delade brevlådan, ange det: mailferry mailbox set { $mailbox } --login-identity { $found }
consent-no-identity = { $provider } talar inte om vem som har godkänt.
    .remedy = Lägg till "openid" och "email" i oauth.providers.{ $provider }.scopes.
consent-scope-missing = { $scope } godkändes inte.
    .remedy = Godkänn på nytt och lämna alla rutor ikryssade: mailferry oauth connect { $mailbox }
consent-no-refresh-token = { $provider } gav ingen uppdateringstoken, så godkännandet skulle upphöra inom en timme.
    .remedy = Lägg till "offline_access" i oauth.providers.{ $provider }.scopes (Google: access_type = "offline" och prompt = "consent" i authorize_params).
consent-wrong-issuer = Svaret kommer inte från { $provider } utan från { $issuer }, och avvisades därför.
    .remedy = Börja om. Om det händer igen, jämför oauth.providers.{ $provider }.issuer med det som leverantören anger.
consent-wrong-state = Svaret i webbläsaren hör inte till det här försöket, och avvisades därför.
    .remedy = Börja om, och använd länken som visas då, en gång.
consent-denied = Godkännandet nekades i webbläsaren.
    .remedy = Börja om och godkänn. Google nekar åt er så länge applikationen är under test och kontot inte är en testanvändare: Google Auth Platform > Audience > Test users > Add users.
consent-timed-out = Ingen godkände i tid.
    .remedy = Börja om: mailferry oauth connect { $mailbox }

provider-busy = { $provider } ber oss återkomma senare.
    .remedy = Ingenting behöver göras: Mailferry frågar igen av sig självt.
provider-down = { $provider } har egna problem.
    .remedy = Ingenting behöver göras: Mailferry frågar igen av sig självt.
provider-unreachable = { $provider } går inte att nå.
    .remedy = Se efter om den här datorn får nå leverantören via https; Mailferry frågar igen av sig självt.
provider-slow = { $provider } svarade inte i tid.
    .remedy = Ingenting behöver göras: Mailferry frågar igen av sig självt.
provider-not-json = { $provider } svarade med något som inte är en token.
    .remedy = Se efter om oauth.providers.{ $provider }.token_url stämmer och att ingen proxy svarar i dess ställe; Mailferry frågar igen av sig självt.
provider-redirected = { $provider } skickar frågan vidare till ett annat ställe, dit ingen hemlighet skickas.
    .remedy = Se efter om oauth.providers.{ $provider }.token_url stämmer; Mailferry frågar igen av sig självt.
provider-too-large = { $provider } svarade med mer än en megabyte.
    .remedy = Se efter om oauth.providers.{ $provider }.token_url stämmer; Mailferry frågar igen av sig självt.
provider-waiting = En annan process förnyar token för { $provider } och det tar lång tid.
    .remedy = Ingenting behöver göras: Mailferry försöker igen av sig självt.
server-unwell = E-postservern nekade, men släppte in oss när vi försökte igen.
    .remedy = Ingenting behöver göras, om det inte händer ofta: använd i så fall färre samtidiga anslutningar (schedule.per_host).
server-throttled = E-postservern ber oss återkomma senare.
    .remedy = Ingenting behöver göras: Mailferry väntar så länge som servern sade; om det händer ofta, hämta mer sällan eller med färre anslutningar (schedule.per_host).

mailbox-no-oauth = { $host } tar inte emot någon åtkomsttoken.
    .remedy = Se efter om servern är rätt; om den är det, använd lösenord: mailferry mailbox set { $mailbox } --password-stdin
mailbox-password-login-off = Microsoft tar inte längre emot lösenord här.
    .remedy = Använd OAuth i stället: mailferry mailbox set { $mailbox } --oauth microsoft
mailbox-audience-wrong = Åtkomsttoken gäller { $found } och inte e-postservern.
    .remedy = Be om e-postserverns egna behörigheter: https://outlook.office.com/IMAP.AccessAsUser.All, eller https://outlook.office365.com/.default för app-only.
mailbox-token-scope-missing = Åtkomsttoken innehåller inte rätten { $scope }.
    .remedy = Administrationscentret för Microsoft Entra > Entra ID > App registrations > er applikation > API permissions > Add a permission > Delegated permissions > { $scope }; kör sedan: mailferry oauth connect { $mailbox }
mailbox-role-missing = Applikationens token anger inte rollen { $role }.
    .remedy = Administrationscentret för Microsoft Entra > Entra ID > App registrations > er applikation > API permissions > Add a permission > APIs my organization uses > Office 365 Exchange Online > Application permissions > { $role }; sedan Grant admin consent.
mailbox-service-principal-missing = Exchange känner inte till applikationen, eller känner den under ett annat objekt-id.
    .remedy = I Exchange Online PowerShell: New-ServicePrincipal -AppId { $client_id } -ObjectId { $object_id } -DisplayName Mailferry (finns redan en med annat ObjectId: först Remove-ServicePrincipal); det kan ta upp till två timmar. `mailferry oauth app-only` skriver ut alla rader.
mailbox-app-permission-missing = Applikationen har ingen rätt till brevlådan { $mailbox }.
    .remedy = I Exchange Online PowerShell: Add-MailboxPermission -Identity { $mailbox } -User { $object_id } -AccessRights FullAccess; om den redan har rätten: Set-CASMailbox -Identity { $mailbox } -ImapEnabled $true
mailbox-delegate-permission-missing = { $identity } har inte full åtkomst till brevlådan { $mailbox }.
    .remedy = I Exchange Online PowerShell: Add-MailboxPermission -Identity { $mailbox } -User { $identity } -AccessRights FullAccess -AutoMapping $false; om kontot redan har rätten: Set-CASMailbox -Identity { $mailbox } -ImapEnabled $true
mailbox-imap-off = IMAP är avstängt för brevlådan { $mailbox }, eller så finns den inte i Exchange Online.
    .remedy = { $provider ->
        [google] Googles administratörskonsol > Apps > Google Workspace > Gmail > End User Access > POP and IMAP access > Enable IMAP access for all users.
       *[other] Administrationscentret för Exchange > Recipients > Mailboxes > brevlådan > Manage email apps settings > IMAP > Enabled, eller i Exchange Online PowerShell: Set-CASMailbox -Identity { $mailbox } -ImapEnabled $true
    }
mailbox-token-refused = { $host } avvisar åtkomsttoken från { $identity } för { $mailbox }.
    .remedy = Jämför adressen med brevlådans egen, se till att den inte är ett alias, och godkänn på nytt: mailferry oauth connect { $mailbox }. Hos Google kan IMAP vara avstängt för organisationen: Googles administratörskonsol > Apps > Google Workspace > Gmail > End User Access.

# Vad som kommer att upphöra.
ends-client-secret = hemligheten för { $provider } upphör om { $days } dagar
ends-unused-consent = godkännandet från { $identity } upphör om { $days } dagar om det inte används
ends-google-testing = godkännandet från { $identity } upphör om { $days } dagar, eftersom applikationen är under test
ended-client-secret = hemligheten för { $provider } har upphört
ended-unused-consent = godkännandet från { $identity } har troligen upphört, eftersom det inte användes
ended-google-testing = godkännandet från { $identity } har troligen upphört, eftersom applikationen är under test

# Vad webbläsaren visar när någon kommer tillbaka från leverantören.
callback-title = Mailferry
callback-done = { $identity } är ansluten. Du kan stänga det här fönstret.
callback-failed = Det gick inte:
