//! What the handler's processes have used, read from `/proc`. Where there is none, as on macOS, the figures are zero.

use std::fs;

/// Memory and processor time over all processes of one handler.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// The highest resident set of any of the processes.
    pub peak_rss_mib: f64,
    /// User and system time, summed over the processes.
    pub cpu_seconds: f64,
}

impl Usage {
    /// The figures so far with those of one more process.
    pub(super) fn and(self, process: Self) -> Self {
        Self {
            peak_rss_mib: self.peak_rss_mib.max(process.peak_rss_mib),
            cpu_seconds: self.cpu_seconds + process.cpu_seconds,
        }
    }

    /// A later sample of the same process. A process that is gone reads as zero, which changes nothing.
    pub(super) fn later(self, sample: Self) -> Self {
        Self {
            peak_rss_mib: self.peak_rss_mib.max(sample.peak_rss_mib),
            cpu_seconds: self.cpu_seconds.max(sample.cpu_seconds),
        }
    }
}

/// The figures of a process as of now; zero for one that is gone.
pub fn sample(pid: u32) -> Usage {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // Ticks count threads that have ended too, and the nanoseconds of those that live tell less than a tick.
    let cpu_seconds = (ticks(&stat) as f64 / TICKS_PER_SECOND).max(nanoseconds(pid) as f64 / 1e9);
    Usage { peak_rss_mib: peak_kib(&status) as f64 / 1024.0, cpu_seconds }
}

/// What the threads of a process that live have spent on a processor.
fn nanoseconds(pid: u32) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let spent = |task: fs::DirEntry| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    };
    tasks.filter_map(spent).sum()
}

/// Linux shows processor time in hundredths of a second on every architecture (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;

fn peak_kib(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or(0)
}

/// `utime` and `stime`: the fields 14 and 15, so 11 and 12 behind the state.
fn ticks(stat: &str) -> u64 {
    fields(stat).skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}

/// The fields from the state on: the name before it is in parentheses and may hold anything.
fn fields(stat: &str) -> impl Iterator<Item = &str> {
    stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_and_peak_memory_are_read_from_proc() {
        let stat = "42 (a (strange) name) S 1 42 42 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 4 0 1 2 3";
        assert_eq!(ticks(stat), 200);
        assert_eq!(peak_kib("VmPeak:\t  9 kB\nVmHWM:\t    2048 kB\n"), 2048);
    }

    #[test]
    fn peak_memory_is_the_largest_and_processor_time_the_sum() {
        let one = Usage { peak_rss_mib: 3.0, cpu_seconds: 1.0 };
        let two = Usage { peak_rss_mib: 2.0, cpu_seconds: 0.5 };
        assert_eq!(one.and(two), Usage { peak_rss_mib: 3.0, cpu_seconds: 1.5 });
        assert_eq!(one.later(Usage::default()), one);
    }

    #[test]
    fn a_running_process_has_a_usage_and_a_missing_one_has_none() {
        assert!(sample(std::process::id()).peak_rss_mib > 0.0);
        assert_eq!(sample(u32::MAX), Usage::default());
    }
}
