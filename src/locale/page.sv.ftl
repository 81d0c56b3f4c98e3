# Texten på sidorna.
skip = Hoppa till innehållet
nav-label = Delar
nav-mailboxes = Postlådor
nav-inboxes = Inkorgar
nav-search = Var är mitt mejl?
nav-audit = Händelser
nav-people = Användare
nav-settings = Inställningar
log-out = Logga ut
log-in = Logga in
save = Spara
add = Lägg till
search = Sök
copy-to-clipboard = Kopiera
copied-to-clipboard = Kopierat
remove = Ta bort
never = aldrig
none-yet = inget ännu
back = Tillbaka
next = Nästa

# Tider.
time-just-now = nyss
time-soon = strax
time-minutes-ago = { $count ->
        [one] för { $count } minut sedan
       *[other] för { $count } minuter sedan
    }
time-hours-ago = { $count ->
        [one] för { $count } timme sedan
       *[other] för { $count } timmar sedan
    }
time-days-ago = { $count ->
        [one] för { $count } dag sedan
       *[other] för { $count } dagar sedan
    }
time-in-minutes = { $count ->
        [one] om { $count } minut
       *[other] om { $count } minuter
    }
time-in-hours = { $count ->
        [one] om { $count } timme
       *[other] om { $count } timmar
    }
time-in-days = { $count ->
        [one] om { $count } dag
       *[other] om { $count } dagar
    }

# När något inte går.
fault-not-found = Här finns ingenting.
quarantine-no-longer = Mejlet ligger inte längre åt sidan: det kan ha hämtats, eller så har mappen numrerats om.
fault-forbidden = Det får du inte göra med din roll.
fault-sign-in = Logga in först.
fault-cross-site = Begäran kom inte från Mailferrys egna sidor och utfördes därför inte.
fault-conflict = Det går inte.
fault-internal = Något gick fel hos Mailferry. Ingenting har gått förlorat; försök igen om en stund.
fault-busy = Många mejl läses just nu. Försök igen om en stund.
fault-full = Mailferry har inte plats för den här begäran just nu. Försök igen om en stund.
fault-no-host = Begäran anger inte entydigt vilket namn den frågar efter och besvaras därför inte.
fault-other-host = Det här är inte webbplatsen som efterfrågades. Driften anger alla namn för Mailferry i konfigurationen, i http.url och http.hosts.
fault-nul = En text i begäran innehåller tecknet U+0000, som ingen text här kan innehålla. Ingenting har gjorts.
fault-form = Formuläret är för långt eller kom inte fram i sin helhet. Ingenting har gjorts.
server-without-tls = Utan TLS kan lösenordet läsas på vägen till den servern. Bara driften kan välja det för en annan dator än den här.
fault-role = Välj en roll.
fault-yourself = Dig själv kan du inte ta bort.
fault-address = Det är ingen e-postadress.
fault-back = Till postlådorna

# In- och utloggning, konton.
login-title = Logga in
login-no-accounts = Ingen har något konto ännu. När servern startar (mailferry serve) skriver den ut en länk för det första kontot; länken gäller en gång.
login-wrong = Namnet eller lösenordet är fel.
login-wait = { $count ->
        [one] För många försök. Försök igen om { $count } minut.
       *[other] För många försök. Försök igen om { $count } minuter.
    }
mailbox-wait = Inloggningen hos postlådans server har misslyckats flera gånger. Vänta { $count ->
    [one] en minut
   *[other] { $count } minuter
    } så att kontot inte låses.
passwords-wait = { $count ->
        [one] Servern har nekat flera lösenord för kontot. Vänta en minut innan du ger nästa, så att kontot inte låses.
       *[other] Servern har nekat flera lösenord för kontot. Vänta { $count } minuter innan du ger nästa, så att kontot inte låses.
    }
login-busy = Många loggar in just nu. Försök igen om en stund.
login-sso = Logga in med { $name }
login-sso-no-account = { $identity } har inget konto här. Be en administratör om en inbjudan.
login-sso-other = { $identity } är redan kopplad till ett annat konto hos leverantören. Be driften att ge ett nytt lösenord med mailferry user passwd; då kan kopplingen göras om.
login-sso-failed = Inloggningen hos { $name } gick inte att slutföra. Försök igen.
name = Namn
name-hint = Till exempel din e-postadress.
name-wrong = Ett namn har 1 till 100 tecken, utan mellanslag, citattecken och < > & / \.
name-refused = Det namnet går inte att använda. Välj ett annat, till exempel hela din mejladress.
password = Lösenord
password-hint = Minst 8 tecken. En mening du minns är bättre än ett krångligt ord.
password-again = Lösenordet igen
password-now = Nuvarande lösenord
password-new = Nytt lösenord
password-change = Byt lösenord
password-ends-sessions = Andra webbläsare där du är inloggad loggas ut.
password-too-short = Lösenordet är för kort: minst 8 tecken.
password-too-long = Lösenordet är för långt: högst 1000 tecken.
password-differs = De två lösenorden är inte lika.
password-now-wrong = Det nuvarande lösenordet är fel.
setup-title = Välkommen till Mailferry
setup-text = Det här är det första kontot. Det får göra allt; fler bjuder du in sedan.
invitation-title = Skapa ditt konto
account-create = Skapa kontot
account-title = Ditt konto
account-preferences = Språk och tid
account-password = Lösenord
language = Språk
zone = Tidszon
zone-hint = Nu är klockan { $time } där.
role = Roll
invitations-open = Inbjudningar som väntar
invitation-revoke = Ta tillbaka
created-by = Skapad av
valid-until = Gäller till
done-invitation-revoked = Inbjudan är tillbakatagen.
role-viewer = Läsare
role-admin = Administratör
role-operator = Driftansvarig
role-text-viewer = Ser sin organisations postlådor, inkorgar och mejl, men ändrar ingenting.
role-text-admin = Ansluter postlådor och ändrar allt som hör till organisationen.
role-text-operator = Ser och ändrar allt, i alla organisationer.
organisation = Organisation
organisation-hint = Ett nytt namn blir en ny organisation. En driftansvarig hör inte till någon.
last-login = Senast inloggad
invite-title = Bjud in någon
invite-create = Skapa en inbjudan
invite-created = Skicka den här länken till den du bjuder in. Den visas bara nu, gäller en gång och i sju dagar.
link-invalid-title = Länken gäller inte
link-invalid-text = Den är redan använd, eller så har dess tid gått ut. Be den som skickade den om en ny.
person-remove-sure = Ta bort { $name }? Inbjudningar, kundlänkar och API-nycklar som { $name } har skapat slutar också att gälla.

# Det som just har hänt.
done-saved = Sparat.
done-login-anew = Sparat. Lösenordet eller medgivandet gavs för servern, dess certifikat och användarnamnet som de var förut: ge det på nytt.
done-password = Lösenordet är bytt.
done-person-removed = Användaren är borttagen och utloggad.

# Listan med postlådor.
mailbox = Postlåda
state = Läge
last-fetch = Senaste hämtning
last-mail = Senaste mejl
today = I dag
next-poll = Nästa hämtning
connect-mailbox = Anslut en postlåda
list-search = Adress eller inkorg
list-states = Lägen
list-all = Alla { $count }
list-nothing = Ingen postlåda stämmer med sökningen.
list-quiet = Allt fungerar, men inget mejl har kommit på länge. Skicka ett testmejl.
list-empty-title = Här blir det mejl
list-empty-text = När en postlåda är ansluten hämtar Mailferry det som kommer dit och lägger det i rätt inkorg. Kundens eget exemplar lämnas i fred om inget annat väljs.
list-empty-inbox = Inkorgen skapar du samtidigt.
list-empty-viewer = En administratör kan ansluta den första.
pages = Sidor
page-of = Sida { $page } av { $pages }
page-previous = Föregående
page-next = Nästa
mailbox-state-needs-person = Behöver åtgärd
mailbox-state-failing = Fel, försöker igen
mailbox-state-behind = Ligger efter
mailbox-state-new = Ny
mailbox-state-ok = Fungerar
mailbox-state-setup = Inte startad
mailbox-state-paused = Pausad

# Vad en hämtning gick fel på, och vad man gör.
error-reach = Servern går inte att nå under det namnet och på den porten.
error-tls = Den säkra anslutningen till servern gick inte att upprätta.
error-starttls = Servern gick inte över till en säker anslutning.
error-greeting = Servern svarar, men inte som en e-postserver.
error-token = Mailferry får ingen åtkomst av leverantören.
error-login = Servern släppte inte in Mailferry.
error-select = En mapp gick inte att öppna.
error-search = Servern kunde inte lista mejlen.
error-fetch = Ett mejl gick inte att hämta.
error-import = Mejlen kunde inte sparas.
error-settle = Kundens exemplar kunde inte hanteras som valt; mejlen är i inkorgen.
error-record = Resultatet kunde inte sparas.
error-lease = Postlådan ändrades under hämtningen.
error-place = Just nu kontrolleras för många postlådor samtidigt.
error-pace = Servern svarade för långsamt medan andra postlådor väntade.
error-other = Den senaste hämtningen gick fel.
remedy-reach = Kontrollera serverns namn och port, och att brandväggen hos kunden släpper in oss. Mailferry försöker igen av sig själv.
remedy-tls = Kontrollera att porten talar TLS (oftast 993) och att certifikatet är giltigt för namnet.
remedy-login = Kontrollera användarnamn och lösenord, och att IMAP är påslaget för kontot. Lösenordet byts under Lösenord och medgivande på postlådans sida.
remedy-select = Kontrollera att mappen finns kvar, eller välj en annan.
remedy-us = Det är den som driver Mailferry som behöver göra något.
remedy-place = Försök igen om en minut.
remedy-pace = Ett nytt försök görs automatiskt, med mer tålamod. Om felet kvarstår bör den som sköter e-postservern ta reda på varför den är långsam.
remedy-other = Mailferry försöker igen av sig själv.
# En postlåda.
mail = Mejl
nav-mails = Mejl
mails = { $count ->
        [one] { $count } mejl
       *[other] { $count } mejl
    }
mails-unknown = okänt antal mejl
inbox = Inkorg
folder = Mapp
folders = Mappar
server = Server
time = Tid
reason = Orsak
your-copy = Kundens exemplar
catching-up = Kommer ikapp
both-ways-label = Vidarebefordran
logs-in = Loggar in
complete = Avstämning
complete-yes = Alla mejl på servern är redovisade
complete-unknown = Inte jämfört med servern än
complete-contradicted = Inte känt: serverns svar motsäger varandra
compared-at = jämfört { $time }
complete-no = { $count ->
        [one] { $count } mejl på servern är inte redovisat
       *[other] { $count } mejl på servern är inte redovisade
    }
pending = { $count ->
        [one] { $count } väntar på att hämtas
       *[other] { $count } väntar på att hämtas
    }
copies-impossible = { $count ->
        [one] { $count } exemplar kunde inte hanteras
       *[other] { $count } exemplar kunde inte hanteras
    }
zero-changes = 0 ändrande kommandon skickade till postlådan sedan { $time }
by-consent = med medgivande från { $identity } ({ $provider })
by-password = som { $username }, med lösenord
tls-implicit = krypterat från början (TLS)
tls-starttls = krypterat efter STARTTLS
tls-none = okrypterat, endast till den här datorn
change-settings = Ändra inställningar
test-mail = Testmejl
poll-now = Hämta nu
pause = Pausa
resume = Återuppta
check-now = Sök felet
check-title = Steg för steg
check-failed = här stannar det
check-reached = Servern svarar.
check-step-dns = Serverns namn
check-step-tcp = Anslutning
check-step-tls = Säker anslutning
check-step-starttls = Säker anslutning
check-step-greeting = Hälsning
check-step-token = Åtkomst från leverantören
check-step-login = Inloggning
check-step-capabilities = Vad servern kan
check-step-folder = Mapp
check-step-select = Mappen öppnas
check-step-after-import = Kundens exemplar
check-step-diagnosis = Orsak
check-step-search = Sökning
check-step-settle = Kundens exemplar
failing-since = Felet började { $time }.
retry-at = Mailferry försöker igen { $time }.
technical-details = Teknisk text
chart-mails = Mejl per dag
chart-fetches = Hämtningar per dag
chart-most = som mest { $count }
chart-failures = rött är misslyckade
chart-none = Inget de senaste 30 dagarna.
chart-day = { $date }: { $number }
chart-day-failures = { $date }: { $number }, varav { $bad } misslyckade
polls-title = Senaste hämtningar
polls-none = Ingen har ännu gett mejl eller gått fel.
poll-ok = Gick bra
imported = Hämtade
poll-skipped = Utelämnade
poll-quarantined = Åt sidan
poll-result = Vad som hände
quarantine-title = Lagt åt sidan
quarantine-text = De här mejlen finns kvar hos kunden men kunde inte hämtas. Inget är förlorat.
retry = Försök igen
skip-mail = Hoppa över
ledger-title = Vad som hände med varje mejl
ledger-text = Varje mejl på servern har ett nummer (UID). Här står vad som hände med det.
ledger-link = Vad som hände med varje mejl
ledger-all = Alla
ledger-none = Inga mejl i det här läget.
uid-pending = väntar
uid-imported = i inkorgen
uid-duplicate = fanns redan i inkorgen
uid-skipped = utelämnat
uid-quarantined = åt sidan
uid-gone = borta från servern
mail-open = Öppna mejlet
older = Äldre
more = Fler
credentials-title = Lösenord och medgivande
credentials-text = Det som sparas här kan ingen läsa igen, bara ersätta.
consent-again = Medge igen hos { $provider }
password-new-mailbox = Nytt lösenord till postlådan
login-other-method = Logga in på ett annat sätt
link-title = Låt kunden göra det
link-text = En länk där kundens egen IT skriver in lösenordet eller ger sitt medgivande. De behöver inget konto här, och du ser aldrig lösenordet.
link-create = Skapa en länk
link-created = Skicka den här länken till kunden. Den visas bara nu, gäller en gång och i tre dagar.
link-open = En länk är öppen till { $time }. En ny ersätter den.
remove-title = Ta bort postlådan
remove-text = Lösenordet eller medgivandet och listan över mejl försvinner. Mejl som redan hämtats ligger kvar i inkorgen, och hos kunden ändras ingenting.
remove-sure = Skriv { $address } för att bekräfta
remove-mailbox = Ta bort postlådan
fault-not-sure = Skriv postlådans adress för att bekräfta. Inget är borttaget.
done-paused = Postlådan är pausad.
done-resumed = Postlådan hämtas igen.
done-poll = Mailferry hämtar från postlådan nu.
done-poll-waits = Mailferry väntar, eftersom servern eller senaste felet kräver det. Fler försök just nu kan låsa kontot.
done-password-mailbox = Lösenordet är sparat, och Mailferry provar det nu.
done-retried = Mailferry försöker igen.
done-skipped = Mejlet utelämnas.
done-mailbox-removed = Postlådan är borttagen.
done-started = Postlådan är startad. Den första hämtningen görs nu.
done-consent = Medgivandet är sparat.
done-inbox-added = Inkorgen finns nu.
done-token-revoked = Nyckeln gäller inte längre.

# Att ansluta en postlåda.
steps = Steg
step-server = Server
step-login = Inloggning
step-folders = Mappar
step-inbox = Inkorg
step-copy = Kundens exemplar
step-start = Från när
step-trial = Provkörning
connect-text = Skriv kundens adress, så letar Mailferry upp servern. Inget hämtas förrän du startar i sista steget.
customers-address = Kundens adress
customers-address-hint = Den korta, som kundens kunder skriver till.
mailbox-organisation-hint = Vilken kund postlådan hör till. Bara den organisationens användare ser den och dess mejl. En ny organisation skapas med dess första inkorg eller inbjudan.
organisation-needed = Välj vilken organisation postlådan hör till.
first-inbox = Inkorgens adress
first-inbox-hint = Dit mejlen kommer. Den här blir den första inkorgen.
find-server = Leta upp servern
address-exists = Den adressen är redan ansluten.
address-not-here = Den adressen kan inte anslutas här. Fråga den som driver Mailferry.
inbox-needed = Ange en adress för inkorgen.
server-title = Stämmer servern?
found-provider = En leverantör som Mailferry känner.
found-mx = Hittad genom domänens e-postposter (MX).
found-autoconfig = Domänen talar själv om det (autoconfig).
found-srv = Domänen talar själv om det (SRV).
found-guess = En gissning: det finns en server med det namnet.
found-nothing = Ingen server hittades. Fyll i det som kundens IT uppger.
host = Server
port = Port
protection = Skydd
username = Användarnamn
username-hint = Oftast hela adressen. För en delad postlåda: dess egen adress.
certificate-own = Servern har ett eget certifikat
certificate-unknown = Servern visar ett certifikat som ingen känd utfärdare står bakom. Jämför fingeravtrycket med vad kundens IT uppger; är det detsamma kan du lita på just det här certifikatet.
certificate-trust = Lita på det här certifikatet
pin = Certifikatets fingeravtryck (SHA-256)
pin-hint = Endast certifikatet med det här fingeravtrycket godtas då.
host-wrong = Det är inget servernamn.
port-wrong = Porten är ett tal från 1 till 65535.
tls-wrong = Välj hur anslutningen skyddas.
tls-needed = Utan kryptering kan lösenordet läsas på vägen; det går bara till den här datorn.
port-not-allowed = Den porten får bara driften använda. Välj 993 eller 143.
server-of-tokens = Postlådan öppnas genom leverantören, vars server är { $host }. Välj ett lösenord först om den ska hämtas någon annanstans ifrån.
server-custom-trust = Postlådan öppnas genom leverantören, vars server känns igen på de vanliga certifikaten. Ta bort fingeravtrycket först.
server-of-application = Postlådan öppnas av en registrerad app. Bara driften kan ändra vilken server och vilken postlåda det är.
server-unknown-to-provider = Driften har inte angett vilken server leverantörens postlådor har (imap_host), så den kan inte användas här.
username-wrong = Skriv ett användarnamn, på en rad.
pin-wrong = Ett fingeravtryck är 64 hexadecimala tecken.
login-step-title = Hur loggar Mailferry in?
microsoft-unregistered = Microsoft tar inte emot lösenord för IMAP. Den som driver Mailferry behöver registrera en applikation hos Microsoft först; docs/office365.md beskriver hur.
consent-text = Den som har { $address } loggar in hos leverantören och medger. Mailferry får aldrig lösenordet.
connect-with = Anslut med { $provider }
shared-title = Är det en delad postlåda?
shared-identity = Kontot som loggar in
shared-hint = En medlem med full åtkomst till den delade postlådan, eftersom ingen loggar in som postlådan själv.
provider-none = Den leverantören är inte registrerad här.
consent-not-here = Det kontots medgivande kan inte användas här.
consent-busy = Medgivandet förnyas just nu. Försök igen om en minut.
consent-not-pending = Medgivandet hörde inte till något som väntade på det, eller så tog det för lång tid. Börja om från postlådan.
password-mailbox = Postlådans lösenord
password-mailbox-hint = Mailferry loggar in som { $username }. Lösenordet sparas krypterat och visas aldrig igen.
password-use = Använd lösenordet
mail-password-wrong = Skriv ett lösenord, på en rad.
login-keep = Behåll inloggningen som den är
folders-title = Vilka mappar ska hämtas?
folders-which = Mappar på servern
login-works = Inloggningen fungerar.
folders-none = Välj minst en mapp.
folders-many = Välj högst 100 mappar.
folders-target = Mejl som flyttas till en mapp som själv hämtas skulle komma in igen. Välj en annan mapp.
special-sent = skickat
special-trash = papperskorg
special-junk = skräppost
special-drafts = utkast
special-archive = arkiv
special-all = alla mejl
special-flagged = flaggade
inbox-title = I vilken inkorg hamnar mejlen?
inbox-text = Flera postlådor kan mata samma inkorg.
inbox-fed-by = Matas av { $mailboxes }
inbox-fed-by-none = Matas av ingen ännu
inbox-new = En ny inkorg
copy-title = Vad händer med kundens exemplar?
copy-text = När ett mejl är säkert i inkorgen.
copy-leave = Lämna det som det är
copy-seen = Märk det som läst
copy-keyword = Märk det med ett nyckelord
copy-move = Flytta det till en mapp
copy-delete = Ta bort det
copy-exactly-leave = Vi ändrar aldrig något i postlådan: mappen öppnas skrivskyddad, så servern själv hindrar oss.
copy-exactly-seen = Varje importerat mejl får märket läst. Annat rörs inte.
copy-exactly-keyword = Varje importerat mejl får nyckelordet. Läst eller oläst ändras inte.
copy-exactly-move = Varje importerat mejl flyttas till mappen, som skapas om den inte finns.
copy-exactly-delete = Varje importerat mejl tas bort från servern, för gott. Andra mejl som är märkta för borttagning rörs inte.
copy-impossible = Den här servern kan inte det:
copy-uncertain = Om mappen behåller märket visar sig först vid första mejlet.
keyword = Nyckelord
target-folder = Mapp att flytta till
keyword-wrong = Ett nyckelord har bokstäver, siffror, - _ . och $.
folder-wrong = Skriv mappens namn.
copy-wrong = Välj vad som ska hända.
start-title = Från när ska mejl hämtas?
start-which = Början
start-now = Från det att du startar
start-now-text = Äldre mejl lämnas utanför.
start-date = Från och med ett datum
start-all = Allt som finns
start-all-text = Gamla mejl märks som historiska, så att ingen får svar på dem automatiskt.
start-wrong = Välj ett datum, som 2026-11-01.
trial-title = Provkörning
trial-text = Så här skulle den första hämtningen bli. Inget importeras och inget ändras.
trial-running = Mailferry tittar i postlådan …
trial-start = Provkör
trial-partial = Allt hann inte undersökas; siffrorna gäller en del.
trial-would = { $count ->
        [one] { $count } mejl skulle hämtas
       *[other] { $count } mejl skulle hämtas
    }
trial-target-others = { $count ->
        [one] 1 mejl till, av andra skäl
       *[other] { $count } mejl till, av andra skäl
    }
trial-target = { $count ->
        [one] { $count } till { $inbox }, eftersom det { $why }
       *[other] { $count } till { $inbox }, eftersom de { $why }
    }
trial-automatic = { $count ->
        [one] varav { $count } automatiskt svar
       *[other] varav { $count } automatiska svar
    }
trial-too-large = { $count ->
        [one] { $count } är för stort och läggs åt sidan
       *[other] { $count } är för stora och läggs åt sidan
    }
trial-before = { $count ->
        [one] { $count } är äldre än början och utelämnas
       *[other] { $count } är äldre än början och utelämnas
    }
trial-known = { $count ->
        [one] { $count } är redan hanterat
       *[other] { $count } är redan hanterade
    }
trial-duplicates = { $count ->
        [one] { $count } finns troligen redan i inkorgen
       *[other] { $count } finns troligen redan i inkorgen
    }
trial-undecided = { $count ->
        [one] { $count } går inte att avgöra i förväg
       *[other] { $count } går inte att avgöra i förväg
    }
trial-not-checked = { $count ->
        [one] { $count } hann inte undersökas
       *[other] { $count } hann inte undersökas
    }
trial-more = { $count ->
        [one] och { $count } till
       *[other] och { $count } till
    }
trial-nothing-changed = Inget har importerats, och inget har ändrats i postlådan.
automatic = (automatiskt)
verdict-import = hämtas
verdict-too-large = för stort, läggs åt sidan
verdict-duplicate = finns troligen redan i inkorgen
verdict-undecided = går inte att avgöra
goes-to = Går till
start-mailbox = Starta
start-promise-leave = Vi ändrar aldrig något i postlådan.
start-promise-seen = Importerade mejl märks som lästa i postlådan.
start-promise-keyword = Importerade mejl får ett nyckelord i postlådan.
start-promise-move = Importerade mejl flyttas till en annan mapp i postlådan.
start-promise-delete = Importerade mejl tas bort ur postlådan.
setup-cancel = Ångra anslutningen
setup-cancel-text = Inget har hämtats ännu, så inget går förlorat.
back-to-mailbox = Till postlådan

# Sidan som kundens IT får.
customer-title = Anslut { $address }
customer-text = { $by } ber om att få hämta nya mejl härifrån till { $inbox }.
customer-server = Lösenordet skickas bara till { $host }, för { $username }.
customer-reached = Port { $port }; { $how }
customer-trust = Mailferry litar där bara på det här certifikatet eller den här utfärdaren, i stället för de vanliga: { $trust }
customer-link-busy = Länken används just nu. Vänta en stund och öppna sidan igen.
customer-server-changed = Servern ändrades medan sidan var öppen. Kontrollera att den är er innan du går vidare.
customer-secret = Lösenordet sparas krypterat. Ingen kan läsa det igen, inte heller den som bad om det.
customer-submit = Lämna lösenordet
customer-again = Länken gäller fortfarande; försök igen.
customer-done-title = Klart
customer-done = { $address } är ansluten.
customer-done-next = Du kan stänga sidan. Länken har gjort sitt och gäller inte längre.

# Inkorgar och mejl.
inboxes-empty-title = Inga inkorgar ännu
inboxes-empty-text = En inkorg är där mejlen hamnar, till exempel jobb.lillestad.se@mail.kundo.se.
inbox-add-title = En ny inkorg
inbox-add = Skapa inkorgen
inbox-address = Adress
inbox-name = Namn
inbox-name-hint = Valfritt. Visas bredvid adressen.
inbox-organisation-hint = Lämna tomt för organisationen default.
inbox-taken = Den adressen kan inte användas; välj en annan.
inbox-empty = Inga mejl ännu. När en postlåda som matar inkorgen får mejl visas de här.
fed-by = Matas av
routes = Fler mottagare
routes-text = Mejl till de här adresserna går hit, från vilken av organisationens postlådor de än kommer.
route-add = Mottagarens adress
reply-from = Svar skickas från
reply-from-hint = Valfritt. Den enda adress som svar från inkorgen skickas från. Levererade mejl bär med sig den, så att ert ärendesystem kan följa den.
from = Från
to = Till
cc = Kopia
sent = Skickat
subject = Ämne
size = Storlek
no-subject = (inget ämne)
message-id = Message-ID
imported-at = Hämtat
why-here = Varför här?
why-seen = Sett i { $mailbox }, mappen { $folder }, som UID { $uid }
why-received = (kom dit { $time })
why-routed = Till { $inbox }, eftersom mejlet { $why }
why-mailbox = kom till postlådan { $what }
why-sent = skickades till { $what } ({ $field })
why-delivered = levererades till { $what } ({ $field })
why-line = har raden { $field }: { $what }
why-imported = I inkorgen { $time }
why-historic = Från tiden före starten.
why-acknowledged = Hämtat av det importerande systemet { $time }
why-forwarded = Samma mejl kom också via vidarebefordran, enligt ert ärendesystem { $time }.
why-also = Samma mejl kom också så här:
mail-original = Originalet (.eml)
mail-text = Mejlets text
mail-as-text = Som ren text
mail-headers = Alla huvudrader
mail-cut = Mejlet visas bara delvis. Originalet innehåller allt. Det här saknas:
mail-cut-html = En del av mejlet visas inte här. Originalet innehåller allt.
cut-mail = det som ligger bortom de första 50 MB
cut-headers = några rubrikfält, eller slutet av långa fält
cut-addresses = några adresser
cut-parts = några delar
cut-depth = delar som ligger för djupt i andra
cut-text = slutet av texten
cut-html = slutet av HTML-texten
cut-time = det som skulle ha tagit för lång tid att läsa
mail-remote = { $count ->
        [one] { $count } bild som ligger någon annanstans visas inte.
       *[other] { $count } bilder som ligger någon annanstans visas inte.
    }
mail-unreadable = Mejlet går inte att visa. Originalet är oskadat och kan laddas ned.
mail-raw-removed = Mejlet är levererat, och innehållet raderades här { $time }, enligt inställningen för leveransmålet.
attachments = Bilagor
search-text = Sök på avsändare, ämne eller Message-ID bland alla mejl som Mailferry någonsin har sett.
search-for = Avsändare, ämne eller Message-ID
search-found = I en inkorg
search-not-imported = Sett, men inte importerat
search-why-not = Varför inte
search-none-title = Ett sådant mejl har inte setts
search-none-text = Det har inte kommit till någon ansluten mapp, eller så kom det före starten. Se efter i kundens skräppost och regler, och om postlådan nyligen har hämtats.
where = Var

# Testmejl.
test-text = Skicka ett mejl till { $address } och följ det hit, steg för steg.
test-code = Ge mig en kod
test-send = Skicka ett testmejl
test-again = Uppdatera
test-subject = Mailferry test { $code }
test-body = Det här är ett test av Mailferry. Du kan ta bort det.
test-send-yourself = Skicka ett mejl till { $address } med den här koden i ämnet, helst från ett annat konto:
test-begun = Testet började
test-sent = Mailferry har skickat mejlet
test-not-sent = Mailferry kunde inte skicka mejlet; skicka det själv.
test-waiting = Väntar på nästa hämtning från postlådan …
test-checked = Postlådan genomsöktes { $time }; mejlet har inte kommit dit ännu.
test-seen = Sett i { $mailbox }, mappen { $folder }, som UID { $uid }
test-elsewhere = Det kom genom en annan postlåda än den du testar.
test-arrived = I inkorgen. Allt fungerar.
test-quarantined = Sett som UID { $uid }, men lagt åt sidan: { $reason }
test-paused = Postlådan är pausad. Återuppta den först.
test-too-soon = Ett test har nyss börjat. Vänta en halv minut innan du börjar ett nytt.
test-held = Servern har bett oss vänta till { $time }.
test-late = Mejlet har inte kommit på fem minuter. Se efter:
test-late-sent = Lämnade det avsändarens server? En studs kommer tillbaka till avsändaren.
test-late-junk = Ligger det i kundens skräppost, eller i en mapp som inte hämtas?
test-late-rule = Finns en regel i postlådan som flyttar eller tar bort det?
test-late-address = Går adressen till just den här postlådan, eller är den en lista eller ett alias?
test-copy-leave = Kundens exemplar av testmejlet lämnas som det är.
test-copy-seen = Testmejlet behandlas som alla andra: det märks som läst.
test-copy-keyword = Testmejlet behandlas som alla andra: det får nyckelordet.
test-copy-move = Testmejlet behandlas som alla andra: det flyttas.
test-copy-delete = Testmejlet behandlas som alla andra: det tas bort hos kunden.

# Händelser och inställningar.
audit-text = Vem som ändrade vad, och när.
audit-none = Inget har ändrats ännu.
audit-actor = Vem
audit-action = Vad
audit-target = På vad
audit-person-added = Lade till en användare
audit-person-joined = Skapade sitt konto
audit-person-invited = Bjöd in någon
audit-invitation-revoked = Tog tillbaka en inbjudan
audit-person-removed = Tog bort en användare
audit-password-changed = Bytte lösenord
audit-token-created = Skapade en API-nyckel
audit-token-revoked = Återkallade en API-nyckel
audit-mailbox-added = Lade till en postlåda
audit-mailbox-changed = Ändrade en postlåda
audit-mailbox-started = Startade en postlåda
audit-mailbox-paused = Pausade en postlåda
audit-mailbox-resumed = Återupptog en postlåda
audit-mailbox-removed = Tog bort en postlåda
audit-credentials-changed = Bytte en postlådas inloggning
audit-consent-asked = Bad om ett medgivande
audit-consent-given = Sparade ett medgivande
audit-consent-given-up = Gav upp ett medgivande
audit-link-made = Skapade en länk till kunden
audit-ledger-retried = Försökte igen med det som låg åt sidan
audit-ledger-skipped = Utelämnade ett mejl
audit-inbox-added = Skapade en inkorg
audit-inbox-changed = Ändrade en inkorg
audit-inbox-removed = Tog bort en inkorg
audit-route-added = Lade till en mottagare för en inkorg
audit-route-removed = Tog bort en mottagare för en inkorg
audit-target-added = Lade till ett leveransmål
audit-target-changed = Ändrade ett leveransmål
audit-target-paused = Pausade ett leveransmål
audit-target-resumed = Återupptog ett leveransmål
audit-target-removed = Tog bort ett leveransmål
audit-delivery-retried = Skickade ett meddelande till sitt mål igen
audit-delivery-moved = Skickade ett kvarhållet meddelande till ett annat mål
audit-delivery-dropped = Kastade leveransen av ett meddelande
audit-held-retried = Skickade alla kvarhållna meddelanden till ett mål igen
audit-held-dropped = Kastade alla kvarhållna leveranser till ett mål
audit-test-begun = Började ett testmejl
audit-organisation-added = Lade till en organisation
audit-key-rotated = Bytte nyckeln
audit-secrets-forgotten = Glömde hemligheterna från en förlorad nyckel
tokens-title = API-nycklar
tokens-text = För program som hämtar mejl eller sköter postlådor genom gränssnittet /api/v1.
token-created = Kopiera nyckeln nu; den visas bara den här gången.
token-name = Namn på den nya nyckeln
token-scope = Rättighet
token-scope-read = Läsa
token-scope-write = Läsa och ändra
token-create = Skapa nyckeln
token-revoke = Återkalla
token-created-by = skapad med { $name }
token-with-descendants = Återkalla också nycklarna som skapats med den: { $names }
token-revoke-sure = Återkalla { $name }? Program som använder den slutar fungera.
last-used = Senast använd
providers-title = Leverantörer
providers-text = Applikationer för inloggning hos Microsoft och Google. De registreras i Mailferrys konfiguration; docs/office365.md och docs/google.md beskriver hur.
provider = Leverantör
application = Applikation
ends = Upphör
provider-unregistered = inte registrerad
callback-text = Adress att registrera hos leverantören:
keys-title = Huvudnyckel
keys-current = Alla hemligheter är förseglade med den nuvarande nyckeln.
keys-old = Några hemligheter är förseglade med en äldre nyckel; kör mailferry key rotate.
settings-own = Språk, tidszon och lösenord

# Vem som gjorde något.
who-command-line = kommandoraden
who-connect-link = kundens länk

# Leveransmål.
targets-title = Leverans
targets-none = Meddelandena ligger i den här inkorgen, där program hämtar dem via API:et. Lägg till ett mål för att också leverera dem till ert ärendesystem.
target = Mål
target-add = Lägg till ett leveransmål
target-add-text = Varje meddelande som kommer från och med nu levereras också till målet, oförändrat. Det ligger även kvar i den här inkorgen.
target-url = Målets adress
target-url-hint = En e-postserver: smtp://mx.kundo.example:587 eller lmtp://mail.kundo.example:24. mx: för e-postservrarna till mottagarens domän. En webhook: https://helpdesk.example/mail
target-username = Användarnamn
target-secret = Lösenord eller hemlighet
target-secret-hint = Lösenordet till användarnamnet. För en webhook utan användarnamn: dess signeringshemlighet (whsec_…) eller bearer-token.
target-secret-kept = En hemlighet är sparad. Lämna fältet tomt för att behålla den. Efter ett byte av signeringshemlighet gäller den gamla i 24 timmar till.
target-secret-again = Hemligheten angavs för den förra adressen. Ange den igen.
target-format = Webhookar får
target-format-json = JSON: det tolkade meddelandet och originalet, signerat enligt Standard Webhooks
target-format-raw = originalmeddelandet (message/rfc822), så som Rails Action Mailbox tar emot det
target-more = Fler inställningar
target-recipient = Mottagare
target-recipient-hint = För e-postservrar. Tomt: inkorgens egen adress.
target-concurrency = Samtidiga förbindelser
target-concurrency-hint = Med fler än en kan meddelanden komma i annan ordning.
target-rate = Mejl per minut
target-rate-hint = Tomt: ingen gräns. Med en gräns överbelastas inte målet när en hel postlåda hämtas.
target-only = Radera mejlets innehåll här några dagar efter leveransen; då finns det bara hos målet
target-look-in = Leta efter mejl i mottagarens postlåda
target-look-in-hint = IMAP-servern där mottagarens mejl kommer fram. Om svaret på ett meddelande går förlorat letar Mailferry där innan meddelandet skickas igen. Gäller bara e-postservrar.
target-look-username = Postlådans användarnamn
target-look-password = Postlådans lösenord
target-look-password-kept = Lämna tomt för att behålla det sparade lösenordet.
target-when-unknown = Om svaret på ett meddelande går förlorat och det inte går att hitta
target-when-unknown-repeat = skicka det igen med samma id; målet kan få det två gånger
target-when-unknown-hold = håll kvar det tills någon bestämmer
target-repair = Gör om avvikande radslut till CRLF för servrar som inte tar emot annat, i stället för att hålla kvar meddelandet
target-ca = Certifikatutfärdare (PEM)
target-ca-hint = Bara för servrar med certifikat från en egen utfärdare. Tomt: oförändrat.
target-test = Testa förbindelsen
target-test-ok = Målet är redo. Dess svar:
target-test-failed = Målet är inte redo.
target-trouble = Målet tar inte emot e-post just nu
target-of-all = Alla inkorgar utan eget mål (anges i konfigurationen)
target-waiting = Väntar
target-held = Kvarhållna
target-delivered = Levererade
target-last-delivered = Senast levererat
target-answer = Svar
target-state-ok = OK
target-state-failing = Fel
target-state-paused = Pausat
target-state-unused = Används inte
target-remove = Ta bort målet
target-remove-text = Meddelandena ligger kvar i inkorgen.
target-remove-sure = Ta bort det här målet?
target-with-undelivered = { $count ->
    [one] Kasta en leverans som väntar eller är kvarhållen
   *[other] Kasta { $count } leveranser som väntar eller är kvarhållna
}
held-title = Kvarhållna meddelanden
held-text = Målet har avvisat de här meddelandena, eller kan redan ha dem. De sparas tills någon bestämmer.
held-retry-all = Skicka alla igen
held-drop-all = Kasta alla
held-drop-all-sure = Kasta alla kvarhållna leveranser till det här målet? Meddelandena ligger kvar i inkorgen.
deliveries-title = Leveranser
deliveries-none = Inget har levererats än.
delivery-state = Läge
delivery-state-queued = Väntar
delivery-state-sending = Skickas
delivery-state-maybe = Kan ha kommit fram, skickas igen
delivery-state-deferred = Avvisat tills vidare, försöks igen
delivery-state-held = Kvarhållet
delivery-state-delivered = Mottaget
delivery-state-dropped = Kastat
delivery-unsure = Målet kan redan ha det.
delivery-retry = Skicka igen
delivery-drop = Kasta
delivery-drop-sure = Kasta den här leveransen? Meddelandet ligger kvar i inkorgen.
last-attempt = Senaste försök
done-target-added = Målet har lagts till. Testa förbindelsen nu.
done-target-paused = Målet har pausats. Meddelanden väntar.
done-target-resumed = Målet har återupptagits.
done-target-removed = Målet har tagits bort.
done-delivery-retried = Mailferry skickar igen.
done-delivery-dropped = Leveransen har kastats. Meddelandet ligger kvar i inkorgen.
