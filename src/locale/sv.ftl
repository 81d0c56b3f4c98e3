# Ett meddelande för varje orsak (src/cause.rs): vad som är fel, i en mening, och klicket eller kommandot som avhjälper det.
# Portalernas menyer står på engelska, som i leverantörernas dokumentation.

app-not-registered = Ingen applikation är registrerad för leverantören { $provider }; registrerade är: { $known }.
    .remedy = Ange oauth.providers.{ $provider }.client_id och dess hemlighet i konfigurationen; docs/office365.md och docs/google.md beskriver hur man registrerar en applikation.
app-secret-unreadable = Filen med applikationens hemlighet, { $file }, går inte att läsa.
    .remedy = Se till att { $file } finns och att användaren som kör Mailferry får läsa den.
app-secret-expired = Hemligheten för applikationen { $client_id } har gått ut, så ingen postlåda hos { $provider } får någon token.
    .remedy = { $family ->
        [microsoft] Administrationscentret för Microsoft Entra > Entra ID > App registrations > applikationen > Certificates & secrets > Client secrets > New client secret; kopiera dess Value till konfigurationen. Ingen behöver ge sitt medgivande på nytt.
        [google] Google Auth Platform > Clients > klienten > Add secret; lägg den nya hemligheten i konfigurationen. Ingen behöver ge sitt medgivande på nytt.
       *[other] Skapa en ny hemlighet i portalen för { $provider } och lägg den i konfigurationen. Ingen behöver ge sitt medgivande på nytt.
    }
app-secret-wrong = { $provider } godtar inte hemligheten för applikationen { $client_id }.
    .remedy = { $family ->
        [microsoft] Kopiera Value, inte Secret ID, från administrationscentret för Microsoft Entra > Entra ID > App registrations > applikationen > Certificates & secrets > Client secrets.
        [google] Kopiera klientens hemlighet från Google Auth Platform > Clients till konfigurationen; den visas bara när den skapas.
       *[other] Jämför klient-id och hemlighet i konfigurationen med dem i portalen för { $provider }.
    }
app-gone = { $provider } har tagit bort applikationen { $client_id }, har stängt av den eller har aldrig känt till den.
    .remedy = { $family ->
        [google] Google Auth Platform > Clients: jämför Client ID, eller återställ klienten inom 30 dagar; med en ny klient krävs nytt medgivande för varje postlåda.
       *[other] Sök efter applikationen i portalen för { $provider }.
    }

app-unknown = { $tenant } känner inte till applikationen { $client_id } hos { $provider }.
    .remedy = { $family ->
        [microsoft] Jämför client_id och tenant med Application (client) ID och Directory (tenant) ID i portalen. I en kunds organisation ger dess administratör först sitt medgivande: https://login.microsoftonline.com/{ $tenant }/adminconsent?client_id={ $client_id }
       *[other] Jämför oauth.providers.{ $provider }.client_id med id:t som portalen visar.
    }
app-disabled = Applikationen { $client_id } är avstängd i { $tenant }.
    .remedy = Administrationscentret för Microsoft Entra > Entra ID > Enterprise apps > applikationen > Properties > Enabled for users to sign-in? > Yes.
app-tenant-unknown = { $provider } känner inte till klientorganisationen { $tenant }, eller så är applikationen bara registrerad för sin egen klientorganisation.
    .remedy = Ange portalens Directory (tenant) ID i oauth.providers.{ $provider }.tenant{ do-by-tenant }
app-public-client-off = Applikationen { $client_id } får inte använda enhetskoder, eller så saknas dess hemlighet i konfigurationen.
    .remedy = Administrationscentret för Microsoft Entra > Entra ID > App registrations > applikationen > Authentication > Settings > Allow public client flows > Yes; eller lägg hemligheten i konfigurationen.
app-secret-not-allowed = Adressen som webbläsaren återvänder till är registrerad som skrivbordsapp för applikationen { $client_id }, och en sådan får inte ha någon hemlighet.
    .remedy = Administrationscentret för Microsoft Entra > Entra ID > App registrations > applikationen > Authentication > Redirect URI configuration: registrera http://localhost/oauth/callback under Web, eller ta bort hemligheten ur konfigurationen.
app-redirect-mismatch = Adressen som webbläsaren återvänder till är inte registrerad för applikationen { $client_id }.
    .remedy = { $family ->
        [microsoft] Administrationscentret för Microsoft Entra > Entra ID > App registrations > applikationen > Authentication > Redirect URI configuration > Add Redirect URI > Web: http://localhost/oauth/callback
        [google] Google Auth Platform > Clients: skapa en klient av typen Desktop app, som inte behöver någon adress.
       *[other] Registrera http://localhost/oauth/callback i portalen för { $provider }; kräver den en fast port, ange den i oauth.loopback_port.
    }
app-scope-refused = Applikationen { $client_id } får inte begära läsbehörighet till e-post hos { $provider }.
    .remedy = { $family ->
        [microsoft] Administrationscentret för Microsoft Entra > Entra ID > App registrations > applikationen > API permissions > Add a permission: Microsoft Graph > Delegated permissions > IMAP.AccessAsUser.All, eller för app-only APIs my organization uses > Office 365 Exchange Online > Application permissions > IMAP.AccessAsApp; sedan Grant admin consent.
        [google] Google Auth Platform > Data Access > Add or remove scopes: https://mail.google.com/
       *[other] Ge applikationen behörigheten i portalen för { $provider }, eller ändra oauth.providers.{ $provider }.scopes.
    }
app-flow-not-allowed = { $provider } ger inte applikationen { $client_id } token på det här sättet.
    .remedy = { $family ->
        [microsoft] Administrationscentret för Microsoft Entra > Entra ID > App registrations > applikationen > Authentication > Redirect URI configuration: registrera http://localhost/oauth/callback under Web och inte under Single-page application.
       *[other] Kontrollera applikationens typ i portalen för { $provider }; ett medgivande till en annan applikation måste ges på nytt{ do-by-connect }
    }
app-no-device-codes = { $provider } ger inga enhetskoder.
    .remedy = Utelämna --device{ do-by-connect }
app-refused = { $provider } avvisar applikationen { $client_id }.
    .remedy = { $family ->
        [microsoft] Slå upp koden på https://login.microsoftonline.com/error och jämför applikationens inställningar.
       *[other] Jämför applikationens inställningar i portalen för { $provider }.
    }
app-no-object-id = Token från { $provider } anger inte applikationens objekt-id.
    .remedy = Kopiera applikationens objekt-id från administrationscentret för Microsoft Entra > Entra ID > Enterprise apps > applikationen > Overview > Object ID (inte från App registrations).
admin-access-blocked = En regel i organisationen släpper inte in den här applikationen.
    .remedy = { $family ->
        [microsoft] En administratör hittar regeln i administrationscentret för Microsoft Entra > Entra ID > Monitoring & health > Sign-in logs > posten > Conditional Access och släpper in applikationen. Mailferry frågar igen inom en timme{ do-by-check }
        [google] En administratör öppnar Googles administratörskonsol > Security > Access and data control > API controls > Manage Third-Party App Access och gör applikationen Trusted. Mailferry frågar igen inom en timme{ do-by-check }
       *[other] En administratör släpper in applikationen hos { $provider }. Mailferry frågar igen inom en timme{ do-by-check }
    }
admin-account-disabled = Kontot är avstängt, låst eller finns inte.
    .remedy = { $family ->
        [microsoft] En administratör kontrollerar kontot i administrationscentret för Microsoft Entra > Entra ID > Users > kontot > Account enabled. Mailferry frågar igen inom en timme{ do-by-check }
       *[other] En administratör kontrollerar kontot. Mailferry frågar igen inom en timme{ do-by-check }
    }
admin-not-assigned = Kontot hör inte till dem som får använda applikationen.
    .remedy = Administrationscentret för Microsoft Entra > Entra ID > Enterprise apps > applikationen > Users and groups > Add user/group. Mailferry frågar igen inom en timme{ do-by-check }
admin-other-tenant = Kontot hör till en annan organisation än den som tillfrågades.
    .remedy = Välj kontot i rätt organisation, eller ange "organizations" i oauth.providers.{ $provider }.tenant; { do-and-connect }
admin-no-mail-service = Organisationen har inte Exchange Online, eller så har prenumerationen upphört.
    .remedy = En administratör kontrollerar administrationscentret för Microsoft 365 > Billing > Your products. Mailferry frågar igen inom en timme{ do-by-check }

consent-missing = { $identity } har inte gett sitt medgivande ännu.
    .remedy = { do-run-connect }
consent-other-login-name = { $identity } har inte medgett att { $target } läses: medgivandet gavs för ett annat användarnamn.
    .remedy = { do-run-connect }
consent-admin-needed = Ingen har gett sitt medgivande till applikationen { $client_id }, eller så måste en administratör göra det först.
    .remedy = { $kind ->
        [app-only] Administratören ger sitt medgivande på https://login.microsoftonline.com/{ $tenant }/adminconsent?client_id={ $client_id }. Mailferry frågar igen inom en timme{ do-by-check }
       *[delegated] { do-run-connect }. Där användarna inte själva får ge medgivande gör en administratör det först: administrationscentret för Microsoft Entra > Entra ID > Enterprise apps > applikationen > Permissions > Grant admin consent, eller https://login.microsoftonline.com/{ $tenant }/adminconsent?client_id={ $client_id }
    }
consent-inactive = Medgivandet har upphört, eftersom det inte har använts på länge.
    .remedy = { do-run-connect }
consent-sign-in-frequency = Organisationen kräver att användarna loggar in på nytt efter en viss tid, och varje gång upphör medgivandet.
    .remedy = { $family ->
        [microsoft] { do-run-connect }. För att slippa detta undantar en administratör applikationen: administrationscentret för Microsoft Entra > Entra ID > Conditional Access > Policies > principen > Session > Sign-in frequency.
        [google] { do-run-connect }. För att slippa detta öppnar en administratör Googles administratörskonsol > Security > Access and data control > Google Cloud session control > Exempt trusted apps, och gör applikationen Trusted under API controls.
       *[other] { do-run-connect }
    }
consent-password-changed = Medgivandet har upphört, eftersom kontots lösenord har ändrats eller gått ut.
    .remedy = { do-run-connect }
consent-ended = Medgivandet har återkallats eller upphört.
    .remedy = { do-run-connect }
consent-google-testing = Medgivandet har upphört: Google avslutar medgivanden efter sju dagar så länge applikationens publiceringsstatus är Testing.
    .remedy = Google Auth Platform > Audience > Publish app (eller User type Internal); { do-and-connect }
consent-mfa-needed = { $provider } kräver att användaren loggar in på nytt eller bekräftar sig ytterligare, till exempel med en kod i mobilen.
    .remedy = { do-run-connect }
consent-wrong-account = { $found } gav sitt medgivande, men det skulle ha varit { $wanted }.
    .remedy = Välj { $wanted } i webbläsaren (i ett privat fönster om det behövs). Om { $found } är medlem i den delade postlådan, eller inloggningsnamnet för { $wanted }, ange det{ do-by-identity }
consent-no-identity = { $provider } talar inte om vem som har gett sitt medgivande.
    .remedy = Lägg till "openid", "profile" och "email" i oauth.providers.{ $provider }.scopes.
consent-scope-missing = Medgivandet omfattar inte { $scope }.
    .remedy = Ge medgivandet på nytt och lämna alla rutor ikryssade{ do-by-connect }
consent-no-refresh-token = { $provider } gav ingen uppdateringstoken, så medgivandet skulle upphöra inom en timme.
    .remedy = { $family ->
        [google] Ange access_type = "offline" och prompt = "consent" i oauth.providers.{ $provider }.authorize_params.
       *[other] Lägg till "offline_access" i oauth.providers.{ $provider }.scopes.
    }
consent-wrong-issuer = Svaret kommer inte från { $provider } utan från { $issuer }, och avvisades därför.
    .remedy = Börja om. Om det händer igen, jämför oauth.providers.{ $provider }.issuer med det som leverantören anger.
consent-wrong-state = Svaret i webbläsaren hör inte till det här försöket, och avvisades därför.
    .remedy = Börja om, och använd den nya länken bara en gång.
consent-denied = Medgivandet nekades i webbläsaren.
    .remedy = { $family ->
        [google] Börja om och godkänn. Google nekar utan att fråga så länge applikationen är i Testing och kontot inte är testanvändare: Google Auth Platform > Audience > Test users > Add users.
       *[other] Börja om och godkänn{ do-by-connect }
    }
consent-timed-out = Ingen gav sitt medgivande i tid.
    .remedy = Börja om{ do-by-connect }

provider-busy = { $provider } ber oss återkomma senare.
    .remedy = Ingenting behöver göras: Mailferry frågar igen av sig självt.
provider-down = { $provider } har egna problem.
    .remedy = Ingenting behöver göras: Mailferry frågar igen av sig självt.
provider-unreachable = { $provider } går inte att nå.
    .remedy = Kontrollera att den här datorn når leverantören via https; Mailferry frågar igen av sig självt.
provider-slow = { $provider } svarade inte i tid.
    .remedy = Ingenting behöver göras: Mailferry frågar igen av sig självt.
provider-not-json = { $provider } svarade med något som inte är en token.
    .remedy = Kontrollera att oauth.providers.{ $provider }.token_url stämmer och att ingen proxy svarar i dess ställe; Mailferry frågar igen av sig självt.
provider-redirected = { $provider } omdirigerar begäran till en annan adress, och dit skickas ingen hemlighet.
    .remedy = Kontrollera att oauth.providers.{ $provider }.token_url stämmer; Mailferry frågar igen av sig självt.
provider-too-large = { $provider } svarade med mer än en megabyte.
    .remedy = Kontrollera att oauth.providers.{ $provider }.token_url stämmer; Mailferry frågar igen av sig självt.
provider-waiting = En annan process håller på att förnya token hos { $provider }, och det drar ut på tiden.
    .remedy = Ingenting behöver göras: Mailferry försöker igen av sig självt.
server-unwell = E-postservern nekade, men släppte in oss när vi försökte igen.
    .remedy = Ingenting behöver göras. Händer det ofta: minska antalet samtidiga anslutningar (schedule.per_host).
server-throttled = E-postservern ber oss återkomma senare.
    .remedy = Ingenting behöver göras: Mailferry väntar så länge servern har begärt. Händer det ofta: hämta mer sällan eller med färre anslutningar (schedule.per_host).

mailbox-no-oauth = { $host } godtar inte inloggning med åtkomsttoken.
    .remedy = Kontrollera att servern är rätt; om den är det, använd lösenord{ do-by-password }
mailbox-password-login-off = Microsoft tar inte längre emot lösenord här.
    .remedy = Använd OAuth i stället{ do-by-oauth }
mailbox-audience-wrong = Åtkomsttoken är utfärdad för { $found } och inte för e-postservern.
    .remedy = { $family ->
        [microsoft] Begär e-postserverns egna behörigheter: https://outlook.office.com/IMAP.AccessAsUser.All, eller https://outlook.office365.com/.default för app-only.
       *[other] Ändra oauth.providers.{ $provider }.scopes, eller .audiences om token är rätt.
    }
mailbox-token-scope-missing = Åtkomsttoken saknar behörigheten { $scope }.
    .remedy = Administrationscentret för Microsoft Entra > Entra ID > App registrations > applikationen > API permissions > Add a permission > Microsoft Graph > Delegated permissions > { $scope } > Grant admin consent; { do-and-connect }
mailbox-role-missing = Applikationens token saknar rollen { $role }.
    .remedy = Administrationscentret för Microsoft Entra > Entra ID > App registrations > applikationen > API permissions > Add a permission > APIs my organization uses > Office 365 Exchange Online > Application permissions > { $role }; sedan Grant admin consent.
mailbox-service-principal-missing = Exchange känner inte till applikationen, eller känner den under ett annat objekt-id.
    .remedy = I Exchange Online PowerShell: New-ServicePrincipal -AppId { $ps_client_id } -ObjectId { $ps_object_id } -DisplayName 'Mailferry' (finns redan en med annat ObjectId: först Remove-ServicePrincipal); det kan ta upp till två timmar. `mailferry oauth app-only` skriver ut alla rader.
mailbox-app-permission-missing = Applikationen saknar behörighet till postlådan { $target }, eller så är IMAP avstängt där.
    .remedy = I Exchange Online PowerShell: Add-MailboxPermission -Identity { $ps_target } -User { $ps_object_id } -AccessRights FullAccess; om behörigheten redan finns: Set-CASMailbox -Identity { $ps_target } -ImapEnabled $true. Det kan ta upp till två timmar.
mailbox-delegate-permission-missing = { $identity } har inte full åtkomst till postlådan { $target }, eller så är IMAP avstängt där.
    .remedy = I Exchange Online PowerShell: Add-MailboxPermission -Identity { $ps_target } -User { $ps_identity } -AccessRights FullAccess -AutoMapping $false; om behörigheten redan finns: Set-CASMailbox -Identity { $ps_target } -ImapEnabled $true. Det kan ta upp till två timmar.
mailbox-imap-off = IMAP är avstängt för { $target }, eller så har kontot ingen postlåda där.
    .remedy = { $family ->
        [microsoft] Administrationscentret för Exchange > Recipients > Mailboxes > postlådan > General > Manage email apps settings > IMAP > Enabled > Save, eller i Exchange Online PowerShell: Set-CASMailbox -Identity { $ps_target } -ImapEnabled $true
        [google] Googles administratörskonsol > Apps > Google Workspace > Gmail > End User Access > POP and IMAP access > Enable IMAP access for all users.
       *[other] Slå på IMAP för kontot hos { $host }.
    }
mailbox-token-refused = { $host } avvisar åtkomsttoken för { $identity } till { $target }.
    .remedy = { $family ->
        [google] Kontrollera att { $target } är kontots huvudadress och inget alias, och att IMAP är på: Googles administratörskonsol > Apps > Google Workspace > Gmail > End User Access > POP and IMAP access; { do-and-connect }
       *[other] Kontrollera att { $target } är postlådans huvudadress och inget alias{ do-by-username }, och { do-and-connect }
    }
mailbox-too-many-refusals = { $host } har nekat flera inloggningar som { $target }, så nästa får vänta ungefär { $minutes } min.
    .remedy = Vänta, så att kontot inte låses; ge sedan rätt lösenord.

server-answers-contradict = { $kind ->
        [exists] Servern säger att mappen { $folder } har { $one } mejl men listar { $other } av dem, hur den än tillfrågas: mejl kan saknas.
        [fetch] Servern nämner ett mejl med numret { $one } i mappen { $folder }, men dess listor slutar vid { $other }, hur den än tillfrågas: mejl kan saknas.
       *[status] Servern räknar { $one } mejl i mappen { $folder } men visar { $other } av dem när den öppnas: mejl kan saknas.
    }
    .remedy = Meddela den som sköter mejlservern; det som går att lista hämtas under tiden, och Mailferry försöker igen vid varje hämtning.
mailbox-copy-returns = { $count ->
        [one] Ett mejl i mappen { $folder } kom dit efter att Mailferry hade flyttat, tagit bort eller märkt det. Det importeras inte en gång till och lämnas i fred.
       *[other] { $count } mejl i mappen { $folder } kom dit efter att Mailferry hade flyttat, tagit bort eller märkt dem. De importeras inte en gång till och lämnas i fred.
    }
    .remedy = Se efter om mappen som mejl flyttas till själv hämtas under ett annat namn, eller om en regel eller ett annat program lägger tillbaka mejl; ändra sedan vad som händer med kopian{ do-by-after-import }

# Vad som kommer att upphöra.
ends-client-secret = { $days ->
        [0] klienthemligheten för { $provider } går ut inom ett dygn
        [one] klienthemligheten för { $provider } går ut om 1 dag
       *[other] klienthemligheten för { $provider } går ut om { $days } dagar
    }
ends-unused-consent = { $days ->
        [0] medgivandet från { $identity } upphör inom ett dygn om det inte används
        [one] medgivandet från { $identity } upphör om 1 dag om det inte används
       *[other] medgivandet från { $identity } upphör om { $days } dagar om det inte används
    }
ends-google-testing = { $days ->
        [0] medgivandet från { $identity } upphör inom ett dygn, eftersom applikationen är i Testing
        [one] medgivandet från { $identity } upphör om 1 dag, eftersom applikationen är i Testing
       *[other] medgivandet från { $identity } upphör om { $days } dagar, eftersom applikationen är i Testing
    }
ends-timed-consent = { $days ->
        [0] medgivandet från { $identity } gavs för en viss tid och upphör inom ett dygn
        [one] medgivandet från { $identity } gavs för en viss tid och upphör om 1 dag
       *[other] medgivandet från { $identity } gavs för en viss tid och upphör om { $days } dagar
    }
ended-client-secret = klienthemligheten för { $provider } har gått ut
ended-unused-consent = medgivandet från { $identity } har troligen upphört, eftersom det inte har använts
ended-google-testing = medgivandet från { $identity } har troligen upphört, eftersom applikationen är i Testing
ended-timed-consent = medgivandet från { $identity } gavs för en viss tid och har upphört

# Vad webbläsaren visar när någon kommer tillbaka från leverantören.
callback-title = Mailferry
callback-done = { $identity } är ansluten. Du kan stänga det här fönstret.
callback-failed = Det gick inte att ansluta.

# Vad som görs, där läsaren är: vid en terminal eller på en sida.
do-run-connect = { $place ->
        [page] Ge medgivandet på nytt
       *[terminal] Kör: mailferry oauth connect { $mailbox }
    }
do-and-connect = { $place ->
        [page] ge sedan medgivandet på nytt
       *[terminal] kör sedan: mailferry oauth connect { $mailbox }
    }
do-by-connect = { $place ->
        [page] .
       *[terminal] : mailferry oauth connect { $mailbox }
    }
do-by-check = { $place ->
        [page] , eller genast när anslutningen kontrolleras på postlådans sida.
       *[terminal] , eller genast med: mailferry mailbox check { $mailbox }
    }
do-by-identity = { $place ->
        [page] { " " }som kontot som loggar in.
       *[terminal] : mailferry mailbox set { $mailbox } --login-identity { $found }
    }
do-by-password = { $place ->
        [page] .
       *[terminal] : mailferry mailbox set { $mailbox } --password-stdin
    }
do-by-oauth = { $place ->
        [page] : medgivande hos Microsoft i stället för ett lösenord.
       *[terminal] : mailferry mailbox set { $mailbox } --oauth microsoft
    }
do-by-username = { $place ->
        [page] { "" }
       *[terminal] { " " }(mailferry mailbox set { $mailbox } --username …)
    }
do-by-tenant = { $place ->
        [page] .
       *[terminal] , och kör sedan för en app-only-postlåda: mailferry mailbox set { $mailbox } --oauth { $provider } --app-only
    }
do-by-after-import = { $place ->
        [page] .
       *[terminal] : mailferry mailbox set { $mailbox } --after-import …
    }
