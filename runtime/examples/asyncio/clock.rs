//! What the examples share: the time of day.

use std::time::{SystemTime, UNIX_EPOCH};

/// The time of day in UTC. Python: `time.strftime('%X', time.gmtime())`.
pub fn strftime() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    let seconds = since.as_secs() % 86_400;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
