//! Tests of access tokens. A mailbox whose tokens are valid for one minute is polled for five minutes of simulated time:
//! no poll uses an expired token, and no token is requested too early. And a renewal outlives the poll that began it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::{Json, Router, routing::post};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::*;
use crate::config::{Application, OAuth};
use crate::oauth::{Tokens, grant};
use crate::store::{Changes, Flow, GrantKey, GrantKind, Login, NewLogin};

const LIFETIME: Duration = Duration::from_secs(60);

/// An identity provider whose access tokens live for a minute, and whose refresh tokens can be used once.
#[derive(Default)]
struct Provider {
    /// Each access token with its expiry.
    issued: BTreeMap<String, i64>,
    /// The only refresh token that has not been used.
    refresh: String,
}

type Shared = Arc<(Mutex<Provider>, Arc<Manual>)>;

impl Provider {
    fn issue(&mut self, now: i64) -> (String, String) {
        let number = self.issued.len();
        let access = format!("token-{number}");
        self.issued.insert(access.clone(), now + i64::try_from(LIFETIME.as_millis()).unwrap());
        self.refresh = format!("refresh-{number}");
        (access, self.refresh.clone())
    }
}

async fn token(State(shared): State<Shared>, form: String) -> Json<Value> {
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
    let (provider, clock) = &*shared;
    let mut provider = provider.lock().unwrap();
    assert_eq!(form["refresh_token"], provider.refresh, "each refresh token is used once");
    let (access, refresh) = provider.issue(clock.now().0);
    Json(
        json!({"access_token": access, "refresh_token": refresh, "token_type": "Bearer", "expires_in": LIFETIME.as_secs()}),
    )
}

fn consent_tokens(access: &str, refresh: &str) -> Tokens {
    let refresh = Some(refresh.into());
    Tokens { access: access.into(), lifetime: LIFETIME, refresh, consent_lifetime: None, id_token: None, scopes: None }
}

/// Connects the mailbox with the tokens of a consent, at a provider with this token endpoint.
async fn connect(world: &mut World, token_url: String, tokens: &Tokens) -> Arc<Deps> {
    let app = Application { client_id: "app".into(), token_url, allow_http_loopback: true, ..Application::default() };
    let oauth = OAuth { loopback_port: 0, providers: [("p".to_owned(), app)].into() };
    Arc::get_mut(&mut world.deps).unwrap().oauth = Arc::new(oauth);
    let key = GrantKey { provider: "p".into(), kind: GrantKind::Delegated, identity: MAILBOX.into() };
    let changes = Changes { login: Some(NewLogin::OAuth(key)), ..Changes::default() };
    let deps = world.deps.clone();
    deps.store.change_mailbox(&MAILBOX.parse().unwrap(), &changes, None, deps.clock.now()).await.unwrap();
    let mailbox = deps.store.mailbox(&MAILBOX.parse().unwrap()).await.unwrap();
    let Login::OAuth { grant_id, .. } = mailbox.login else { panic!("{:?}", mailbox.login) };
    grant::connect(grant_id, Flow::Code, tokens, &deps.tokens()).await.unwrap();
    deps
}

#[tokio::test]
async fn tokens_of_a_minute_are_renewed_in_time() {
    let mut world = World::new(AfterImport::Leave).await;
    let shared: Shared = Arc::new((Mutex::default(), world.clock.clone()));
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let token_url = format!("http://{}/token", listener.local_addr().unwrap());
    let router = Router::new().route("/token", post(token)).with_state(shared.clone());
    let serving = tokio::spawn(axum::serve(listener, router).into_future());
    let (access, refresh) = shared.0.lock().unwrap().issue(world.deps.clock.now().0);
    let deps = connect(&mut world, token_url, &consent_tokens(&access, &refresh)).await;

    // The server accepts tokens that have not expired.
    let server_view = shared.clone();
    let is_valid = move |token: &str| {
        let (provider, clock) = &*server_view;
        provider.lock().unwrap().issued.get(token).is_some_and(|end| clock.now().0 < *end)
    };
    world.server.account().tokens = Some(crate::test_server::Tokens::accept_if(is_valid));

    let started = deps.clock.now();
    while deps.clock.now().since(started) < Duration::from_mins(5) {
        let minutes = deps.clock.now().since(started).as_secs() / 60;
        if world.appended.len() as u64 <= minutes {
            world.append(&format!("mail-{minutes}"));
        }
        let lease = lease::wait_for(&deps, &MAILBOX.parse().unwrap()).await.unwrap().unwrap();
        let limits = worker::Limits { time: Duration::from_secs(60), grace: Duration::from_secs(1) };
        let report = worker::poll(lease, &deps, limits, CancellationToken::new(), Arc::default()).await;
        assert!(report.error.is_none(), "after {:?}: {report:?}", deps.clock.now().since(started));
        world.clock.0.fetch_add(10_000, Ordering::SeqCst);
    }
    serving.abort();
    assert_eq!(world.imported().await.len(), 5);
    // A token is renewed after 80 % of its 60 seconds, by the poll at second 50. This gives six tokens in five minutes,
    // including the token of the consent.
    assert_eq!(shared.0.lock().unwrap().issued.len(), 6);
    assert_eq!(world.server.account().logins, 30, "no login was refused");
}

/// Aborts the poll before the provider responds: the response must be stored all the same.
#[tokio::test]
async fn a_renewal_is_finished_even_if_its_poll_is_aborted() {
    let mut world = World::new(AfterImport::Leave).await;
    let (asked, answer) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
    let (has_asked, may_answer) = (asked.clone(), answer.clone());
    let slow = async move || {
        has_asked.notify_one();
        may_answer.notified().await;
        Json(json!({"access_token": "new", "refresh_token": "rotated", "token_type": "Bearer", "expires_in": 3600}))
    };
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let token_url = format!("http://{}/token", listener.local_addr().unwrap());
    let serving = tokio::spawn(axum::serve(listener, Router::new().route("/token", post(slow))).into_future());
    let deps =
        connect(&mut world, token_url, &Tokens { lifetime: Duration::ZERO, ..consent_tokens("old", "first") }).await;
    let grant = deps.store.grants().await.unwrap().remove(0);

    let tokens = deps.tokens();
    let polling = tokio::spawn(async move { grant::access_token(grant.id, None, &tokens).await });
    asked.notified().await;
    polling.abort();
    assert!(polling.await.unwrap_err().is_cancelled());
    answer.notify_one();
    deps.renewals.finish().await;
    serving.abort();
    let access = grant::access_token(grant.id, None, &deps.tokens()).await.unwrap(); // without a request
    assert_eq!((access.token.expose_secret(), access.version), ("new", grant.version + 1), "the rotated token is kept");
}
