//! Who holds a lease, in a form in which a process on the same machine can be seen to be dead, so that a restart after a
//! crash need not wait for the lease to run out.

use std::sync::OnceLock;

/// `boot id | process id namespace | process id | start time`: the same process and no other.
pub fn this_process() -> &'static str {
    static OWNER: OnceLock<String> = OnceLock::new();
    OWNER.get_or_init(|| match place() {
        Some(place) => {
            let id = std::process::id();
            format!("{place}|{id}|{}", started(id).unwrap_or_default())
        }
        None => format!("elsewhere|{:016x}", rand::random::<u64>()),
    })
}

/// How the owners on this machine begin, whose life can be seen.
pub fn near() -> String {
    place().unwrap_or_else(|| this_process().to_owned())
}

/// Whether the owner is certainly gone: a process of this machine and namespace that no longer runs.
pub fn is_dead(owner: &str) -> bool {
    let Some(rest) = place().and_then(|here| owner.strip_prefix(&here)?.strip_prefix('|')) else {
        return false;
    };
    let Some((Ok(id), start)) = rest.split_once('|').map(|(id, start)| (id.parse(), start)) else {
        return false;
    };
    started(id).as_deref() != Some(start)
}

/// The machine since its start, and the space in which process ids mean something (containers have their own).
fn place() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let space = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{}|{}", boot.trim(), space.display()))
}

/// When a process started, in the kernel's ticks (proc_pid_stat(5), field 22); `None` if there is no such process. Its name
/// stands in parentheses and may hold anything, so fields are counted from the last one.
fn started(id: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    // A zombie has ended, even if nobody has asked for its exit code yet.
    if fields.next()? == "Z" {
        return None;
    }
    fields.nth(18).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_living_process_is_alive_and_an_ended_one_is_dead() {
        assert!(!is_dead(this_process()));
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let place = place().unwrap();
        let owner = format!("{place}|{}|{}", child.id(), started(child.id()).unwrap());
        assert!(!is_dead(&owner));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(is_dead(&owner));
        // Another process with the same number is not the same process.
        assert!(is_dead(&format!("{place}|{}|1", std::process::id())));
    }

    #[test]
    fn of_another_machine_nothing_is_known() {
        for owner in ["", "elsewhere|1", "other-boot|pid:[1]|1|1", "x"] {
            assert!(!is_dead(owner), "{owner}");
        }
    }
}
