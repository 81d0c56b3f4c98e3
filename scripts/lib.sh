# Shared by the scripts in this folder. To be sourced from the project's root.
# shellcheck shell=bash disable=SC2034

GREENMAIL_VERSION=2.1.8
GREENMAIL_JAR=.parts/greenmail-standalone.jar
GREENMAIL_IMAGE=greenmail/standalone:$GREENMAIL_VERSION
OAUTH_SERVER_VERSION=3.0.1
OAUTH_SERVER=.parts/mock-oauth2-server
AXE_VERSION=4.14.1
AXE=.parts/axe-core
CARGO_DENY_VERSION=0.20.2
CARGO_DENY=.parts/cargo-deny
STANDARD_WEBHOOKS_VERSION=1.1.0
STANDARD_WEBHOOKS=.parts/standardwebhooks

say() { printf '==> %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# Whether a Docker engine is running; the command may be installed without one.
have_docker() { have docker && timeout 10 docker info >/dev/null 2>&1; }

# Prints the path of the first Java of version 17 or newer, or fails.
find_java() {
    local java version
    for java in "${JAVA_HOME:+$JAVA_HOME/bin/java}" "$(command -v java || true)" /usr/lib/jvm/*/bin/java; do
        [ -x "$java" ] || continue
        version=$("$java" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1)
        if [ "${version:-0}" -ge 17 ]; then
            printf '%s\n' "$java"
            return
        fi
    done
    return 1
}

# Prints a free TCP port on 127.0.0.1, below the range of ephemeral ports. Another process may take it before it is
# used, so the caller must be ready to retry.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            printf '%s\n' "$port"
            return
        fi
    done
}

# random_hex BYTES: for passwords.
random_hex() { od -An -v -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }
