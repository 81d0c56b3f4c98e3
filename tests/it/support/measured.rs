//! Runs the binary and measures time, memory and processor time.

use std::{
    fs::{self, File},
    path::Path,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use super::mailferry::{Mailferry, Output};

#[derive(Debug)]
pub struct Measured {
    pub output: Output,
    pub duration: Duration,
    /// Peak memory of the process, in bytes.
    pub peak: u64,
    /// Processor time of the process, user and system.
    pub processor: Duration,
}

/// Runs a command, and panics if it has not ended within the limit.
pub fn run(mailferry: &Mailferry, args: &[&str], limit: Duration) -> Measured {
    let [stdout, stderr] = ["measured.out", "measured.err"].map(|name| mailferry.dir().join(name));
    let mut command = mailferry.command(args);
    command.stdin(Stdio::null()).stdout(File::create(&stdout).unwrap()).stderr(File::create(&stderr).unwrap());
    let start = Instant::now();
    let mut child = command.spawn().unwrap();
    let process = Path::new("/proc").join(child.id().to_string());
    let mut peak = 0;
    // A process that has exited stays in /proc until it is waited for: without memory, but with its times.
    let processor = loop {
        let (state, processor) = state(&process);
        if state == "Z" {
            break processor;
        }
        peak = peak.max(peak_memory(&process));
        if start.elapsed() > limit {
            let _ = child.kill();
            let _ = child.wait();
            panic!("{args:?} still runs after {limit:?}, with {} MB", peak >> 20);
        }
        thread::sleep(Duration::from_millis(2));
    };
    let duration = start.elapsed();
    let code = child.wait().unwrap().code().unwrap_or(-1);
    let stderr = String::from_utf8_lossy(&fs::read(stderr).unwrap()).into_owned();
    Measured { output: Output { code, stdout: fs::read(stdout).unwrap(), stderr }, duration, peak, processor }
}

/// The state and the processor time: fields 3, 14 and 15 of `stat` (proc(5)), times in hundredths of a second.
fn state(process: &Path) -> (String, Duration) {
    let stat = fs::read_to_string(process.join("stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    (fields[0].to_owned(), Duration::from_millis(10 * ticks))
}

fn peak_memory(process: &Path) -> u64 {
    let status = fs::read_to_string(process.join("status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or(0, |line| line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10)
}
