//! Starts Postfix as root, even if the tests run as an ordinary user.

use std::path::Path;

use super::config::DAEMONS;
use crate::support::daemon::our_uid;

/// Creates the queue as root, then replaces itself with `master`. Arguments: the folder, `postfix`, and the daemons' folder.
const LAUNCH: &str = r#"
chown root "$1/queue" && chown postfix "$1/data" && "$2" -c "$1/etc" check && exec "$3/master" -c "$1/etc" -s
"#;

/// Runs its first argument as root. An ordinary user cannot signal a root process, so closing a pipe stops it.
const WITH_SUDO: &str = r#"
mkfifo "$2/end" || exit
sudo -n sh -c '
    launch=$1
    shift
    exec 3<&0
    sh -c "$launch" launch "$@" </dev/null 3<&- &
    master=$!
    { cat <&3; kill -s TERM "$master"; } >/dev/null 2>&1 &
    exec 3<&-
    wait "$master"
    rm -rf "$1/queue" "$1/data"
' sudo "$@" <"$2/end" &
exec 3>"$2/end"
trap "exec 3>&-" TERM
wait
wait
"#;

/// The arguments of `sh`.
pub fn args(dir: &Path, postfix: &Path) -> Vec<String> {
    let (dir, postfix) = (dir.to_string_lossy(), postfix.to_string_lossy());
    let common = [&*dir, &*postfix, DAEMONS];
    let before = match our_uid(Path::new("/proc/self")) {
        0 => vec!["-c", LAUNCH, "launch"],
        _ => vec!["-c", WITH_SUDO, "launch", LAUNCH],
    };
    before.into_iter().chain(common).map(str::to_owned).collect()
}
