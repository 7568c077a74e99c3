"""The programs of the table in docs/src/from-python.md; `programs.rs` has their twins.

    python3 programs.py asyncio|uvloop ROUNDS

Prints a line for each program and round: its name, a tab, its seconds.
"""
import asyncio
import sys
import time


async def nothing():
    pass


async def spawn_and_join():
    tasks = [asyncio.create_task(nothing()) for _ in range(100_000)]
    for task in tasks:
        await task


async def yields():
    for _ in range(100_000):
        await asyncio.sleep(0)


async def sleeps():
    await asyncio.gather(*(asyncio.sleep(0.001) for _ in range(10_000)))


async def queue():
    messages = asyncio.Queue(64)

    async def produce():
        for n in range(100_000):
            await messages.put(n)

    producer = asyncio.create_task(produce())
    for _ in range(100_000):
        await messages.get()
    await producer


async def echo():
    async def serve(reader, writer):
        while data := await reader.read(1024):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def connect(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(200):
            writer.write(bytes(64))
            await reader.readexactly(64)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await asyncio.gather(*(connect(port) for _ in range(50)))
    server.close()
    await server.wait_closed()


async def to_thread():
    for _ in range(1000):
        await asyncio.to_thread(int)


PROGRAMS = [spawn_and_join, yields, sleeps, queue, echo, to_thread]


def main():
    kind, rounds = sys.argv[1], int(sys.argv[2])
    loop_factory = None
    if kind == "uvloop":
        import uvloop

        loop_factory = uvloop.new_event_loop
    for _ in range(rounds):
        for program in PROGRAMS:

            async def timed():
                start = time.perf_counter()
                await program()
                return time.perf_counter() - start

            with asyncio.Runner(loop_factory=loop_factory) as runner:
                print(f"{program.__name__}\t{runner.run(timed())}")


main()
