//! Many connections, and too many.

use sheave::io::{AsyncReadExt, AsyncWriteExt};
use sheave::net::{TcpListener, TcpStream};
use sheave::runtime::Builder;
use std::fs::File;
use std::io;
use std::process::Command;

const CONNECTIONS: usize = 1_000;
const ROUNDS: u32 = 20;

/// Sets how many descriptors this process may have, as far as the system allows.
fn limit_descriptors(count: u64) {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: passes a valid pointer to a struct that the call fills.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) }, 0);
    limit.rlim_cur = count.min(limit.rlim_max);
    // SAFETY: passes a valid pointer to a struct that the call reads.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 256];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            n => stream.write_all(&buffer[..n]).await?,
        }
    }
}

#[test]
fn a_thousand_connections_on_two_workers() {
    limit_descriptors(4096);
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = sheave::spawn(async move {
            let mut echoes = Vec::new();
            for _ in 0..CONNECTIONS {
                let (stream, _) = listener.accept().await.unwrap();
                echoes.push(sheave::spawn(echo(stream)));
            }
            for echo in echoes {
                echo.await.unwrap().unwrap();
            }
        });
        let clients: Vec<_> = (0..CONNECTIONS as u32)
            .map(|client| {
                sheave::spawn(async move {
                    let mut stream = TcpStream::connect(address).await?;
                    for round in 0..ROUNDS {
                        let request = (client * ROUNDS + round).to_le_bytes();
                        stream.write_all(&request).await?;
                        let mut answer = [0; 4];
                        stream.read_exact(&mut answer).await?;
                        assert_eq!(answer, request);
                    }
                    io::Result::Ok(())
                })
            })
            .collect();
        for client in clients {
            client.await.unwrap().unwrap();
        }
        server.await.unwrap();
    });
}

const IN_CHILD: &str = "SHEAVE_TEST_WITHOUT_DESCRIPTORS";

/// In a process of its own, because the limit holds for all threads.
#[test]
fn a_listener_survives_a_lack_of_descriptors() {
    if std::env::var_os(IN_CHILD).is_some() {
        return without_descriptors();
    }
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "load::a_listener_survives_a_lack_of_descriptors", "--nocapture"])
        .env(IN_CHILD, "1")
        .status()
        .unwrap();
    assert!(status.success());
}

fn without_descriptors() {
    limit_descriptors(64);
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let mut hoard = Vec::new();
        while let Ok(file) = File::open("/dev/null") {
            hoard.push(file);
        }
        for _ in 0..1_000 {
            let error = listener.accept().await.unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
        }
        let error = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
        hoard.pop();
        let (_, peer) = listener.accept().await.unwrap();
        assert_eq!(peer, client.local_addr().unwrap());
    });
    // And a runtime that cannot get its descriptors says so instead of panicking.
    let mut hoard = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        hoard.push(file);
    }
    let error = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
}
