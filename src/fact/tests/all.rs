//! One of each kind of every fact, by a match that the compiler keeps complete.

use crate::cause::{Cause, Trouble};
use crate::clock::Timestamp;
use crate::fact::*;

pub fn name() -> String {
    "jobb@l.se".to_owned()
}

pub fn things() -> Vec<Thing> {
    let all = vec![
        Thing::Mailbox(name()),
        Thing::MailboxOfRow,
        Thing::Inbox(name()),
        Thing::Route(name()),
        Thing::Person(name()),
        Thing::Token(name()),
        Thing::Organisation(name()),
        Thing::Message(7),
        Thing::TestMail,
        Thing::Invitation,
        Thing::Consent,
        Thing::ConsentedMailbox,
    ];
    for one in &all {
        match one {
            Thing::Mailbox(_) | Thing::MailboxOfRow | Thing::Inbox(_) | Thing::Route(_) | Thing::Person(_) => {}
            Thing::Token(_) | Thing::Organisation(_) | Thing::Message(_) | Thing::Invitation | Thing::Consent => {}
            Thing::ConsentedMailbox | Thing::TestMail => {} // a new kind stands in the list above too
        }
    }
    all
}

pub fn conflicts() -> Vec<Conflict> {
    let into_itself = Conflict::IntoItself { target: name() };
    let perhaps = Conflict::IntoItselfPerhaps { target: name(), folder: name() };
    let to_and_fro = |wrong: &Conflict| Conflict::ToAndFro { wrong: Box::new(wrong.clone()), mailbox: name() };
    let all = vec![
        Conflict::MailboxThere(name()),
        Conflict::InboxThere(name()),
        Conflict::PersonThere(name()),
        Conflict::TokenThere(name()),
        Conflict::OrganisationThere,
        Conflict::AddressElsewhere,
        Conflict::TokenOfSeveral(name()),
        Conflict::PersonName,
        Conflict::TokenName,
        Conflict::OrganisationName,
        Conflict::RoleOutOfPlace,
        Conflict::LastOperator(name()),
        Conflict::InboxFed { inbox: name(), by: vec![name()] },
        Conflict::InboxHoldsMail { inbox: name(), messages: 7 },
        to_and_fro(&into_itself),
        to_and_fro(&perhaps),
        into_itself,
        perhaps,
        Conflict::BeingSetUp,
        Conflict::Paused,
        Conflict::Failing,
        Conflict::HeldByServer,
        Conflict::HeldUntil(Timestamp(1_800_000_000_000)),
        Conflict::NotOpen { folder: name(), uid: 7 },
        Conflict::TestPaused,
        Conflict::TestTooSoon,
        Conflict::MailboxChanged(name()),
        Conflict::OldKeyInUse,
        Conflict::NoConsentOfApplication,
        Conflict::NoConsentOfPassword,
    ];
    for one in &all {
        match one {
            Conflict::MailboxThere(_) | Conflict::InboxThere(_) | Conflict::PersonThere(_) => {}
            Conflict::TokenThere(_) | Conflict::OrganisationThere | Conflict::AddressElsewhere => {}
            Conflict::TokenOfSeveral(_) | Conflict::PersonName | Conflict::TokenName => {}
            Conflict::OrganisationName | Conflict::RoleOutOfPlace | Conflict::LastOperator(_) => {}
            Conflict::InboxFed { .. } | Conflict::InboxHoldsMail { .. } | Conflict::IntoItself { .. } => {}
            Conflict::IntoItselfPerhaps { .. } | Conflict::ToAndFro { .. } | Conflict::BeingSetUp => {}
            Conflict::Paused | Conflict::Failing | Conflict::HeldByServer | Conflict::NotOpen { .. } => {}
            Conflict::TestPaused | Conflict::TestTooSoon | Conflict::MailboxChanged(_) | Conflict::HeldUntil(_) => {}
            Conflict::OldKeyInUse | Conflict::NoConsentOfApplication | Conflict::NoConsentOfPassword => {} // a new kind stands in the list above too
        }
    }
    all
}

pub fn given_up() -> Vec<GivenUp> {
    let mut all = vec![
        GivenUp::Shared,
        GivenUp::OfApplication,
        GivenUp::Ended { provider: name(), identity: name() },
        GivenUp::NeverGiven { identity: name() },
    ];
    for is_microsoft in [true, false] {
        let (provider, identity, why) = (name(), name(), Trouble::new(Cause::Down).about("provider", "x"));
        all.push(GivenUp::NoWay { provider: provider.clone(), identity: identity.clone(), is_microsoft });
        all.push(GivenUp::Failed { provider: provider.clone(), identity: identity.clone(), is_microsoft });
        all.push(GivenUp::Refused { provider, identity, is_microsoft, why });
    }
    for one in &all {
        match one {
            GivenUp::Shared | GivenUp::OfApplication | GivenUp::Ended { .. } | GivenUp::NeverGiven { .. } => {}
            GivenUp::NoWay { .. } | GivenUp::Refused { .. } | GivenUp::Failed { .. } => {} // stands in the list above too
        }
    }
    all
}

pub fn missing() -> Vec<Missing> {
    let all = vec![
        Missing::Substitute,
        Missing::NotGiven,
        Missing::NoBody,
        Missing::EmptyBody,
        Missing::EmptyDespiteSize,
        Missing::OtherBytes,
        Missing::WrongPart { part: name() },
        Missing::Refused { words: name() },
        Missing::BrokenOff { words: name() },
        Missing::InVain { times: 2 },
        Missing::HeaderNotGiven,
        Missing::OtherMail,
        Missing::NoHeader,
        Missing::EmptyHeader,
        Missing::HeadersRefused,
    ];
    for one in &all {
        match one {
            Missing::Substitute | Missing::NotGiven | Missing::NoBody | Missing::EmptyBody => {}
            Missing::EmptyDespiteSize | Missing::OtherBytes | Missing::WrongPart { .. } | Missing::Refused { .. } => {}
            Missing::BrokenOff { .. } | Missing::InVain { .. } | Missing::HeaderNotGiven | Missing::OtherMail => {}
            Missing::NoHeader | Missing::EmptyHeader | Missing::HeadersRefused => {} // stands in the list above too
        }
    }
    all
}

pub fn reasons() -> Vec<Reason> {
    let mut all = vec![
        Reason::TooLarge { size: 5, limit: 4 },
        Reason::BeforeStart,
        Reason::ByHand,
        Reason::Gone,
        Reason::SameMail,
        Reason::Returned,
    ];
    for why in missing() {
        all.push(Reason::Missing { why: why.clone() });
        all.push(Reason::AskedOften { why, times: 5 });
    }
    for one in &all {
        match one {
            Reason::TooLarge { .. } | Reason::BeforeStart | Reason::ByHand | Reason::Gone | Reason::SameMail => {}
            Reason::Returned | Reason::Missing { .. } | Reason::AskedOften { .. } => {} // stands in the list above too
        }
    }
    all
}

pub fn obstacles() -> Vec<Obstacle> {
    let all = vec![
        Obstacle::ReadOnly,
        Obstacle::NoUidplus,
        Obstacle::NoDeleting,
        Obstacle::NoSeen,
        Obstacle::NoKeyword { keyword: name() },
        Obstacle::IntoItself { target: name(), polled: name() },
        Obstacle::NoTrash,
        Obstacle::Rebuilt,
        Obstacle::Returned,
        Obstacle::Refused { words: name() },
        Obstacle::NotOpened { folder: name(), words: name() },
        Obstacle::InFolder { folder: name(), why: Box::new(Obstacle::NoSeen) },
    ];
    for one in &all {
        match one {
            Obstacle::ReadOnly | Obstacle::NoUidplus | Obstacle::NoDeleting | Obstacle::NoSeen => {}
            Obstacle::NoKeyword { .. } | Obstacle::IntoItself { .. } | Obstacle::NoTrash | Obstacle::Rebuilt => {}
            Obstacle::Returned | Obstacle::Refused { .. } | Obstacle::NotOpened { .. } => {}
            Obstacle::InFolder { .. } => {} // a new kind stands in the list above too
        }
    }
    all
}

pub fn ways() -> Vec<Way> {
    let mut all = vec![
        Way::LeftAlone,
        Way::Kept,
        Way::KeptPerhaps,
        Way::ByTrash { trash: name() },
        Way::Expunged,
        Way::Blocked(Obstacle::InFolder { folder: name(), why: Box::new(Obstacle::NoSeen) }),
    ];
    for (by_move, is_there) in [(true, true), (true, false), (false, true), (false, false)] {
        all.push(Way::Moved { by_move, is_there });
    }
    for one in &all {
        match one {
            Way::LeftAlone | Way::Kept | Way::KeptPerhaps | Way::Moved { .. } | Way::ByTrash { .. } => {}
            Way::Expunged | Way::Blocked(_) => {} // a new kind stands in the list above too
        }
    }
    all
}

pub fn notices() -> Vec<Notice> {
    let all = vec![
        Notice::FoundLate { folder: name(), count: 2, uids: "7, 8".to_owned() },
        Notice::NumberedAnew { folder: name(), before: 1, number: 2, uidnext: 3 },
        Notice::UidsAgain { folder: name() },
        Notice::CopiesStay { why: Obstacle::NoSeen },
        Notice::DayUsedUp { bytes: 5, until: Timestamp(1_800_000_000_000) },
    ];
    for one in &all {
        match one {
            Notice::FoundLate { .. } | Notice::NumberedAnew { .. } | Notice::UidsAgain { .. } => {}
            Notice::CopiesStay { .. } | Notice::DayUsedUp { .. } => {} // a new kind stands in the list above too
        }
    }
    all
}

pub fn found() -> Vec<Found> {
    let token = |held| {
        let (provider, identity, until) = (name(), name(), Timestamp(1_800_000_000_000));
        Found::Token { provider, identity, until, held }
    };
    let end = Some((Timestamp(1_800_000_000_000), 1));
    let mut all = vec![
        Found::Addresses { host: name(), addresses: name() },
        Found::PortAnswers { port: 993 },
        Found::Reached,
        Found::NotReached,
        Found::InClear,
        Found::Said { words: name() },
        token(Held::Unreadable),
        token(Held::Read { audience: name(), rights: name() }),
        token(Held::Read { audience: String::new(), rights: String::new() }),
        Found::LoggedIn { username: name() },
        Found::Folder { folder: name(), messages: Some(7) },
        Found::Folder { folder: name(), messages: None },
        Found::MoreFolders { count: 3 },
        Found::Opens { folder: name(), messages: 7, has_uidvalidity: true },
        Found::Opens { folder: name(), messages: 7, has_uidvalidity: false },
        Found::DoesNotOpen { folder: name(), words: name(), near: name() },
    ];
    for (starttls, end) in [(true, None), (false, end), (true, end.map(|(at, _)| (at, 400)))] {
        all.push(Found::Protected { starttls, subject: name(), end, fingerprint: name() });
    }
    all.extend(ways().into_iter().map(|way| Found::Copy { wish: name(), way }));
    for one in &all {
        match one {
            Found::Addresses { .. } | Found::PortAnswers { .. } | Found::InClear | Found::Protected { .. } => {}
            Found::Said { .. } | Found::Token { .. } | Found::LoggedIn { .. } | Found::Folder { .. } => {}
            Found::Reached
            | Found::NotReached
            | Found::MoreFolders { .. }
            | Found::Opens { .. }
            | Found::DoesNotOpen { .. }
            | Found::Copy { .. } => {}
        }
    }
    all
}

pub fn tls_problems() -> Vec<TlsProblem> {
    let mut all = vec![
        TlsProblem::NoName { host: name() },
        TlsProblem::NoTrust { words: name() },
        TlsProblem::Expired { at: None },
        TlsProblem::Expired { at: Some(Timestamp(1_800_000_000_000)) },
        TlsProblem::NotYetValid,
        TlsProblem::OtherName { subject: name(), host: name(), fingerprint: name() },
        TlsProblem::UnknownIssuer { fingerprint: name() },
        TlsProblem::NotThePinned { fingerprint: name() },
        TlsProblem::CaAsServer { fingerprint: name() },
        TlsProblem::Handshake { words: name() },
        TlsProblem::Closed,
    ];
    all.extend(CertificateFault::ALL.map(|fault| TlsProblem::Refused { fault, fingerprint: name() }));
    for one in &all {
        match one {
            TlsProblem::NoName { .. } | TlsProblem::NoTrust { .. } | TlsProblem::Expired { .. } => {}
            TlsProblem::NotYetValid | TlsProblem::OtherName { .. } | TlsProblem::UnknownIssuer { .. } => {}
            TlsProblem::NotThePinned { .. } | TlsProblem::CaAsServer { .. } | TlsProblem::Refused { .. } => {}
            TlsProblem::Handshake { .. } | TlsProblem::Closed => {} // a new kind stands in the list above too
        }
    }
    all
}

pub fn invalid() -> Vec<Invalid> {
    let all = vec![
        Invalid::HostName(name()),
        Invalid::Port,
        Invalid::TlsMode(name()),
        Invalid::AuthoritiesNotPem,
        Invalid::AuthoritiesUnreadable,
        Invalid::NoAuthorities,
        Invalid::Fingerprint(name()),
        Invalid::FolderName(name()),
        Invalid::Start(name()),
        Invalid::AfterImport(name()),
        Invalid::Keyword(name()),
        Invalid::IntoItself(Conflict::IntoItself { target: name() }),
        Invalid::Interval { least: name() },
        Invalid::NoPassword,
        Invalid::PasswordCharacters,
        Invalid::TokenInClear,
        Invalid::NoTenant { provider: name() },
        Invalid::NoAppOnly { provider: name() },
        Invalid::Provider(Box::new(Trouble::new(Cause::Down).about("provider", "x"))),
    ];
    for one in &all {
        match one {
            Invalid::HostName(_) | Invalid::Port | Invalid::TlsMode(_) | Invalid::AuthoritiesNotPem => {}
            Invalid::AuthoritiesUnreadable | Invalid::NoAuthorities | Invalid::Fingerprint(_) => {}
            Invalid::FolderName(_) | Invalid::Start(_) | Invalid::AfterImport(_) | Invalid::Keyword(_) => {}
            Invalid::IntoItself(_) | Invalid::Interval { .. } | Invalid::NoPassword => {}
            Invalid::PasswordCharacters | Invalid::TokenInClear | Invalid::NoTenant { .. } => {}
            Invalid::NoAppOnly { .. } | Invalid::Provider(_) => {} // a new kind stands in the list above too
        }
    }
    all
}
