"""A bell that saves waiting, and is never needed."""

import asyncio

from gateway.wakeup import Wakeup


async def test_a_ring_wakes_who_waits() -> None:
    wakeup = Wakeup()
    waiting = asyncio.create_task(wakeup.wait("journal", seconds=60))
    await asyncio.sleep(0)
    wakeup.ring("outbox")
    await asyncio.sleep(0)
    assert not waiting.done()
    wakeup.ring("journal")
    async with asyncio.timeout(10):
        await waiting


async def test_a_ring_before_the_wait_is_heard_once() -> None:
    wakeup = Wakeup()
    wakeup.ring("journal")
    wakeup.ring("journal")
    async with asyncio.timeout(10):
        await wakeup.wait("journal", seconds=60)
    again = asyncio.create_task(wakeup.wait("journal", seconds=60))
    await asyncio.sleep(0)
    assert not again.done()
    again.cancel()


async def test_all_who_wait_are_woken() -> None:
    wakeup = Wakeup()
    waiting = [asyncio.create_task(wakeup.wait("journal", seconds=60)) for _ in range(3)]
    await asyncio.sleep(0)
    wakeup.ring("journal")
    async with asyncio.timeout(10):
        await asyncio.gather(*waiting)


async def test_without_a_ring_the_wait_ends_by_itself() -> None:
    await Wakeup().wait("journal", seconds=0.001)
