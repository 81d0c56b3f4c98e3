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
search = Sök
copy = Kopiera
copied = Kopierat
remove = Ta bort
never = aldrig
none-yet = inget ännu
back = Tillbaka
next = Nästa

# Tider.
time-just-now = nyss
time-soon = om en liten stund
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
fault-forbidden = Det får du inte göra med din roll.
fault-sign-in = Logga in först.
fault-foreign = Begäran kom inte från Mailferrys egna sidor och utfördes därför inte.
fault-conflict = Det går inte.
fault-inside = Något gick fel hos Mailferry. Ingenting har gått förlorat; försök igen om en stund.
fault-role = Välj en roll.
fault-yourself = Dig själv kan du inte ta bort.
fault-address = Det är ingen e-postadress.
fault-back = Till postlådorna

# In- och utloggning, konton.
login-title = Logga in
login-nobody-yet = Ingen har något konto ännu. `mailferry serve` skriver ut en länk för det första kontot när den startar; länken gäller en gång.
login-wrong = Namnet eller lösenordet är fel.
login-wait = { $count ->
        [one] För många försök. Försök igen om { $count } minut.
       *[other] För många försök. Försök igen om { $count } minuter.
    }
login-sso = Logga in med { $name }
login-sso-nobody = { $identity } har inget konto här. Be en administratör om en inbjudan.
login-sso-failed = Inloggningen hos { $name } gick inte att slutföra. Försök igen.
name = Namn
name-hint = Till exempel din e-postadress.
name-wrong = Ett namn har 1 till 100 tecken, utan mellanslag, citattecken och < > & / \.
name-taken = Det namnet finns redan; välj ett annat.
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
account-make = Skapa kontot
account-title = Ditt konto
account-taste = Språk och tid
account-password = Lösenord
language = Språk
zone = Tidszon
zone-hint = Nu är klockan { $time } där.
role = Roll
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
invite-make = Skapa en inbjudan
invite-made = Skicka den här länken till den du bjuder in. Den visas bara nu, gäller en gång och i sju dagar.
link-over-title = Länken gäller inte
link-over-text = Den är redan använd, eller så har dess tid gått ut. Be den som skickade den om en ny.
person-remove-sure = Ta bort { $name }?

# Det som just har hänt.
done-saved = Sparat.
done-password = Lösenordet är bytt.
done-person-removed = Användaren är borttagen och utloggad.

# Listan med postlådor.
mailbox = Postlåda
state = Läge
last-look = Senaste titt
last-mail = Senaste mejl
today = I dag
next-poll = Nästa titt
connect-mailbox = Anslut en postlåda
list-search = Adress eller inkorg
list-states = Lägen
list-all = Alla { $count }
list-nothing = Ingen postlåda stämmer med det du söker.
list-quiet = Allt fungerar, men inget mejl har kommit på länge. Skicka ett testmejl.
list-empty-title = Här blir det mejl
list-empty-text = När en postlåda är ansluten hämtar Mailferry det som kommer dit och lägger det i rätt inkorg. Kundens eget exemplar lämnas i fred om inget annat väljs.
list-empty-inbox = Inkorgen skapar du på vägen.
list-empty-viewer = En administratör kan ansluta den första.
pages = Sidor
page-of = Sida { $page } av { $pages }
page-before = Föregående
page-after = Nästa
fare-needs-person = Behöver dig
fare-failing = Fel, försöker igen
fare-behind = Efter
fare-new = Ny
fare-ok = Fungerar
fare-setup = Inte startad
fare-paused = Pausad

# Vad en titt gick fel på, och vad man gör.
error-dns = Serverns namn gick inte att slå upp, eller så får Mailferry inte ansluta dit.
error-tcp = Servern svarar inte.
error-tls = Den säkra anslutningen till servern kom inte till stånd.
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
error-other = Senaste titten gick fel.
remedy-dns = Kontrollera serverns namn.
remedy-tcp = Kontrollera serverns namn och port, och att brandväggen hos kunden släpper in oss. Mailferry försöker igen av sig själv.
remedy-tls = Kontrollera att porten talar TLS (oftast 993) och att certifikatet är giltigt för namnet.
remedy-login = Kontrollera användarnamn och lösenord, och att IMAP är påslaget för kontot. Byt lösenord här nedanför.
remedy-select = Kontrollera att mappen finns kvar, eller välj en annan.
remedy-us = Det är den som driver Mailferry som behöver göra något.
remedy-other = Mailferry försöker igen av sig själv.
