//! What the process holds, as the kernel counts it.

/// Threads, descriptors and resident memory of this process at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Census {
    /// Threads, the main one included.
    pub threads: usize,
    /// Open descriptors, without the one that counting needs.
    pub descriptors: usize,
    /// Resident memory in KiB.
    pub resident_kib: usize,
}

impl Census {
    /// Counts now.
    ///
    /// # Panics
    /// If `/proc/self` cannot be read.
    #[must_use]
    pub fn take() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").expect("Linux has /proc");
        let field = |name: &str| -> usize {
            let line = status.lines().find(|line| line.starts_with(name)).expect("a known field");
            line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number")
        };
        let descriptors = std::fs::read_dir("/proc/self/fd").expect("Linux has /proc").count() - 1;
        Self { threads: field("Threads:"), descriptors, resident_kib: field("VmRSS:") }
    }
}
