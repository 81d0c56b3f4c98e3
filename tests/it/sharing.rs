//! A misbehaving server does not affect other servers: pages answer while its responses are parsed, and mailboxes are polled
//! in time while it sends very slowly.

use std::{
    fs,
    net::Ipv4Addr,
    thread,
    time::{Duration, Instant},
};

use crate::support::{
    bad_servers::{BadServers, ServerFault},
    mailferry::{Mailferry, Serve},
    wait,
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

fn add(mailferry: &Mailferry, bad_servers: &BadServers, at: Ipv4Addr, inbox: &str, how: &[&str]) {
    let tls = if how.contains(&"implicit") { "implicit" } else { "none" };
    let more = ["--start", "all", "--interval", "3s"];
    mailferry.add_mailbox(&address(at), inbox, &bad_servers.options(at, tls), &more);
}

/// Processor time of a process, in seconds.
fn processor_seconds(serve: &Serve) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", serve.id())).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

#[test]
fn pages_respond_while_servers_keep_the_parsers_busy() {
    let faults: Vec<_> = (1..=12).map(|n| (bad(n), ServerFault::Floods("EXAMINE"))).collect();
    let bad_servers = BadServers::start(&faults);
    bad_servers.start_faults();
    let mut mailferry = Mailferry::new();
    mailferry.env("MAILFERRY__LIMITS__UNTAGGED", "1000000");
    mailferry.add_inbox(INBOX);
    mailferry.ok_with_input(
        &["user", "add", "anna@kundo.se", "--role", "operator", "--password-stdin"],
        "rätt häst batteri\n",
    );
    for (at, _) in &faults {
        add(&mailferry, &bad_servers, *at, INBOX, &[]);
    }
    let serve = mailferry.serve();
    wait::until("four servers that flood", SOON, || (bad_servers.affected() >= 4).then_some(()));
    let (began, used) = (Instant::now(), processor_seconds(&serve));
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
    let busy = (processor_seconds(&serve) - used) / began.elapsed().as_secs_f64();
    println!("health {slowest:?} at most, sign-in {signed_in:?}, {busy:.2} cores in use");
    assert!(busy > 0.1, "the servers keep {busy:.2} cores busy");
    assert!(slowest < Duration::from_millis(500), "a health check took {slowest:?}");
    assert!(signed_in < Duration::from_secs(3), "a sign-in took {signed_in:?}");
}

#[test]
fn a_healthy_mailbox_is_polled_in_time_beside_sixteen_very_slow_servers() {
    const INTERVAL: Duration = Duration::from_secs(3);
    let stages = [
        ServerFault::Drips(""),
        ServerFault::Drips("CAPABILITY"),
        ServerFault::Drips("LOGIN"),
        ServerFault::Untagged("LOGIN"),
        ServerFault::Drips("EXAMINE"),
        ServerFault::Drips("UID SEARCH"),
        ServerFault::Untagged("UID SEARCH"),
        ServerFault::Drips("UID FETCH"),
    ];
    let mut faults: Vec<_> = (0..16).map(|n| (bad(n + 1), stages[usize::from(n) % stages.len()])).collect();
    faults.extend([(bad(17), ServerFault::Handshake), (bad(18), ServerFault::Handshake)]);
    let bad_servers = BadServers::start(&faults);
    let mut mailferry = Mailferry::new();
    for (key, value) in [("PATIENCE", "1s"), ("TURN", "3s")] {
        mailferry.env(&format!("MAILFERRY__SCHEDULE__{key}"), value);
    }
    mailferry.add_inbox(INBOX);
    mailferry.ok(&["inbox", "add", OTHERS, "--organisation", "storstad"]);
    for (at, fault) in &faults {
        add(&mailferry, &bad_servers, *at, INBOX, if *fault == ServerFault::Handshake { &["implicit"] } else { &[] });
    }
    let (same, other) = (Ipv4Addr::new(127, 0, 4, 1), Ipv4Addr::new(127, 0, 4, 2));
    add(&mailferry, &bad_servers, same, INBOX, &[]);
    add(&mailferry, &bad_servers, other, OTHERS, &[]);
    let serve = mailferry.serve();
    // Every mailbox, except the two whose server never completes the TLS handshake, has been polled successfully before the faults
    // start, so the scheduler can tell them apart only by speed.
    wait::until("a second poll of each", SOON, || {
        let mut plain = faults.iter().take(16).map(|(at, _)| *at).chain([same, other]);
        plain.all(|at| bad_servers.visits(at).len() >= 2).then_some(())
    });
    bad_servers.start_faults();
    wait::until("slots on slow servers", SOON, || (bad_servers.affected() >= 8).then_some(()));
    let from = Instant::now();
    let end = from + Duration::from_secs(15);
    let mut most = 0;
    while Instant::now() < end {
        most = most.max(bad_servers.affected());
        thread::sleep(Duration::from_millis(50));
    }
    for (whose, at) in [("the same organisation", same), ("another one", other)] {
        let visits: Vec<Instant> =
            bad_servers.visits(at).into_iter().filter(|visit| *visit + INTERVAL * 2 >= from).collect();
        let edges = visits.iter().copied().chain([end]).collect::<Vec<_>>();
        let longest = edges.windows(2).map(|two| two[1] - two[0]).max().unwrap();
        println!("{whose}: {} polls, {longest:?} at most between two, {most} slots on slow servers", visits.len());
        assert!(longest <= INTERVAL * 2, "{whose}: {longest:?}\n{}", serve.output());
    }
    assert!(most >= 8, "the slow servers should hold slots: {most}");
}

#[test]
fn folder_lists_of_one_organisation_do_not_block_those_of_another() {
    let faults: Vec<_> = (1..=6).map(|n| (bad(20 + n), ServerFault::Drips("LIST"))).collect();
    let bad_servers = BadServers::start(&faults);
    bad_servers.start_faults();
    let mailferry = Mailferry::new();
    mailferry.add_inbox(INBOX);
    mailferry.ok(&["inbox", "add", OTHERS, "--organisation", "storstad"]);
    let well = Ipv4Addr::new(127, 0, 4, 3);
    for (at, _) in &faults {
        add(&mailferry, &bad_servers, *at, INBOX, &[]);
    }
    add(&mailferry, &bad_servers, well, OTHERS, &[]);
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
        let asked: Vec<_> = faults.iter().map(|(at, _)| scope.spawn(|| folders(*at, &ours))).collect();
        wait::until("four slow folder lists", SOON, || (bad_servers.affected() >= 4).then_some(()));
        let (status, answer, took) = folders(well, &theirs);
        assert!(status == 200 && took < Duration::from_secs(3), "{status} {answer} after {took:?}");
        // Requests without a slot are refused after ten seconds; the others are processed for a minute.
        let ended = |asked: &[thread::ScopedJoinHandle<_>]| asked.iter().filter(|asked| asked.is_finished()).count();
        wait::until("a response to the requests without a slot", SOON, || (ended(&asked) >= 2).then_some(()));
        assert_eq!(ended(&asked), 2, "four slots");
        for asked in asked.into_iter().filter(|asked| asked.is_finished()) {
            let (status, answer, _) = asked.join().unwrap();
            assert!(status == 409 && answer.to_string().contains("in a minute"), "{status} {answer}");
        }
        bad_servers.stop_faults();
    });
}
