//! What the command line says.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// The server's settings.
pub struct Options {
    pub port: u16,
    pub workers: Option<usize>,
    /// A temporary one, without a name, if not given.
    pub db: Option<PathBuf>,
    pub request_timeout: Duration,
    pub drain: Duration,
    pub header_timeout: Duration,
}

impl Options {
    pub const USAGE: &'static str = "usage: server [--port PORT] [--workers N] [--db FILE] \
         [--request-timeout SECONDS] [--drain SECONDS] [--header-timeout SECONDS]";

    pub fn from_args(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            port: 8000,
            workers: None,
            db: None,
            request_timeout: Duration::from_secs(30),
            drain: Duration::from_secs(10),
            header_timeout: Duration::from_secs(30),
        };
        while let Some(name) = args.next() {
            let value = args.next().ok_or_else(|| format!("{name} needs a value"))?;
            match name.as_str() {
                "--port" => options.port = parse(&name, &value)?,
                "--workers" => match parse(&name, &value)? {
                    0 => return Err("--workers must be at least 1".into()),
                    workers => options.workers = Some(workers),
                },
                "--db" => options.db = Some(value.into()),
                "--request-timeout" => options.request_timeout = seconds(&name, &value)?,
                "--drain" => options.drain = seconds(&name, &value)?,
                "--header-timeout" => options.header_timeout = seconds(&name, &value)?,
                _ => return Err(format!("unknown option {name}")),
            }
        }
        Ok(options)
    }
}

fn parse<T: FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{name}: not a valid number: {value:?}"))
}

fn seconds(name: &str, value: &str) -> Result<Duration, String> {
    Ok(Duration::from_secs(parse(name, value)?))
}
