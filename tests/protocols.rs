//! asyncio's protocols: generators, async iterators and generators, async context managers. Time is
//! virtual.

#[path = "protocols/adaptors.rs"]
mod adaptors;
#[path = "protocols/async_with.rs"]
mod async_with;
#[path = "protocols/generators.rs"]
mod generators;
#[path = "protocols/streams.rs"]
mod streams;
