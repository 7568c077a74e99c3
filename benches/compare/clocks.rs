//! Wall time and CPU time of a piece of work.

use rustix::time::{ClockId, clock_gettime};
use sheave_benches::Sample;
use std::time::{Duration, Instant};

/// The CPU time that all threads of this process have used.
pub(crate) fn process_cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Wall time per operation, in ns, with the CPU time beside it.
pub(crate) fn wall(operations: usize, work: impl FnOnce()) -> Sample {
    let (wall, cpu) = both(operations, work);
    Sample { cost: wall, beside: Some(cpu) }
}

/// CPU time per operation, in ns, with the wall time beside it.
pub(crate) fn cpu(operations: usize, work: impl FnOnce()) -> Sample {
    let (wall, cpu) = both(operations, work);
    Sample { cost: cpu, beside: Some(wall) }
}

fn both(operations: usize, work: impl FnOnce()) -> (f64, f64) {
    let (wall, cpu) = (Instant::now(), process_cpu());
    work();
    let (wall, cpu) = (wall.elapsed(), process_cpu() - cpu);
    let each = |time: Duration| time.as_nanos() as f64 / operations as f64;
    (each(wall), each(cpu))
}
