# Sådant som någon har nämnt och som inte finns.
missing-mailbox = postlådan { $name } finns inte
missing-mailbox-of-row = postlådan finns inte längre
missing-inbox = inkorgen { $name } finns inte
missing-route = det finns ingen sådan väg för { $name }
missing-person = användaren { $name } finns inte
missing-token = API-nyckeln { $name } finns inte
missing-organisation = organisationen { $name } finns inte
missing-message = meddelandet { $name } finns inte
missing-delivery-target = det finns inget leveransmål { $name }
missing-delivery = det finns ingen leverans { $name }
missing-test-mail = testet finns inte
missing-invitation = inbjudan finns inte
missing-consent = postlådan öppnas inte längre med det här medgivandet
missing-consented-mailbox = postlådan har tagits bort eller ändrats under tiden; börja om

# Varför en ändring inte går ihop med det som finns.
conflict-mailbox-exists = postlådan { $name } finns redan
conflict-inbox-exists = inkorgen { $name } finns redan
conflict-person-exists = användaren { $name } finns redan
conflict-token-exists = API-nyckeln { $name } finns redan
conflict-organisation-exists = det finns redan en organisation med det namnet
conflict-address-taken = adressen kan inte användas här
conflict-token-ambiguous = flera organisationer har en API-nyckel { $name }; ange vilken organisation
conflict-person-name = ett namn har 1 till 100 tecken, utan mellanslag, citattecken och < > & / \
conflict-token-name = en API-nyckels namn har 1 till 100 tecken, på en rad
conflict-organisation-name = en organisations namn har 1 till 100 tecken, på en rad
conflict-role-organisation = en operatör hör inte till någon organisation, och alla andra till en
conflict-last-operator = { $name } är den sista operatören; lägg till en annan först
conflict-inbox-in-use = { $name } får fortfarande mejl från { $by }; ta bort eller led om dem först
conflict-inbox-holds-mail = { $name } innehåller { $count } meddelanden; med --with-messages försvinner de också, för gott
conflict-target-holds-mail = mål { $target } har { $count } { $count ->
        [one] mejl som inte är levererat
       *[other] mejl som inte är levererade
    }; --with-undelivered kastar leveranserna, och mejlen ligger kvar i inkorgen
conflict-delivery-not-open = leverans { $id } är levererad, eller skickas just nu
conflict-delivery-not-held = leverans { $id } är inte kvarhållen
conflict-target-of-other-inbox = mål { $id } hör till en annan inkorg
conflict-target-of-configuration = målet står i konfigurationen (delivery.default) och ändras där
conflict-target-is-polled = { $address } är en postlåda som Mailferry hämtar från: mejlen skulle hämtas och levereras om och om igen
conflict-mailbox-is-target = en inkorgs mejl levereras till { $address }, som är den här postlådan: mejlen skulle hämtas och levereras om och om igen
conflict-raw-mail-removed = meddelande { $id } är levererat, och innehållet raderades här { $time }, enligt inställningen för leveransmålet (--only)
conflict-move-into-polled = move:{ $target }: den mappen hämtas själv; välj en annan
conflict-move-into-polled-maybe = move:{ $target }: det kan vara den hämtade mappen { $folder } under ett annat namn; välj en annan
conflict-move-into-other-polled = move:{ $target }: den mappen hämtas själv; välj en annan: postlådan { $mailbox } loggar in på samma konto
conflict-move-into-other-polled-maybe = move:{ $target }: det kan vara den hämtade mappen { $folder } under ett annat namn; välj en annan: postlådan { $mailbox } loggar in på samma konto
conflict-in-setup = den håller på att ställas in på sidan, och startas där
conflict-paused = den är pausad
conflict-failing = de senaste hämtningarna misslyckades, och nya försök görs av sig självt; en ändring ger ett försök genast
conflict-server-asked-to-wait = servern har bett oss att vänta ett tag
conflict-server-asked-to-wait-until = servern har bett oss att vänta till { $until }
conflict-uid-not-open = det UID:t varken väntar eller är undanlagt
conflict-mailbox-changed = { $name } har ändrats under tiden; börja om
conflict-old-key-in-use = något förseglas fortfarande med den gamla nyckeln, så båda finns kvar; kör `mailferry key rotate` igen
conflict-no-consent-of-application = den öppnas av programmet självt, så det finns inget medgivande att ge upp
conflict-no-consent-of-password = den öppnas med ett lösenord; det finns inget medgivande att ge upp

# Hur ett medgivande slutade hos leverantören.
revocation-shared = Medgivandet finns kvar, eftersom andra postlådor öppnas med det.
revocation-app-only = Programmet behåller sin rätt tills en administratör tar bort den (Exchange: Remove-MailboxPermission).
revocation-ended = { $provider } har avslutat medgivandet från { $identity }.
revocation-never-given = { $identity } hade inte gett något medgivande.
revocation-unsupported = { $family ->
    [microsoft] { $provider } kan inte avsluta ett medgivande härifrån: { $identity } kan ta bort programmet på https://myapps.microsoft.com, eller så avslutar en administratör medgivandet med Remove-MgOauth2PermissionGrant.
   *[other] { $provider } kan inte avsluta ett medgivande härifrån: avsluta det där för hand.
}
revocation-refused = { $family ->
    [microsoft] Hos { $provider } kunde medgivandet inte avslutas ({ $why }): { $identity } kan ta bort programmet på https://myapps.microsoft.com, eller så avslutar en administratör medgivandet med Remove-MgOauth2PermissionGrant.
   *[other] Hos { $provider } kunde medgivandet inte avslutas ({ $why }): avsluta det där för hand.
}
revocation-failed = { $family ->
    [microsoft] Hos { $provider } kunde medgivandet inte avslutas: { $identity } kan ta bort programmet på https://myapps.microsoft.com, eller så avslutar en administratör medgivandet med Remove-MgOauth2PermissionGrant.
   *[other] Hos { $provider } kunde medgivandet inte avslutas: avsluta det där för hand.
}

# Det som granskningen berättar mer om en ändring.
part-inbox = inkorgen
part-server = servern
part-username = inloggningsnamnet
part-folders = mapparna
part-start = från när
part-after-import = kundens kopia
part-interval = intervallet
part-max-size = största mejl
detail-target-secret = { $url }, med en ny hemlighet
detail-with-messages = med sina meddelanden
detail-tokens-revoked = Återkallade API-nycklar: { $count }
detail-descendants-revoked = API-nycklar som skapats med den, återkallade också: { $names }
detail-descendants-valid = API-nycklar som skapats med den, fortfarande giltiga: { $names }

# Varför ett mejl i liggaren inte har något meddelande.
reason-too-large = för stort; det finns kvar hos kunden
reason-before-start = från tiden före starten
reason-by-hand = utelämnat för hand
reason-gone = finns inte längre på servern
reason-same-mail = samma mejl finns redan i inkorgen
reason-returned = Mailferrys egen flytt eller borttagning har lagt det här
reason-too-many-attempts = { $why } (begärt { $count } gånger); det finns kvar hos kunden

# Varför ett mejl inte kunde hämtas.
reason-substitute = Exchange lämnade ut en ersättning i stället för mejlet
reason-not-returned = servern lämnade inte ut det
reason-no-body = servern lämnade inte ut det
reason-empty-body = servern lämnade inte ut det
reason-empty-despite-size = servern lämnade inte ut det
reason-other-bytes = servern lämnar ut andra byte än vid en tidigare hämtning; mejlet begärs från början
reason-wrong-part = servern lämnar ut fel del: { $part }
reason-refused = { $words }
reason-interrupted = hämtningen bröts
reason-failed-before = servern lämnade inte ut det
reason-header-not-returned = servern listar det och lämnar inte ut dess huvud
reason-other-mail = servern lämnar ut ett annat mejl under dess UID
reason-no-header = servern svarar utan huvud
reason-empty-header = servern lämnar ut ett tomt huvud
reason-headers-refused = servern vägrar lämna ut det ena huvudet efter det andra

# Varför en åtgärd på kundens kopia inte är möjlig.
obstacle-read-only = servern öppnar mappen skrivskyddad för det här kontot
obstacle-no-uidplus = servern saknar UIDPLUS, så ett mejl kan inte tas bort utan att det som kunden har märkt för borttagning också försvinner
obstacle-no-deleting = det här kontot får inte ta bort i mappen
obstacle-no-seen = mappen behåller inte märket läst
obstacle-no-keyword = mappen behåller inte nyckelordet { $keyword }
obstacle-move-into-polled = { $target } är den hämtade mappen { $polled }, så flyttade mejl skulle komma in igen
obstacle-no-trash = Gmail visar ingen papperskorg över IMAP; det kan ändras i dess inställningar
obstacle-rebuilt = mappen har byggts om på servern (ny UIDVALIDITY)
obstacle-refused = { $words }
obstacle-not-opened = { $folder } kan inte öppnas för ändringar: { $words }
obstacle-in-folder = { $folder }: { $obstacle }

# Hur en server utför en åtgärd på kundens kopia.
method-untouched = mappen öppnas skrivskyddad och inget i den ändras någonsin
method-flag-stored = mappen behåller det
method-flag-maybe-stored = kräver en mapp som behåller det, vilket `mailbox check --as-polled` eller den första importen visar
method-moved = { $is_there ->
    [true] med MOVE, som servern har
   *[false] med MOVE, som servern har; mappen finns inte än och skapas av den första flytten
}
method-copied = { $is_there ->
    [true] med COPY och UID EXPUNGE (UIDPLUS), som servern har
   *[false] med COPY och UID EXPUNGE (UIDPLUS), som servern har; mappen finns inte än och skapas av den första flytten
}
method-trash = med en flytt till { $trash }, så som Gmail tar bort
method-expunged = med UID EXPUNGE (UIDPLUS), som servern har

# Beslut vid en hämtning som är värda att anteckna.
notice-found-late = Mappen { $folder }: { $count } mejl som servern hade utelämnat i ett tidigare svar hittades och begärdes (UID { $uids }).
notice-renumbered = Mappen { $folder }: servern har numrerat om sina mejl (UIDVALIDITY var { $before } och är { $number }, UIDNEXT { $uidnext }). Det som redan finns här känns igen på sitt innehåll.
notice-uids-reused = { $folder }: servern har gett nummer en andra gång, så allt läses på nytt; mejl som redan finns här känns igen på sitt innehåll
notice-daily-limit = Dagens mängd mejl är förbrukad ({ $bytes } byte); hämtningen fortsätter { $time }.

# Vad en kontroll har hittat.
found-addresses = { $host } är { $addresses }
found-port-answers = Port { $port } svarar.
found-no-tls = Ingen kryptering, som valt: lösenord och mejl går i klartext.
found-tls = { $starttls ->
    [true] STARTTLS
   *[false] TLS från början
}; certifikat för { $subject }, giltigt till { $until }; SHA-256 { $fingerprint }
found-expiry = { $at }, { $days ->
    [one] { $days } dag kvar
   *[other] { $days } dagar kvar
}
found-expiry-soon = { $at }, { $days ->
    [one] bara { $days } dag kvar
   *[other] bara { $days } dagar kvar
}
found-expiry-unreadable = ett slut som inte kan läsas
found-server-text = { $words }
found-token = från { $provider } för { $identity }, gäller till { $until }{ $held }
found-token-unreadable = dess innehåll kan inte läsas
found-token-audience = för { $list }
found-token-rights = ger rätt till { $list }
found-logged-in = som { $username }
found-folder = { $folder }: { $count } mejl
found-folder-uncounted = { $folder }: okänt antal mejl
found-more-folders = och { $count } mappar till
found-folder-opened = { $folder } öppnas skrivskyddad, { $count } mejl
found-folder-opened-without-uidvalidity = { $folder } öppnas skrivskyddad, { $count } mejl; servern ger ingen UIDVALIDITY, så dess mejl skiljs åt genom Message-ID och datum
found-folder-not-opened = { $folder }: { $words }; mapparna är: { $near }
found-after-import = { $action }: { $way }

# Varför ingen TLS-anslutning kunde upprättas.
no-tls-no-name = { $host } kan inte stå i ett certifikat, så det kan inte kontrolleras
no-tls-no-trust = { $words }
no-tls-expired = serverns certifikat har gått ut; dess operatör måste förnya det
no-tls-expired-at = serverns certifikat gick ut { $at }; dess operatör måste förnya det
no-tls-not-yet-valid = serverns certifikat gäller inte än; kontrollera klockorna
no-tls-other-name = serverns certifikat gäller ett annat namn ({ $subject }), inte { $host }; använd det namnet, eller om du känner till certifikatet, lita på just det: --pin-sha256 { $fingerprint } (jämför fingeravtrycket med serverns)
no-tls-unknown-issuer = serverns certifikat kommer från en okänd utfärdare, som inte är betrodd här; ange dess CA med --ca-file, eller om du känner till certifikatet, lita på just det: --pin-sha256 { $fingerprint } (jämför fingeravtrycket med serverns)
no-tls-pin-mismatch = serverns certifikat är inte det som är betrott här; det har fingeravtrycket { $fingerprint }; om det har förnyats, lita på det nya
no-tls-ca-as-server = serverns certifikat är självsignerat och märkt som CA (CaUsedAsEndEntity), vilket inte kan betros som en servers; om du känner till certifikatet, lita på just det: --pin-sha256 { $fingerprint } (jämför fingeravtrycket med serverns)
no-tls-refused = serverns certifikat godtogs inte ({ $fault ->
    [unreadable] det kan inte läsas
    [revoked] det har återkallats
    [signature] dess signatur är fel
    [algorithm] dess signatur är av ett slag som inte stöds
    [extension] det kräver sådant som inte stöds
    [purpose] det är inte till för servrar
    [revocation-unknown] om det har återkallats är inte känt
   *[other] det är inte giltigt
}); om du känner till certifikatet, lita på just det: --pin-sha256 { $fingerprint } (jämför fingeravtrycket med serverns)
no-tls-handshake = TLS-handskakningen misslyckades: { $words }
no-tls-closed = servern stängde anslutningen under TLS-handskakningen; talar porten TLS från början?

# Varför ett mejl inte lämnades över till ett mål.
delivery-unreachable = { $place ->
    [page] servern kan inte nås; kontrollera adressen och porten
   *[other] servern kan inte nås: { $words }
}
delivery-forbidden = { $host } är ingen offentlig adress, så anslutningen nekades; om det är er egen server, ange dess nät i egress.allow (MAILFERRY__EGRESS__ALLOW)
delivery-unresolved = namnservrarna svarar inte för { $domain } just nu
delivery-null-mx = { $domain } tar inte emot mejl: det säger dess MX-post
delivery-no-mail-server = { $domain } har ingen e-postserver: domänen finns inte, eller datorerna i dess MX-poster finns inte
delivery-sts-mismatch = e-postservrarna för { $domain } är inte de som domänens MTA-STS-policy anger; inget skickades, eftersom någon kan försöka leda om mejlet
delivery-no-starttls = servern erbjuder inte STARTTLS, som krävs här; inget skickades
delivery-injected-before-tls = servern skickade data efter sitt svar på STARTTLS, som en angripare skulle göra; inget skickades
delivery-no-auth = en inloggning är angiven, men servern erbjuder ingen som Mailferry kan (PLAIN, LOGIN)
delivery-not-understood = servern talar inte SMTP: den skickade { $fault ->
    [no-code] en rad utan svarskod
    [code-out-of-range] en svarskod som inte finns
    [other-code] ett svar med flera koder
    [unexpected-code] ett svar som inte hör till kommandot
    [unasked] ett svar utan att ha fått någon fråga
    [line-too-long] en alltför lång rad
    [too-many-lines] ett svar med alltför många rader
   *[too-long] ett alltför långt svar
} { $phase ->
    [connect] vid uppkopplingen
    [greeting] som hälsning
    [tls] på STARTTLS
    [hello] på EHLO
    [login] på inloggningen
    [sender] på avsändaren (MAIL FROM)
    [recipient] på mottagaren (RCPT TO)
    [data] på mejlets början (DATA)
    [body] medan mejlet skickades
   *[answer] på hela mejlet; det kan ha kommit fram
}
delivery-not-understood-words = { delivery-not-understood } (”{ $words }”)
delivery-closed = servern stängde anslutningen { $phase ->
    [connect] under uppkopplingen
    [greeting] utan att hälsa
    [tls] innan TLS hade upprättats
    [hello] i stället för att presentera sig (EHLO)
    [login] under inloggningen
    [sender] innan den hade svarat på avsändaren (MAIL FROM)
    [recipient] innan den hade svarat på mottagaren (RCPT TO)
    [data] innan den hade bett om mejlet (DATA)
    [body] medan mejlet skickades
   *[answer] efter hela mejlet, men före sitt svar; mejlet kan ha kommit fram
}
delivery-timed-out = servern svarade inte i tid { $phase ->
    [connect] vid uppkopplingen
    [greeting] med någon hälsning
    [tls] under TLS-handskakningen
    [hello] på EHLO
    [login] på inloggningen
    [sender] på avsändaren (MAIL FROM)
    [recipient] på mottagaren (RCPT TO)
    [data] på mejlets början (DATA)
    [body] medan mejlet skickades
   *[answer] på hela mejlet; det kan ha kommit fram
}
delivery-refused = servern { $phase ->
    [connect] avvisar anslutningen
    [greeting] avvisar anslutningar
    [tls] vägrar att börja med TLS
    [hello] avvisar Mailferrys namn (EHLO)
    [login] avvisar inloggningen
    [sender] avvisar avsändaren
    [recipient] avvisar mottagaren
    [data] avvisar mejlet innan det har skickats
    [body] avvisade mejlet medan det skickades
   *[answer] avvisade mejlet
}: { $reply }
delivery-too-large = mejlet är för stort för servern: { $size } byte, gränsen är { $limit }
delivery-bare-line-ends = i mejlet står ett CR eller LF ensamt, och den här servern kan bara ta emot det i ändrad form (den saknar CHUNKING)
delivery-address-needs-utf8 = servern tar inte emot adressen { $address }, som inte är ASCII (den saknar SMTPUTF8)
delivery-incomplete = det lagrade mejlet har { $size } byte, men { $read } lästes; inget lämnades över
delivery-interrupted = Mailferry avbröts medan mejlet skickades; målet kan ha fått det
delivery-loop = mejlet har redan levererats till { $inbox } och har kommit tillbaka: något vidarebefordrar det till en postlåda som hämtas
delivery-too-many-hops = { $hops } servrar har skickat mejlet vidare, så det går troligen i cirkel
delivery-returned = målets server tog emot mejlet, men en senare server skickade tillbaka det
delivery-returned-words = målets server tog emot mejlet, men en senare server skickade tillbaka det: { $reply }
delivery-forwarded = mejlet hade redan kommit fram via vidarebefordran och levererades därför inte en gång till
delivery-too-many-from-sender = avsändaren skickade fler än { $limit } mejl till den här inkorgen på en timme, vilket tyder på att mejlen går i en slinga
delivery-bytes-removed = mejlets innehåll raderades här efter en tidigare leverans, så det kan inte skickas igen
delivery-no-secret = målets lösenord eller hemlighet kan inte öppnas med installationens nycklar; ange det igen
delivery-not-http = målets svar är inte HTTP
delivery-http-status = målet svarar med status { $status }
delivery-http-status-words = målet svarar med status { $status }: { $words }
delivery-redirected = målet svarar med en omdirigering (status { $status }), som inte följs; ange den URL som den leder till
delivery-not-in-mailbox = svaret gick förlorat, och mejlet finns inte i mottagarens postlåda
delivery-mailbox-closed = svaret gick förlorat, och det går inte att leta efter mejlet i mottagarens postlåda: { $words }
delivery-gone = målet svarar med status 410 (borta): det vill inte ha fler mejl
both-ways = av { $polled ->
    [one] det senaste hämtade mejlet
   *[other] de senaste { $polled } hämtade mejlen
} kom { $also_forwarded } också via vidarebefordran; av { $forwarded ->
    [one] det senaste vidarebefordrade mejlet
   *[other] de senaste { $forwarded } vidarebefordrade mejlen
} hämtades { $also_polled } också
both-ways-forwarding-can-end = de senaste { $count } vidarebefordrade mejlen hämtades också: vidarebefordringsregeln kan nu tas bort
both-ways-polling-can-end = de senaste { $count } hämtade mejlen vidarebefordrades också: postlådan kan nu tas bort här
both-ways-either-can-end = de senaste { $count } mejlen kom både via vidarebefordran och hämtning: nu kan antingen vidarebefordringsregeln tas bort, eller postlådan här
catch-up = { $done } av { $total } levererade
catch-up-minutes = { $done } av { $total } levererade, ungefär { $count ->
    [one] en minut
   *[other] { $count } minuter
} kvar
catch-up-hours = { $done } av { $total } levererade, ungefär { $hours } timmar kvar
backlog = { $done } av { $total } importerade
backlog-minutes = { $done } av { $total } importerade, ungefär { $count ->
    [one] en minut
   *[other] { $count } minuter
} kvar
backlog-hours = { $done } av { $total } importerade, ungefär { $hours } timmar kvar

# Varför en del av det som angavs inte går.
invalid-host-name = ”{ $text }” är inget värdnamn
invalid-port = 0 är ingen port
invalid-tls-mode = ”{ $text }” är varken implicit, starttls eller none
invalid-authorities-not-pem = CA-filen är inte giltig PEM
invalid-authorities-unreadable = CA-filen innehåller ett certifikat som inte går att läsa
invalid-no-authorities = CA-filen innehåller inget certifikat (BEGIN CERTIFICATE)
invalid-fingerprint = ”{ $text }” är inget SHA-256-fingeravtryck: 64 hexadecimala siffror, kolon går bra
invalid-folder-name = ”{ $text }” kan inte vara en mapps namn
invalid-start = ”{ $text }” är varken now, all eller ÅÅÅÅ-MM-DD
invalid-after-import = ”{ $text }” är varken leave, seen, keyword:NAMN, move:MAPP eller delete
invalid-keyword = ”{ $text }” kan inte vara ett nyckelord: bara bokstäver, siffror, - _ . $
invalid-interval = minst { $least }: varje hämtning är en inloggning hos kundens server
invalid-target-url = "{ $text }" är inget mål: skriv smtp://VÄRD[:PORT], smtps://VÄRD, mx:, lmtp://VÄRD[:PORT], lmtp:/SOCKEL eller https://VÄRD/SÖKVÄG
invalid-target-url-with-secret = målets adress får inte innehålla användarnamn eller lösenord; ange dem för sig
invalid-target-unencrypted = http:// godtas bara för den här datorn; använd https://
invalid-webhook-secret = hemligheten börjar med whsec_ men är ingen hemlighet enligt Standard Webhooks: 24 till 64 byte i base64 ska följa
invalid-recipient = "{ $text }" är ingen e-postadress
invalid-concurrency = antalet förbindelser måste vara mellan 1 och { $most }
invalid-mailbox-url = "{ $text }" är ingen IMAP-server: skriv imaps://VÄRD[:PORT] eller imap://VÄRD[:PORT]
invalid-mailbox-login = för att leta efter mejl i en postlåda behövs server, inloggningsnamn och lösenord; ange lösenordet igen när server eller namn har ändrats
invalid-rate = takten måste vara mellan 1 och { $most } mejl i minuten
invalid-not-for-target = { $setting } gäller inte för ett mål av typen { $kind }
invalid-no-password = lösenordet är tomt
invalid-password-characters = lösenordet innehåller en radbrytning eller ett NUL-tecken, vilket ingen e-postserver tar emot
invalid-token-without-tls = åtkomsttoken skickas aldrig utan TLS; välj något annat än none
invalid-no-tenant = oauth.providers.{ $provider }.tenant är tom; ange klientorganisationen där
invalid-no-app-only = { $provider } ger inga token till ett program i sig (oauth.providers.{ $provider }.app_only_scopes är tom)
invalid-provider = { $why }
