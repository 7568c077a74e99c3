"""Visits pages, two at a time, and weighs them while a heart beats."""
import asyncio
import time

PAGES = {"about": 50, "index": 100, "news": 150, "slow": 60_000}


async def fetch(page):
    # Stands for a request that takes so many milliseconds.
    await asyncio.sleep(PAGES[page] / 1000)
    return f"<h1>{page}</h1>"


def weigh(text):
    # Stands for a library that blocks.
    time.sleep(0.01)
    return sum(text.encode())


async def visit(page, slots, weights):
    async with slots:
        try:
            async with asyncio.timeout(2):
                text = await fetch(page)
        except TimeoutError:
            weights[page] = "too slow"
            return
    weights[page] = await asyncio.to_thread(weigh, text)


async def beat(ticks):
    try:
        while True:
            await asyncio.sleep(0.005)
            ticks.append(time.monotonic())
    finally:
        print("the heart stops")


async def main():
    ticks, weights = [], {}
    heart = asyncio.create_task(beat(ticks), name="heart")

    slots = asyncio.Semaphore(2)
    async with asyncio.TaskGroup() as group:
        for page in PAGES:
            group.create_task(visit(page, slots, weights))
    for page, weight in sorted(weights.items()):
        print(f"{page}: {weight}")

    heart.cancel("all pages are there")
    try:
        await heart
    except asyncio.CancelledError as error:
        beats = "many" if len(ticks) > 5 else "few"
        print(f"cancelled: {error}, after {beats} beats")

    first, second = await asyncio.gather(fetch("index"), fetch("about"))
    print(first, second)

    tasks = [asyncio.create_task(fetch(page)) for page in ("news", "about", "index")]
    for earliest in asyncio.as_completed(tasks):
        print("arrived:", await earliest)


asyncio.run(main())
