//! Sockets over IP, through the public interface and the real kernel.

#[path = "net/ends.rs"]
mod ends;
#[path = "net/load.rs"]
mod load;
#[path = "net/names.rs"]
mod names;
#[path = "net/tcp.rs"]
mod tcp;
#[path = "net/tokio_io.rs"]
mod tokio_io;
#[path = "net/udp.rs"]
mod udp;
