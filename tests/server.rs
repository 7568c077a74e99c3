//! The main job from outside: the example server under real clients, as the README starts it.
//!
//! The server is a process of its own, built once; its clients are plain threads with the standard
//! library's sockets, so that nothing of sheave tests itself.
#![allow(clippy::disallowed_types, clippy::disallowed_methods, unreachable_pub)]

#[path = "server/client.rs"]
mod client;
#[path = "server/process.rs"]
mod process;

use client::{Connection, get};
use process::Server;
use std::io::{Read, Write};
use std::time::{Duration, Instant};

/// What the project promises on a machine that does nothing else, which `SHEAVE_FULL=1` says of this
/// one; otherwise what any machine keeps, and a server whose requests wait for each other does not.
fn bound(promised: Duration, anywhere: Duration) -> Duration {
    if std::env::var_os("SHEAVE_FULL").is_some() { promised } else { anywhere }
}

#[test]
fn every_route_answers_as_documented() {
    let server = Server::start(&[]);
    let check = |method: &str, path: &str, body: &str, status: u16, expected: &str| {
        let answer = Connection::open(server.address).request(method, path, body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        assert!(answer.body.contains(expected), "{method} {path}: {}", answer.body);
    };
    check("GET", "/", "", 200, r#"{"Hello":"World"}"#);
    check("GET", "/timeit/0", "", 200, r#""sleep seconds: 0""#);
    check("GET", "/timeit-blocking/0", "", 200, r#""sleep seconds: 0""#);
    check("GET", "/timeit/soon", "", 422, "detail");
    check("GET", "/timeit/-1", "", 422, "detail");
    check("GET", "/notes", "", 200, "[]");
    check("POST", "/notes", r#"{"text":"remember"}"#, 201, r#""id":1"#);
    check("GET", "/notes/1", "", 200, "remember");
    check("GET", "/notes", "", 200, r#"[{"id":1,"text":"remember"}]"#);
    check("GET", "/notes/2", "", 404, "there is no note 2");
    check("GET", "/notes/one", "", 422, "detail");
    check("POST", "/notes", "{not json", 400, "detail");
    check("POST", "/notes", r#"{"title":1}"#, 422, "detail");
    check("POST", "/notes", &format!(r#"{{"text":"{}"}}"#, "x".repeat(70_000)), 413, "detail");
    check("PUT", "/notes/1", "", 405, "");
    check("GET", "/nowhere", "", 404, "");
    check("DELETE", "/notes/1", "", 204, "");
    check("DELETE", "/notes/1", "", 404, "there is no note 1");
    check("GET", "/stats", "", 200, r#""workers":[{"#);
}

/// However it ends, a server without `--db` leaves no file behind.
#[test]
fn a_temporary_database_is_gone_with_its_process() {
    let directory = std::env::temp_dir().join(format!("sheave-server-{}", std::process::id()));
    std::fs::create_dir(&directory).unwrap();
    for is_killed in [false, true] {
        let mut server = Server::start_with_temporary(&directory);
        for _ in 0..60 {
            // Together more than SQLite keeps in memory.
            let note = format!(r#"{{"text":"{}"}}"#, "x".repeat(60_000));
            let answer = Connection::open(server.address).request("POST", "/notes", &note);
            assert_eq!(answer.status, 201);
        }
        if is_killed {
            server.kill();
        } else {
            server.terminate();
            assert_eq!(server.wait().0, Some(0));
        }
        assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 0, "killed: {is_killed}");
    }
    std::fs::remove_dir(&directory).unwrap();
}

#[test]
fn sleeps_do_not_wait_for_each_other() {
    let server = Server::start(&["--workers", "2"]);
    let took = server.concurrently(64, |address| {
        assert_eq!(get(address, "/timeit/1").body, r#""sleep seconds: 1""#);
    });
    println!("64 concurrent /timeit/1 took {took:?}");
    let bound = bound(Duration::from_millis(1200), Duration::from_secs(10));
    assert!(took < bound, "64 concurrent /timeit/1 took {took:?}, one by one 64 s");
}

#[test]
fn blocking_work_does_not_hold_up_the_loop() {
    let server = Server::start(&["--workers", "2"]);
    let mut probe = Connection::open(server.address);
    let mut answers = Vec::new();
    let took = std::thread::scope(|scope| {
        let blocking = scope.spawn(|| {
            server.concurrently(100, |address| {
                assert_eq!(get(address, "/timeit-blocking/1").body, r#""sleep seconds: 1""#);
            })
        });
        while !blocking.is_finished() {
            let start = Instant::now();
            assert_eq!(probe.request("GET", "/", "").status, 200);
            answers.push(start.elapsed());
            std::thread::sleep(Duration::from_millis(5));
        }
        blocking.join().unwrap()
    });
    answers.sort();
    let (median, slowest) = (answers[answers.len() / 2], answers[answers.len() - 1]);
    println!(
        "100 concurrent /timeit-blocking/1 took {took:?}; / meanwhile: median {median:?}, slowest \
         {slowest:?}"
    );
    assert!(took < bound(Duration::from_millis(1500), Duration::from_secs(10)), "took {took:?}");
    // On a loop that is held up, every answer waits for a job, that is about a second.
    let loaded = Duration::from_millis(250);
    assert!(median < bound(Duration::from_millis(10), loaded), "`/` took {median:?} meanwhile");
    let loaded = Duration::from_secs(5);
    assert!(slowest < bound(Duration::from_millis(10), loaded), "`/` took {slowest:?} meanwhile");
}

#[test]
fn idle_connections_are_held_and_served() {
    let wanted = process::descriptors_for(10_000);
    let server = Server::start(&[]);
    let mut connections: Vec<_> = (0..wanted).map(|_| Connection::open(server.address)).collect();
    for connection in &mut connections {
        assert_eq!(connection.request("GET", "/", "").status, 200);
    }
    let stats = get(server.address, "/stats").body;
    let sources = process::sum_of(&stats, "sources");
    assert!(sources >= wanted, "{wanted} connections, {sources} sources");
    for connection in &mut connections {
        assert_eq!(connection.request("GET", "/", "").status, 200);
    }
    println!(
        "{wanted} idle connections held and served twice; server memory {} KiB",
        server.memory()
    );
}

#[test]
fn termination_answers_what_is_in_flight() {
    let mut server = Server::start(&[]);
    let mut idle = Connection::open(server.address);
    assert_eq!(idle.request("GET", "/", "").status, 200);
    let mut busy: Vec<_> = (0..32).map(|_| Connection::open(server.address)).collect();
    for connection in &mut busy {
        connection.send("GET", "/timeit/2", "");
    }
    server.wait_until_in_flight(32);
    server.terminate();
    for connection in &mut busy {
        let answer = connection.receive();
        assert_eq!((answer.status, answer.body.as_str()), (200, r#""sleep seconds: 2""#));
    }
    let (code, said) = server.wait();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("draining"), "{said}");
    assert!(said.contains("0 connections cut off"), "{said}");
    assert!(std::net::TcpStream::connect(server.address).is_err(), "still accepts connections");
}

#[test]
fn a_drain_is_bounded() {
    let mut server = Server::start(&["--drain", "1"]);
    let mut slow = Connection::open(server.address);
    slow.send("GET", "/timeit/3600", "");
    server.wait_until_in_flight(1);
    let start = Instant::now();
    server.terminate();
    let (code, said) = server.wait();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("1 connections cut off"), "{said}");
    let took = start.elapsed();
    println!("a drain of 1 s took {took:?}");
    assert!(took < bound(Duration::from_secs(2), Duration::from_secs(20)), "it took {took:?}");
}

#[test]
fn a_request_that_takes_too_long_is_given_up() {
    let server = Server::start(&["--request-timeout", "1"]);
    assert_eq!(get(server.address, "/timeit/60").status, 504);
}

#[test]
fn a_client_without_manners_is_closed_and_harms_nobody() {
    let server = Server::start(&["--header-timeout", "1"]);
    // One says nothing, one stops after the first letter of `POST`, one in the middle of a header.
    for beginning in ["", "P", "GET / HTTP/1.1\r\nHost: x"] {
        let mut silent = std::net::TcpStream::connect(server.address).unwrap();
        silent.write_all(beginning.as_bytes()).unwrap();
        silent.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut rest = Vec::new();
        silent.read_to_end(&mut rest).unwrap_or_else(|error| panic!("{beginning:?}: {error}"));
    }
    for garbage in [&b"\0\0\0\0\r\n\r\n"[..], b"GET\r\n\r\n", &[0xff; 4096]] {
        let mut stream = std::net::TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let _ = stream.write_all(garbage);
        let _ = stream.read_to_end(&mut Vec::new());
    }
    assert_eq!(get(server.address, "/").status, 200);
}

#[test]
fn bad_options_are_refused_with_the_usage() {
    for options in [&["--workers", "0"][..], &["--port", "x"], &["--port"], &["--nonsense", "1"]] {
        let (code, said) = process::refused(options);
        assert_eq!(code, Some(2), "{options:?}: {said}");
        assert!(said.contains("usage: server"), "{options:?}: {said}");
    }
}
