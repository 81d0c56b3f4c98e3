//! One server does not affect others: pages answer while other servers cause parsing work, and mailboxes are polled in time while
//! other servers drip.

use std::{
    fs,
    net::Ipv4Addr,
    thread,
    time::{Duration, Instant},
};

use crate::support::{
    mailferry::{Mailferry, Serve},
    wait,
    wild::{Ill, Wild},
};

const INBOX: &str = "jobb.lillestad.se@mail.kundo.se";
const OTHERS: &str = "jobb.storstad.se@mail.kundo.se";
const SOON: Duration = Duration::from_secs(90);

fn bad(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 3, number)
}

fn address(at: Ipv4Addr) -> String {
    format!("m{}@lillestad.se", at.to_string().replace('.', "-"))
}

fn add(mailferry: &Mailferry, wild: &Wild, at: Ipv4Addr, inbox: &str, how: &[&str]) {
    let tls = if how.contains(&"implicit") { "implicit" } else { "none" };
    let more = ["--start", "all", "--interval", "3s"];
    mailferry.add_mailbox(&address(at), inbox, &wild.options(at, tls), &more);
}

/// Processor time of a process, in seconds.
fn processor(serve: &Serve) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", serve.id())).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

#[test]
fn pages_respond_while_servers_keep_the_parsers_busy() {
    let ills: Vec<_> = (1..=12).map(|n| (bad(n), Ill::Floods("EXAMINE"))).collect();
    let wild = Wild::start(&ills);
    wild.turn_bad();
    let mut mailferry = Mailferry::new();
    mailferry.env("MAILFERRY__LIMITS__UNTAGGED", "1000000");
    mailferry.add_inbox(INBOX);
    mailferry.ok_with_input(
        &["user", "add", "anna@kundo.se", "--role", "operator", "--password-stdin"],
        "rätt häst batteri\n",
    );
    for (at, _) in &ills {
        add(&mailferry, &wild, *at, INBOX, &[]);
    }
    let serve = mailferry.serve();
    wait::until("four servers that flood", SOON, || (wild.suffering() >= 4).then_some(()));
    let (began, used) = (Instant::now(), processor(&serve));
    let (mut slowest, mut signed_in) = (Duration::ZERO, Duration::ZERO);
    while began.elapsed() < Duration::from_secs(5) {
        let asked = Instant::now();
        assert_eq!(serve.get("/healthz"), Some(200));
        slowest = slowest.max(asked.elapsed());
        if signed_in.is_zero() {
            let asked = Instant::now();
            let answer =
                serve.post_form("/login", "name=anna%40kundo.se&password=r%C3%A4tt+h%C3%A4st+batteri").unwrap();
            assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
            signed_in = asked.elapsed();
        }
        thread::sleep(Duration::from_millis(20));
    }
    let busy = (processor(&serve) - used) / began.elapsed().as_secs_f64();
    println!("health {slowest:?} at most, sign-in {signed_in:?}, {busy:.2} cores in use");
    assert!(busy > 0.1, "the servers keep {busy:.2} cores busy");
    assert!(slowest < Duration::from_millis(500), "health took {slowest:?}");
    assert!(signed_in < Duration::from_secs(3), "a sign-in took {signed_in:?}");
}

#[test]
fn a_healthy_mailbox_is_polled_in_time_beside_sixteen_very_slow_servers() {
    const INTERVAL: Duration = Duration::from_secs(3);
    let stages = [
        Ill::Drips(""),
        Ill::Drips("CAPABILITY"),
        Ill::Drips("LOGIN"),
        Ill::Untagged("LOGIN"),
        Ill::Drips("EXAMINE"),
        Ill::Drips("UID SEARCH"),
        Ill::Untagged("UID SEARCH"),
        Ill::Drips("UID FETCH"),
    ];
    let mut ills: Vec<_> = (0..16).map(|n| (bad(n + 1), stages[usize::from(n) % stages.len()])).collect();
    ills.extend([(bad(17), Ill::Handshake), (bad(18), Ill::Handshake)]);
    let wild = Wild::start(&ills);
    let mut mailferry = Mailferry::new();
    for (key, value) in [("PATIENCE", "1s"), ("TURN", "3s")] {
        mailferry.env(&format!("MAILFERRY__SCHEDULE__{key}"), value);
    }
    mailferry.add_inbox(INBOX);
    mailferry.ok(&["inbox", "add", OTHERS, "--organisation", "storstad"]);
    for (at, ill) in &ills {
        add(&mailferry, &wild, *at, INBOX, if *ill == Ill::Handshake { &["implicit"] } else { &[] });
    }
    let (same, other) = (Ipv4Addr::new(127, 0, 4, 1), Ipv4Addr::new(127, 0, 4, 2));
    add(&mailferry, &wild, same, INBOX, &[]);
    add(&mailferry, &wild, other, OTHERS, &[]);
    let serve = mailferry.serve();
    // All of them, except those without TLS, have worked before, so only their speed distinguishes them.
    wait::until("a second poll of each", SOON, || {
        let mut plain = ills.iter().take(16).map(|(at, _)| *at).chain([same, other]);
        plain.all(|at| wild.visits(at).len() >= 2).then_some(())
    });
    wild.turn_bad();
    wait::until("places that are dripped on", SOON, || (wild.suffering() >= 8).then_some(()));
    let from = Instant::now();
    let end = from + Duration::from_secs(15);
    let mut most = 0;
    while Instant::now() < end {
        most = most.max(wild.suffering());
        thread::sleep(Duration::from_millis(50));
    }
    for (whose, at) in [("the same organisation", same), ("another one", other)] {
        let visits: Vec<Instant> = wild.visits(at).into_iter().filter(|visit| *visit + INTERVAL * 2 >= from).collect();
        let edges = visits.iter().copied().chain([end]).collect::<Vec<_>>();
        let longest = edges.windows(2).map(|two| two[1] - two[0]).max().unwrap();
        println!("{whose}: {} polls, {longest:?} at most between two, {most} places dripped on", visits.len());
        assert!(longest <= INTERVAL * 2, "{whose}: {longest:?}\n{}", serve.output());
    }
    assert!(most >= 8, "the test is about places that are taken: {most}");
}

#[test]
fn folder_lists_of_one_organisation_do_not_block_those_of_another() {
    let ills: Vec<_> = (1..=6).map(|n| (bad(20 + n), Ill::Drips("LIST"))).collect();
    let wild = Wild::start(&ills);
    wild.turn_bad();
    let mailferry = Mailferry::new();
    mailferry.add_inbox(INBOX);
    mailferry.ok(&["inbox", "add", OTHERS, "--organisation", "storstad"]);
    let well = Ipv4Addr::new(127, 0, 4, 3);
    for (at, _) in &ills {
        add(&mailferry, &wild, *at, INBOX, &[]);
    }
    add(&mailferry, &wild, well, OTHERS, &[]);
    let token = |organisation: &str| {
        let args = ["token", "create", "--name", organisation, "--scope", "write", "--organisation", organisation];
        mailferry.json(&args)[0]["token"].as_str().unwrap().to_owned()
    };
    let (ours, theirs) = (token("default"), token("storstad"));
    let serve = mailferry.serve();
    let folders = |at: Ipv4Addr, token: &str| {
        let asked = Instant::now();
        let (status, answer) = serve.api("GET", &format!("/mailboxes/{}/folders", address(at)), token, None);
        (status, answer, asked.elapsed())
    };
    thread::scope(|scope| {
        let asked: Vec<_> = ills.iter().map(|(at, _)| scope.spawn(|| folders(*at, &ours))).collect();
        wait::until("four lists that drip", SOON, || (wild.suffering() >= 4).then_some(()));
        let (status, answer, took) = folders(well, &theirs);
        assert!(status == 200 && took < Duration::from_secs(3), "{status} {answer} after {took:?}");
        // Requests without a slot are refused after ten seconds; the others are processed for a minute.
        let ended = |asked: &[thread::ScopedJoinHandle<_>]| asked.iter().filter(|asked| asked.is_finished()).count();
        wait::until("an answer to those without a place", SOON, || (ended(&asked) >= 2).then_some(()));
        assert_eq!(ended(&asked), 2, "four places");
        for asked in asked.into_iter().filter(|asked| asked.is_finished()) {
            let (status, answer, _) = asked.join().unwrap();
            assert!(status == 409 && answer.to_string().contains("in a minute"), "{status} {answer}");
        }
        wild.turn_good();
    });
}
