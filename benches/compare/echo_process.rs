//! The processes of the echo rows: servers, whose CPU time is theirs alone, and the generator.
//!
//! Both are this program with another first argument. They talk through their standard streams, a
//! line at a time: whoever starts them says when to go on.

use crate::clocks::process_cpu;
use crate::raw_epoll;
use crate::rt::{Rt, Sheave, Smol, Tokio};
use rustix::thread::{CpuSet, sched_setaffinity};
use std::io::{BufRead, BufReader, Read, Write, stdin};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

pub(crate) const MESSAGE: usize = 64;
const SERVE: &str = "--serve";
const GENERATE: &str = "--generate";
pub(crate) const RAW: &str = "raw epoll";
/// Messages on each connection before the measurement, so that both sides are warm.
const WARM_UP: usize = 20;

/// Plays the part of a child process, if the arguments ask for it. Returns whether they did.
pub(crate) fn played(arguments: &[String]) -> bool {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [SERVE, name, workers, cpu] => serve(name, number(workers), cpu.parse().ok()),
        [GENERATE, address, connections, messages, threads, cpu] => {
            generate(
                address,
                [number(connections), number(messages), number(threads)],
                cpu.parse().ok(),
            );
        }
        _ => return false,
    }
    true
}

fn number(text: &str) -> usize {
    text.parse().expect("the parent passes numbers")
}

/// Threads that start later inherit it.
fn pin(cpu: Option<usize>) {
    if let Some(cpu) = cpu {
        let mut set = CpuSet::new();
        set.set(cpu);
        sched_setaffinity(None, &set).expect("the process may be pinned");
    }
}

/// A server: says its address, then its CPU time in ns for each line it gets.
fn serve(name: &str, workers: usize, cpu: Option<usize>) {
    pin(cpu);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    println!("{}", listener.local_addr().expect("it is bound"));
    match name {
        Tokio::NAME => start::<Tokio>(workers, listener),
        Smol::NAME => start::<Smol>(workers, listener),
        Sheave::NAME => start::<Sheave>(workers, listener),
        RAW => drop(std::thread::spawn(|| raw_epoll::serve(listener))),
        unknown => panic!("there is no server {unknown}"),
    }
    for _ in stdin().lock().lines() {
        println!("{} {}", process_cpu().as_nanos(), context_switches());
    }
}

fn start<R: Rt>(workers: usize, listener: TcpListener) {
    let rt: &'static R = Box::leak(Box::new(R::start(workers)));
    rt.detach(rt.echo(listener));
}

/// How often the threads of this process went to sleep or were displaced.
fn context_switches() -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
    let status =
        tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("status")).ok());
    let count = |text: String| -> u64 {
        let lines = text.lines().filter(|line| line.contains("ctxt_switches"));
        lines.filter_map(|line| line.split_whitespace().last()?.parse::<u64>().ok()).sum()
    };
    status.map(count).sum()
}

/// The generator: plain threads, each with its share of the connections. A thread sends on each of
/// them in turn as soon as the answer to its last message has come, so that all are in flight.
fn generate(address: &str, [connections, messages, threads]: [usize; 3], cpu: Option<usize>) {
    pin(cpu);
    let mut shares: Vec<Vec<TcpStream>> = (0..threads).map(|_| Vec::new()).collect();
    for number in 0..connections {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("a connection");
        stream.set_read_timeout(Some(crate::latch::PATIENCE)).expect("a connection");
        shares[number % threads].push(stream);
    }
    all(&mut shares, WARM_UP);
    println!("warm");
    stdin().lock().lines().next();
    all(&mut shares, messages);
    println!("done");
    // The connections are closed after the server was read: closing costs, too.
    stdin().lock().lines().next();
}

fn all(shares: &mut [Vec<TcpStream>], messages: usize) {
    std::thread::scope(|scope| {
        for share in shares {
            scope.spawn(move || exchange(share, messages));
        }
    });
}

fn exchange(streams: &mut [TcpStream], messages: usize) {
    let mut buffer = [7; MESSAGE];
    for stream in streams.iter_mut() {
        stream.write_all(&buffer).expect("the server reads");
    }
    for message in 1..=messages {
        for stream in streams.iter_mut() {
            stream.read_exact(&mut buffer).expect("the server answers");
            if message < messages {
                stream.write_all(&buffer).expect("the server reads");
            }
        }
    }
}

/// A child process, as its parent sees it. It is killed with the handle.
pub(crate) struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// A server process and its address.
pub(crate) struct Server {
    process: Process,
    pub(crate) address: String,
}

/// What a server has used so far.
#[derive(Clone, Copy)]
pub(crate) struct Used {
    pub(crate) cpu_ns: u64,
    pub(crate) switches: u64,
}

impl Server {
    pub(crate) fn start(name: &str, workers: usize, cpu: Option<usize>) -> Self {
        let mut process = Process::start(&[SERVE, name, &workers.to_string(), &show(cpu)]);
        let address = process.line();
        Self { process, address }
    }

    pub(crate) fn used(&mut self) -> Used {
        self.process.go();
        let line = self.process.line();
        let (cpu, switches) = line.split_once(' ').expect("the server says two numbers");
        let parse = |text: &str| text.parse().expect("the server says two numbers");
        Used { cpu_ns: parse(cpu), switches: parse(switches) }
    }
}

impl Process {
    /// A generator that is connected and warm.
    pub(crate) fn generator(address: &str, sizes: [usize; 3], cpu: Option<usize>) -> Self {
        let [connections, messages, threads] = sizes.map(|size| size.to_string());
        let cpu = show(cpu);
        let mut process =
            Self::start(&[GENERATE, address, &connections, &messages, &threads, &cpu]);
        assert_eq!(process.line(), "warm");
        process
    }

    /// Runs the generator's measured part.
    pub(crate) fn run(&mut self) {
        self.go();
        assert_eq!(self.line(), "done", "the generator failed");
    }

    fn start(arguments: &[&str]) -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("this program can be started");
        let input = child.stdin.take().expect("piped");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        Self { child, input, output }
    }

    fn go(&mut self) {
        writeln!(self.input, "go").expect("the process runs");
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the process says a line");
        line.trim_end().to_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended already has nothing to be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn show(cpu: Option<usize>) -> String {
    cpu.map_or("any".into(), |cpu| cpu.to_string())
}

/// The names of all servers; the raw one is last.
pub(crate) const SERVERS: [&str; 4] = [Tokio::NAME, Smol::NAME, Sheave::NAME, RAW];
