//! What may cross threads, and what may be used after a panic: as much as is sound, and not more.

use sheave::cancel::CancellationToken;
use sheave::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};
use sheave::runtime::{Handle, Runtime};
use sheave::sync::{Barrier, Event, Notify, Semaphore, broadcast, mpsc};
use sheave::sync::{
    MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard,
    OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock,
    RwLockMappedWriteGuard, RwLockReadGuard, RwLockWriteGuard,
};
use sheave::task::{AbortHandle, JoinHandle};
use std::cell::Cell;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

/// Asks whether `T` is `Send` and `Sync`: the constants of its own are there only if it is.
struct Probe<T>(PhantomData<T>);

trait Neither {
    const SEND: bool = false;
    const SYNC: bool = false;
}

impl<T> Neither for Probe<T> {}

impl<T: Send> Probe<T> {
    const SEND: bool = true;
}

impl<T: Sync> Probe<T> {
    const SYNC: bool = true;
}

macro_rules! assert_traits {
    ($($Type:ty: $send:literal $sync:literal;)*) => {$(
        let found = (Probe::<$Type>::SEND, Probe::<$Type>::SYNC);
        assert_eq!(found, ($send, $sync), "`Send` and `Sync` of {}", stringify!($Type));
    )*};
}

/// Can be sent, but not shared.
type Sent = Cell<u8>;
/// Can be neither.
type Kept = Rc<u8>;
/// Can be shared, but not sent.
type Shared = std::sync::MutexGuard<'static, u8>;

#[test]
fn locks_and_their_guards() {
    assert_traits! {
        Mutex<Sent>: true true;
        Mutex<Kept>: false false;
        MutexGuard<'_, Sent>: true false;
        MutexGuard<'_, Shared>: false false;
        OwnedMutexGuard<Sent>: true false;
        OwnedMutexGuard<Shared>: false false;
        MappedMutexGuard<'_, Sent>: true false;
        MappedMutexGuard<'_, Shared>: false true;
        OwnedMappedMutexGuard<Sent, u8>: true true;
        OwnedMappedMutexGuard<Kept, u8>: false false;
        OwnedMappedMutexGuard<u8, Sent>: true false;
        OwnedMappedMutexGuard<u8, Shared>: false true;
    }
}

#[test]
fn locks_for_readers_and_writers_and_their_guards() {
    assert_traits! {
        RwLock<u8>: true true;
        RwLock<Sent>: true false;
        RwLock<Shared>: false false;
        RwLockReadGuard<'_, u8>: true true;
        RwLockReadGuard<'_, Sent>: false false;
        RwLockReadGuard<'_, Shared>: true true;
        RwLockWriteGuard<'_, u8>: true true;
        RwLockWriteGuard<'_, Sent>: false false;
        RwLockWriteGuard<'_, Shared>: false false;
        RwLockMappedWriteGuard<'_, Sent>: true false;
        RwLockMappedWriteGuard<'_, Shared>: false true;
        OwnedRwLockReadGuard<u8>: true true;
        OwnedRwLockReadGuard<Sent, u8>: false false;
        OwnedRwLockReadGuard<Shared, u8>: false false;
        OwnedRwLockReadGuard<u8, Sent>: false false;
        OwnedRwLockWriteGuard<u8>: true true;
        OwnedRwLockWriteGuard<Sent>: false false;
        OwnedRwLockMappedWriteGuard<Sent, u8>: false false;
        OwnedRwLockMappedWriteGuard<Kept, u8>: false false;
        OwnedRwLockMappedWriteGuard<u8, Sent>: true false;
        OwnedRwLockMappedWriteGuard<u8, Shared>: false true;
    }
}

/// What a closure may use that [`catch_unwind`](std::panic::catch_unwind) runs.
fn assert_unwind_safe<T: UnwindSafe + RefUnwindSafe>() {}

#[test]
fn what_a_caught_panic_leaves_usable() {
    // Messages need not be: a channel moves them, and looks into none.
    type Message = &'static mut Cell<u8>;
    assert_unwind_safe::<mpsc::Sender<Message>>();
    assert_unwind_safe::<mpsc::WeakSender<Message>>();
    assert_unwind_safe::<mpsc::Receiver<Message>>();
    assert_unwind_safe::<mpsc::UnboundedSender<Message>>();
    assert_unwind_safe::<mpsc::WeakUnboundedSender<Message>>();
    assert_unwind_safe::<mpsc::UnboundedReceiver<Message>>();
    assert_unwind_safe::<mpsc::Permit<'_, Message>>();
    assert_unwind_safe::<mpsc::PermitIterator<'_, Message>>();
    assert_unwind_safe::<mpsc::OwnedPermit<Message>>();
    assert_unwind_safe::<broadcast::Sender<Message>>();
    assert_unwind_safe::<broadcast::Receiver<Message>>();
    assert_unwind_safe::<(Notify, Event, Barrier, Semaphore)>();
    assert_unwind_safe::<CancellationToken>();
    assert_unwind_safe::<(Runtime, Handle)>();
    assert_unwind_safe::<(JoinHandle<Message>, AbortHandle)>();
    assert_unwind_safe::<(TcpListener, TcpStream, UdpSocket)>();
    assert_unwind_safe::<(UnixListener, UnixStream, UnixDatagram)>();
}
