//! E27: a manager that connects when it is entered and disconnects when it is left.

use sheave::asyncio::{AsyncContextManager, ExitReason, async_with};
use sheave::time::{Duration, Instant, sleep};
use std::io;

struct Database;

struct Connection;

impl Connection {
    /// An operation on the database.
    async fn do_something(&mut self) -> u32 {
        6666
    }
}

impl AsyncContextManager for Database {
    type Guard = Connection;
    type Error = io::Error;

    /// Connects.
    async fn enter(self) -> io::Result<Connection> {
        sleep(Duration::from_secs(1)).await;
        Ok(Connection)
    }

    /// Disconnects.
    async fn exit(_connection: Connection, _: ExitReason<'_>) -> io::Result<()> {
        sleep(Duration::from_secs(1)).await;
        Ok(())
    }
}

#[sheave::main]
async fn main() {
    let start = Instant::now();
    let used = async_with(Database, async |connection| {
        let result = connection.do_something().await;
        println!("{result}");
        Ok::<_, io::Error>(())
    });
    used.await.expect("it is entered, used and left");
    assert!(start.elapsed() >= Duration::from_secs(2));
}
