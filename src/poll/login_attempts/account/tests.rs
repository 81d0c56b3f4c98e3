use super::*;
use crate::mailbox::TlsMode;

/// The id of our organisation.
const OURS: i64 = 1;
/// The id of another organisation.
const THEIRS: i64 = 2;

fn server_at(host: &str) -> Server {
    Server::on_default_port(host.to_owned(), TlsMode::Implicit)
}

fn account(organisation: i64, host: &str, username: &str, addresses: &[&str]) -> LoginAccount {
    let addresses: Vec<IpAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
    LoginAccount::new(organisation, &server_at(host), username, &addresses)
}

#[test]
fn spelling_variants_of_a_login_name_are_one_account() {
    let one = account(OURS, "imap.åmål.se", "anna@åmål.se", &["192.0.2.1"]);
    for (host, username) in [
        ("IMAP.Åmål.SE", "Anna@Åmål.se"),
        ("imap.åmål.se.", "anna@åmål.se"),
        ("imap.xn--ml-xiab.se", "anna@xn--ml-xiab.se."),
        ("imap.åmål.se\u{3002}", " anna@åmål.se\t"),
        ("imap.a\u{30a}ma\u{30a}l.se", "an\u{200b}na@a\u{30a}ma\u{30a}l.se"),
        ("ｉｍａｐ.åmål.se", "ａｎｎａ@åmål.se"),
        (" imap.åmål.se", "\u{feff}ANNA @ÅMÅL.SE"),
        ("imap.åmål.se", "anna%åmål.se"),
        ("imap.åmål.se", "KUNDO\\anna@åmål.se"),
    ] {
        assert_eq!(account(OURS, host, username, &["192.0.2.1"]), one, "{host} {username}");
    }
    for (of, same) in [("strasse", "STRASSE"), ("straße", "STRASSE"), ("ſam", "SAM"), ("K", "\u{212a}"), ("σας", "ΣΑΣ")]
    {
        assert_eq!(fold(of), fold(same), "{of}");
    }
    for (username, name, user) in [
        ("LILLESTAD\\Anna", "anna", "anna"),
        ("anna", "anna", "anna"),
        ("Anna@Lillestad.SE", "anna@lillestad.se", "anna"),
        ("@b.se", "@b.se", "@b.se"),
        ("", "", ""),
    ] {
        assert_eq!(fold_username(username), (name.to_owned(), user.to_owned()), "{username}");
    }
}

#[test]
fn addresses_and_names_of_one_server_share_a_limit() {
    for (of, same) in [
        ("192.0.2.1", "::ffff:192.0.2.1"),
        ("192.0.2.1", "64:ff9b::192.0.2.1"),
        ("192.0.2.1", "2002:c000:201::1"),
        ("2001:db8:1:2::1", "2001:0db8:0001:0002:ffff::9"),
    ] {
        assert_eq!(address_key(of.parse().unwrap()), address_key(same.parse().unwrap()), "{same}");
        assert_eq!(host_key(of), host_key(same), "{same}");
    }
    for (of, same) in [("127.0.0.1", "127.1"), ("127.0.0.1", "2130706433"), ("127.0.0.1", "[::ffff:7f00:1]")] {
        assert_eq!(host_key(of), host_key(same), "{same}");
    }
    assert_ne!(address_key("2001:db8:1:2::1".parse().unwrap()), address_key("2001:db8:1:3::1".parse().unwrap()));
    // Servers share a limit if they share an address, even if only the connection reveals it.
    let shares = |one: &LoginAccount, other: &LoginAccount| {
        let of = |account: &LoginAccount| {
            let own = account.subjects(NEW_LOGIN).into_iter().filter(|(.., on)| *on == OnSuccess::Reset);
            own.map(|(subject, ..)| subject).collect::<BTreeSet<_>>()
        };
        !of(one).is_disjoint(&of(other))
    };
    let one = account(OURS, "imap.b.se", "anna@b.se", &["192.0.2.1", "192.0.2.2"]);
    assert!(shares(&one, &account(OURS, "mail.b.se", "ANNA@b.se", &["::ffff:192.0.2.2"])));
    let rebound = account(OURS, "evil.se", "anna@b.se", &["198.51.100.1"]);
    assert!(!shares(&one, &rebound));
    assert!(shares(&one, &rebound.connected_to(Some("192.0.2.1".parse().unwrap()))));
    for other in [
        account(THEIRS, "imap.b.se", "anna@b.se", &["192.0.2.1"]),
        account(OURS, "imap.b.se", "bo@b.se", &["192.0.2.1"]),
        account(OURS, "imap.c.se", "anna@b.se", &["192.0.2.9"]),
    ] {
        assert!(!shares(&one, &other), "{other:?}");
    }
}
