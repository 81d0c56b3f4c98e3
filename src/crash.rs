//! Crash points: places between two steps. A build with the feature `crash-points` aborts the process at the n-th crash
//! point that it reaches (MAILFERRY_CRASH_AT=n), like a power failure, so that a test can crash it at each one.
//! MAILFERRY_CRASH_LOG=FILE lists the points. In other builds, crash points do nothing.

#[cfg(feature = "crash-points")]
mod points {
    use std::io::Write as _;
    use std::sync::Mutex;

    static REACHED: Mutex<usize> = Mutex::new(0);

    /// Marks a crash point.
    pub fn point(name: &str) {
        let mut reached = REACHED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *reached += 1;
        if let Some(file) = std::env::var_os("MAILFERRY_CRASH_LOG")
            && let Ok(mut file) = std::fs::OpenOptions::new().create(true).append(true).open(file)
        {
            let _ = writeln!(file, "{name}");
        }
        if std::env::var("MAILFERRY_CRASH_AT").ok().and_then(|at| at.parse().ok()) == Some(*reached) {
            std::process::abort(); // the lock is held, so no other thread passes a point meanwhile
        }
    }
}

#[cfg(feature = "crash-points")]
pub use points::point;

/// Marks a crash point.
#[cfg(not(feature = "crash-points"))]
pub fn point(_: &str) {}
