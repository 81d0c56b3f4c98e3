//! Exit code 78 for a wrong configuration, with all its problems at once.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use crate::support::mailferry::Mailferry;

/// Checks that `check` refuses the configuration and names all of these problems.
fn refuses(mailferry: &Mailferry, args: &[&str], names: &[&str]) {
    let output = mailferry.run(&[args, &["check"]].concat());
    assert_eq!(output.code, 78, "{}", output.all());
    let said = output.all().to_lowercase();
    for name in names {
        assert!(said.contains(&name.to_lowercase()), "the output must name {name}:\n{said}");
    }
}

#[test]
fn a_valid_configuration_passes_the_check() {
    let mailferry = Mailferry::new();
    mailferry.ok(&["check"]);
}

#[test]
fn several_errors_are_all_reported() {
    let mut mailferry = Mailferry::new();
    mailferry.env("MAILFERRY__HTTP__LISTEN", "somewhere");
    mailferry.env("MAILFERRY__EGRESS__ALLOW", "everything");
    mailferry.env("MAILFERRY__DEADLINES__DNS", "soon");
    refuses(&mailferry, &[], &["http.listen", "egress.allow", "deadlines.dns"]);
    // Other commands refuse it too.
    assert_eq!(mailferry.run(&["poll"]).code, 78);
}

#[test]
fn an_unknown_key_in_the_environment_is_an_error() {
    let mut mailferry = Mailferry::new();
    mailferry.env("MAILFERRY__HTTP__LISTNE", "127.0.0.1:8025");
    refuses(&mailferry, &[], &["listne"]);
}

#[test]
fn unknown_keys_in_the_configuration_file_are_errors() {
    let mailferry = Mailferry::new();
    let file = mailferry.dir().join("mine.toml");
    fs::write(&file, "[http]\nlistne = \"127.0.0.1:8025\"\n\n[nonsense]\nkey = 1\n").unwrap();
    refuses(&mailferry, &["--config", file.to_str().unwrap()], &["listne", "nonsense"]);
}

#[test]
fn a_missing_or_malformed_configuration_file_is_an_error() {
    let mailferry = Mailferry::new();
    refuses(&mailferry, &["--config", "no-such-file.toml"], &["no-such-file.toml"]);
    let file = mailferry.dir().join("broken.toml");
    fs::write(&file, "[http\nlisten").unwrap();
    refuses(&mailferry, &["--config", file.to_str().unwrap()], &["broken.toml"]);
}

#[test]
fn a_database_url_with_an_unknown_scheme_is_an_error() {
    let mailferry = Mailferry::new();
    refuses(&mailferry, &["--database", "mysql://localhost/mail"], &["database"]);
}

#[test]
fn the_environment_overrides_the_file_and_a_flag_overrides_both() {
    let mut mailferry = Mailferry::new();
    let file = mailferry.dir().join("mine.toml");
    let database = |name: &str| format!("sqlite://{}", mailferry.dir().join(name).display());
    fs::write(&file, format!("[database]\nurl = \"{}\"\n", database("from-file.db"))).unwrap();
    let (from_env, from_flag) = (database("from-env.db"), database("folder/from-flag.db"));
    mailferry.env("MAILFERRY_CONFIG", file.to_str().unwrap());
    mailferry.unset("MAILFERRY_DATABASE_URL");
    let exists = |mailferry: &Mailferry, name: &str| mailferry.dir().join(name).exists();

    mailferry.ok(&["inbox", "list"]);
    assert!(exists(&mailferry, "from-file.db"));
    mailferry.env("MAILFERRY_DATABASE_URL", &from_env);
    mailferry.ok(&["inbox", "list"]);
    assert!(exists(&mailferry, "from-env.db"));
    mailferry.ok(&["--database", &from_flag, "inbox", "list"]);
    assert!(exists(&mailferry, "folder/from-flag.db"), "the folder is created");
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn no_other_user_of_the_machine_can_read_what_is_stored() {
    let mut mailferry = Mailferry::new();
    let folder = mailferry.dir().join("data");
    mailferry.env("MAILFERRY_DATABASE_URL", &format!("sqlite://{}/post.db", folder.display()));
    let serve = mailferry.serve();
    let files = ["post.db", "post.db-wal", "post.db-shm", "mailferry.key"].map(|name| folder.join(name));
    assert_eq!(mode(&folder), 0o700);
    for file in &files {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
    drop(serve);

    // The files as an older version left them. The server was killed, so the write-ahead log still exists.
    set_mode(&folder, 0o755);
    for file in files.iter().take(3) {
        set_mode(file, 0o644);
    }
    let printed = mailferry.ok(&["check"]).all();
    assert!(printed.contains("0644") && printed.contains("0755") && printed.contains("post.db-wal"), "{printed}");
    let modes: Vec<u32> = files.iter().filter(|file| file.exists()).map(|file| mode(file)).collect();
    assert!(mode(&folder) == 0o700 && modes.iter().all(|mode| *mode == 0o600), "{modes:?}");
    assert!(mailferry.ok(&["check"]).all().contains("no other user"), "it is reported once");

    // Every command corrects the permissions that it finds, and says so.
    set_mode(&files[0], 0o640);
    let printed = mailferry.ok(&["inbox", "list"]);
    assert!(printed.stderr.contains("0640") && mode(&files[0]) == 0o600, "{}", printed.stderr);

    // The permissions of a folder that also holds other files are left alone.
    fs::write(folder.join("notes.txt"), "").unwrap();
    set_mode(&folder, 0o755);
    let printed = mailferry.ok(&["check"]).all();
    assert!(printed.contains("a folder of its own") && mode(&folder) == 0o755, "{printed}");
}
