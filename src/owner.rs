//! The name of a lease holder. It identifies a process, so that other processes on the same machine can see when that
//! process is dead, and need not wait for its lease to expire.

use std::sync::OnceLock;

/// `boot id | process id namespace | process id | start time`: identifies this process uniquely.
pub fn this_process() -> &'static str {
    static OWNER: OnceLock<String> = OnceLock::new();
    OWNER.get_or_init(|| match machine() {
        Some(machine) => {
            let id = std::process::id();
            format!("{machine}|{id}|{}", start_time(id).unwrap_or_default())
        }
        None => format!("elsewhere|{:016x}", rand::random::<u64>()),
    })
}

/// The name prefix of the owners on this machine, whose liveness can be checked.
pub fn local_prefix() -> String {
    machine().unwrap_or_else(|| this_process().to_owned())
}

/// Whether the owner is certainly dead: a process of this machine and namespace that no longer runs.
pub fn is_dead(owner: &str) -> bool {
    let Some(rest) = machine().and_then(|machine| owner.strip_prefix(&machine)?.strip_prefix('|')) else {
        return false;
    };
    let Some((Ok(id), start)) = rest.split_once('|').map(|(id, start)| (id.parse(), start)) else {
        return false;
    };
    start_time(id).as_deref() != Some(start)
}

/// Identifies the boot of this machine and the namespace of process ids (each container has its own).
fn machine() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{}|{}", boot.trim(), namespace.display()))
}

/// When a process started, in clock ticks (proc_pid_stat(5), field 22); `None` if there is no such process. The process
/// name is in parentheses and may contain anything, so fields are counted from the last parenthesis.
fn start_time(id: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    // A zombie has ended, even if its exit code has not been collected yet.
    if fields.next()? == "Z" {
        return None;
    }
    fields.nth(18).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_process_is_alive_and_an_ended_process_is_dead() {
        assert!(!is_dead(this_process()));
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let machine = machine().unwrap();
        let owner = format!("{machine}|{}|{}", child.id(), start_time(child.id()).unwrap());
        assert!(!is_dead(&owner));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(is_dead(&owner));
        // A process with the same number but another start time is a different process.
        assert!(is_dead(&format!("{machine}|{}|1", std::process::id())));
    }

    #[test]
    fn owners_on_another_machine_are_assumed_to_be_alive() {
        for owner in ["", "elsewhere|1", "other-boot|pid:[1]|1|1", "x"] {
            assert!(!is_dead(owner), "{owner}");
        }
    }
}
