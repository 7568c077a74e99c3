//! E27: a manager that connects when it is entered and disconnects when it is left, however the body
//! ends.

use sheave::asyncio::{AsyncContextManager, ExitReason, async_with};
use sheave::cancel::move_on_after;
use sheave::time::{Duration, Instant, sleep};
use std::future::pending;
use std::io;

struct Database {
    /// How long it takes to connect, and to disconnect.
    delay: Duration,
}

struct Connection {
    delay: Duration,
}

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
        sleep(self.delay).await;
        println!("enter");
        Ok(Connection { delay: self.delay })
    }

    /// Disconnects.
    async fn exit(connection: Connection, reason: ExitReason<'_>) -> io::Result<()> {
        sleep(connection.delay).await;
        match reason {
            ExitReason::Err(error) => println!("exit: {error}"),
            reason => println!("exit: {reason:?}"),
        }
        Ok(())
    }
}

#[sheave::main]
pub async fn main() {
    let start = Instant::now();
    let database = Database { delay: Duration::from_secs(1) };
    let used = async_with(database, async |connection| {
        println!("{}", connection.do_something().await);
        Ok::<_, io::Error>(())
    });
    used.await.expect("it is entered, used and left");
    println!("{:.1} s", start.elapsed().as_secs_f64());

    let database = Database { delay: Duration::from_millis(10) };
    let failed = async_with(database, async |_connection| {
        Err::<(), _>(io::Error::other("the query failed"))
    });
    failed.await.expect_err("the error of the body");

    // The scope moves on when the connection is closed.
    let database = Database { delay: Duration::from_millis(10) };
    let endless = async_with(database, async |_connection| pending::<io::Result<()>>().await);
    let moved_on = move_on_after(Duration::from_millis(100), endless).await;
    assert!(moved_on.is_none(), "nothing ends what is endless");
}
