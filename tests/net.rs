//! Sockets over IP, through the public interface and the real kernel.

#[path = "net/tcp.rs"]
mod tcp;
