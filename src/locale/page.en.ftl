# The texts of the pages.
skip = Skip to the content
nav-label = Parts
nav-mailboxes = Mailboxes
nav-inboxes = Inboxes
nav-search = Where is my mail?
nav-audit = Audit
nav-people = People
nav-settings = Settings
log-out = Sign out
log-in = Sign in
save = Save
search = Search
copy = Copy
copied = Copied
remove = Remove
never = never
none-yet = none yet
back = Back
next = Next

# Times.
time-just-now = just now
time-soon = in a moment
time-minutes-ago = { $count ->
        [one] { $count } minute ago
       *[other] { $count } minutes ago
    }
time-hours-ago = { $count ->
        [one] { $count } hour ago
       *[other] { $count } hours ago
    }
time-days-ago = { $count ->
        [one] { $count } day ago
       *[other] { $count } days ago
    }
time-in-minutes = { $count ->
        [one] in { $count } minute
       *[other] in { $count } minutes
    }
time-in-hours = { $count ->
        [one] in { $count } hour
       *[other] in { $count } hours
    }
time-in-days = { $count ->
        [one] in { $count } day
       *[other] in { $count } days
    }

# When something is not possible.
fault-not-found = There is nothing here.
fault-forbidden = Your role does not allow that.
fault-sign-in = Sign in first.
fault-foreign = The request did not come from Mailferry's own pages, so nothing was done.
fault-conflict = That is not possible.
fault-inside = Something went wrong in Mailferry. Nothing is lost; try again in a moment.
fault-role = Choose a role.
fault-yourself = You cannot remove yourself.
fault-address = That is not a mail address.
fault-back = To the mailboxes

# Signing in and out, accounts.
login-title = Sign in
login-nobody-yet = Nobody has an account yet. `mailferry serve` prints a link for the first account when it starts; it works once.
login-wrong = The name or the password is wrong.
login-wait = { $count ->
        [one] Too many tries. Try again in { $count } minute.
       *[other] Too many tries. Try again in { $count } minutes.
    }
login-sso = Sign in with { $name }
login-sso-nobody = { $identity } has no account here. Ask an admin for an invitation.
login-sso-failed = Signing in with { $name } did not come to its end. Try again.
name = Name
name-hint = Your mail address, for example.
name-wrong = A name has 1 to 100 characters, without blanks, quotes and < > & / \.
name-taken = That name is taken; choose another.
password = Password
password-hint = At least 8 characters. A sentence that you remember is better than a tricky word.
password-again = The password again
password-now = Present password
password-new = New password
password-change = Change the password
password-ends-sessions = Other browsers in which you are signed in are signed out.
password-too-short = The password is too short: at least 8 characters.
password-too-long = The password is too long: at most 1000 characters.
password-differs = The two passwords differ.
password-now-wrong = The present password is wrong.
setup-title = Welcome to Mailferry
setup-text = This is the first account. It may do everything; you invite others later.
invitation-title = Make your account
account-make = Make the account
account-title = Your account
account-taste = Language and time
account-password = Password
language = Language
zone = Time zone
zone-hint = It is { $time } there now.
role = Role
role-viewer = Viewer
role-admin = Admin
role-operator = Operator
role-text-viewer = Sees their organisation's mailboxes, inboxes and mail, and changes nothing.
role-text-admin = Connects mailboxes and changes everything that belongs to the organisation.
role-text-operator = Sees and changes everything, in all organisations.
organisation = Organisation
organisation-hint = A new name is a new organisation. An operator belongs to none.
last-login = Last signed in
invite-title = Invite somebody
invite-make = Make an invitation
invite-made = Send this link to whom you invite. It is shown only now, and works once, within seven days.
link-over-title = This link does not work
link-over-text = It was used already, or its time is over. Ask whoever sent it for a new one.
person-remove-sure = Remove { $name }?

# What was just done.
done-saved = Saved.
done-password = The password is changed.
done-person-removed = The person is removed and signed out.

# The list of mailboxes.
mailbox = Mailbox
state = State
last-look = Last look
last-mail = Last mail
today = Today
next-poll = Next look
connect-mailbox = Connect a mailbox
list-search = Address or inbox
list-states = States
list-all = All { $count }
list-nothing = No mailbox is like what you look for.
list-quiet = All is well, but no mail has come for long. Send a test mail.
list-empty-title = Here there will be mail
list-empty-text = Once a mailbox is connected, Mailferry fetches what comes there and puts it into the right inbox. The customer's own copy is left alone unless something else is chosen.
list-empty-inbox = You make the inbox on the way.
list-empty-viewer = An admin can connect the first one.
pages = Pages
page-of = Page { $page } of { $pages }
page-before = Previous
page-after = Next
fare-needs-person = Needs you
fare-failing = Failing, tries again
fare-behind = Behind
fare-new = New
fare-ok = Works
fare-setup = Not started
fare-paused = Paused

# What a look failed at, and what to do.
error-dns = The server's name cannot be looked up, or Mailferry may not connect there.
error-tcp = The server does not answer.
error-tls = The secure connection to the server did not come about.
error-starttls = The server did not change to a secure connection.
error-greeting = The server answers, but not as a mail server.
error-token = The provider gives Mailferry no access.
error-login = The server did not let Mailferry in.
error-select = A folder could not be opened.
error-search = The server could not list the mail.
error-fetch = A mail could not be fetched.
error-import = The mail could not be stored.
error-settle = The customer's copy could not be dealt with as chosen; the mail is in its inbox.
error-record = The result could not be written down.
error-lease = The mailbox was changed while mail was fetched.
error-other = The last look failed.
remedy-dns = Check the server's name.
remedy-tcp = Check the server's name and port, and that the customer's firewall lets us in. Mailferry tries again by itself.
remedy-tls = Check that the port speaks TLS (usually 993) and that the certificate is valid for the name.
remedy-login = Check the login name and the password, and that IMAP is switched on for the account. Change the password below.
remedy-select = Check that the folder is still there, or choose another.
remedy-us = Whoever runs Mailferry has to do something.
remedy-other = Mailferry tries again by itself.
