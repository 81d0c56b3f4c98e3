//! Changes to one thing go one at a time, so that what is compared (`If-Match`) is still so when it is changed. The pages and the
//! command line do not compare, and do not wait here.

use tokio::sync::{Mutex, MutexGuard};

use crate::opaque;

/// Few are enough: who waits for another thing's change by chance does not wait for long.
static TURNS: [Mutex<()>; 64] = [const { Mutex::const_new(()) }; 64];

/// Waits for one's turn with the thing of this name; it lasts as long as what is returned.
pub async fn turn(kind: &str, name: &str) -> Option<MutexGuard<'static, ()>> {
    let hash = opaque::hash(&format!("{kind} {name}"));
    let one = hash.first().and_then(|byte| TURNS.get(usize::from(*byte) % TURNS.len()))?;
    Some(one.lock().await)
}
