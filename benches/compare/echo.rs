//! How much of the server's CPU does an echo of 64 bytes cost, with 50 connections?
//!
//! Server and generator are processes of their own. With two workers on a small machine the
//! generator competes with a worker, so throughput says little: what counts is CPU time. With one
//! worker pinned beside a pinned generator, a loop around epoll shows what the system calls cost.

use crate::contest::{Contest, Entrant, Spec, WORKERS};
use crate::echo_process::{Process, RAW, SERVERS, Server};
use sheave_benches::{Sample, Target};
use std::time::Instant;

const CONNECTIONS: usize = 50;
const MESSAGES: usize = 400;
const GENERATOR_THREADS: usize = 2;

/// Who runs where.
#[derive(Clone, Copy)]
struct Stage {
    workers: usize,
    server_cpu: Option<usize>,
    generator_cpu: Option<usize>,
}

pub(crate) fn run(contest: &mut Contest) {
    let free = Stage { workers: WORKERS, server_cpu: None, generator_cpu: None };
    row(contest, Spec::cpu("echo 64 B x 50, server CPU", 1.1), free, &SERVERS[..3]);
    let pinned = Stage { workers: 1, server_cpu: Some(0), generator_cpu: Some(1) };
    let spec = Spec {
        against_yardstick: Some(Target { peer: RAW, ratio: 0.95 }),
        ..Spec::cpu("echo, 1 pinned worker, server CPU", 1.0)
    };
    row(contest, spec, pinned, &SERVERS);
}

fn row(contest: &mut Contest, spec: Spec, stage: Stage, names: &[&'static str]) {
    if !contest.wants(spec.name) {
        return;
    }
    let mut switches = vec![0; names.len()];
    let mut entrants: Vec<Entrant<'_>> = Vec::new();
    for (name, switches) in names.iter().zip(&mut switches) {
        let mut server = Server::start(name, stage.workers, stage.server_cpu);
        entrants.push((name, Box::new(move || measure(&mut server, stage, switches))));
    }
    contest.compete(spec, &mut entrants);
    drop(entrants);
    let each = |switches: u64| switches as f64 / (CONNECTIONS * MESSAGES) as f64;
    let told: Vec<String> = (names.iter().zip(&switches))
        .map(|(name, switches)| format!("{name} {:.3}", each(*switches)))
        .collect();
    println!("  context switches per request in the last round: {}", told.join(", "));
}

fn measure(server: &mut Server, stage: Stage, switches: &mut u64) -> Sample {
    let sizes = [CONNECTIONS, MESSAGES, GENERATOR_THREADS];
    let mut generator = Process::generator(&server.address, sizes, stage.generator_cpu);
    let (before, start) = (server.used(), Instant::now());
    generator.run();
    let (wall, after) = (start.elapsed(), server.used());
    *switches = after.switches - before.switches;
    let requests = (CONNECTIONS * MESSAGES) as f64;
    Sample {
        cost: (after.cpu_ns - before.cpu_ns) as f64 / requests,
        beside: Some(wall.as_nanos() as f64 / requests),
    }
}
