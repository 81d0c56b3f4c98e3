//! Checks the signatures of webhooks with the reference library, the Python package `standardwebhooks`.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    daemon::{find_program, is_quick},
    webhook::Request,
};

const VERIFY: &str = "
import base64, json, sys
from standardwebhooks import Webhook, WebhookVerificationError
given = json.load(sys.stdin)
try:
    Webhook(given['secret']).verify(base64.b64decode(given['body']), given['headers'], json_parse=False)
except WebhookVerificationError as error:
    print(error, end='')
";

const SIGN: &str = "
import datetime, json, sys
from standardwebhooks import Webhook
given = json.load(sys.stdin)
time = datetime.datetime.fromtimestamp(given['timestamp'], tz=datetime.timezone.utc)
print(Webhook(given['secret']).sign(given['id'], time, given['body']), end='')
";

/// Whether a request is signed with this secret (`whsec_...`), and at most five minutes old; the error says why not.
pub fn verify(secret: &str, request: &Request) -> Result<(), String> {
    let headers: serde_json::Map<String, Value> =
        request.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let given = json!({"secret": secret, "headers": headers, "body": STANDARD.encode(&request.body)});
    match python(VERIFY, &given) {
        problem if problem.is_empty() => Ok(()),
        problem => Err(problem),
    }
}

/// The header `webhook-signature` for this text.
pub fn sign(secret: &str, id: &str, timestamp: u64, body: &str) -> String {
    python(SIGN, &json!({"secret": secret, "id": id, "timestamp": timestamp, "body": body}))
}

fn python(script: &str, given: &Value) -> String {
    assert!(!is_quick(), "this test needs Python, which `make quick` does without: scripts/quick says how it is named");
    let mut child = Command::new("python3")
        .args(["-c", script])
        .env("PYTHONPATH", package())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(given.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "python3: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn package() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join(".parts/standardwebhooks");
    let is_here = package.join("version").is_file() && find_program("python3", &[]).is_some();
    assert!(is_here, "standardwebhooks is missing: run `make parts`");
    package
}
