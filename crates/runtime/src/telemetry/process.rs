//! State of this process according to the kernel. Absent if there is no `/proc`.

use std::fs;

/// State of the process at one moment; a value that cannot be read is `None`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ProcessState {
    pub resident_bytes: Option<f64>,
    pub threads: Option<f64>,
    pub open_files: Option<f64>,
}

impl ProcessState {
    pub(super) fn read() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        Self {
            resident_bytes: number(&status, "VmRSS:").map(|kibibytes| kibibytes * 1024.0),
            threads: number(&status, "Threads:"),
            open_files: fs::read_dir("/proc/self/fd")
                .ok()
                .and_then(|entries| u32::try_from(entries.count()).ok())
                .map(f64::from),
        }
    }
}

/// Returns the number after a label, as in `VmRSS:     5124 kB`.
fn number(status: &str, label: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(label))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_their_label() {
        let status = "Name:\trubis\nVmRSS:\t    5124 kB\nThreads:\t7\n";
        assert_eq!(number(status, "VmRSS:"), Some(5124.0));
        assert_eq!(number(status, "Threads:"), Some(7.0));
        assert_eq!(number(status, "VmSwap:"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_holds_memory_and_files() {
        let state = ProcessState::read();
        assert!(state.resident_bytes.unwrap() > 100_000.0);
        assert!(state.threads.unwrap() >= 1.0);
        assert!(state.open_files.unwrap() >= 3.0);
    }
}
