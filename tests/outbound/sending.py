"""A mailer under test: on a clock that is told to go, with ways out that do as a test says."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from gateway.outbound.delivery import Deferred, Delivery, Parcel, Sent, Transport
from gateway.outbound.equipment import Signature, relay_settings
from gateway.outbound.mailer import Mailer
from gateway.outbound.relay_connection import Security
from gateway.outbound.smarthost import Smarthost
from gateway.runtime import Runtime
from tests.fakes_relay import Relay
from tests.queues import Clock, items, make_item

Make = Callable[..., Runtime]
Asked = Callable[[], Awaitable[bool]]


class Scripted:
    """A way out that notes each parcel and answers what the script says, or that it is sent.

    An answer may be an exception, which is raised. `held` keeps every mail before its final dot.
    """

    def __init__(self, *answers: Delivery | Exception) -> None:
        self.answers = list(answers)
        self.parcels: list[Parcel] = []
        self.on_the_wire = asyncio.Event()
        self.held = asyncio.Event()
        self.held.set()

    async def deliver(self, parcel: Parcel, *, before_dot: Asked) -> Delivery:
        self.on_the_wire.set()
        await self.held.wait()
        answer = self.answers.pop(0) if self.answers else Sent("250 ok")
        if isinstance(answer, Exception):
            raise answer
        if not await before_dot():
            return Deferred("lease lost")
        self.parcels.append(parcel)
        return answer

    async def close(self) -> None:
        """Nothing is held open."""


class Held:
    """A smarthost that waits before each final dot until the test lets it go on."""

    def __init__(self, smarthost: Smarthost) -> None:
        self._smarthost = smarthost
        self.at_the_dot = asyncio.Event()
        self.go_on = asyncio.Event()

    async def deliver(self, parcel: Parcel, *, before_dot: Asked) -> Delivery:
        async def wait_and_ask() -> bool:
            self.at_the_dot.set()
            await self.go_on.wait()
            return await before_dot()

        return await self._smarthost.deliver(parcel, before_dot=wait_and_ask)

    async def close(self) -> None:
        await self._smarthost.close()


class Post:
    """An outbox and the mailers that work on it."""

    def __init__(self, make_runtime: Make, **settings: Any) -> None:
        self._make_runtime = make_runtime
        self.clock = Clock()
        self.runtime = self.runtime_of("here/1/1", **settings)

    def runtime_of(self, worker: str, **settings: Any) -> Runtime:
        """Another process on the same database."""
        lines = ["[mailer]", *(f"{key} = {json.dumps(value)}" for key, value in settings.items())]
        return self._make_runtime("\n".join(lines if settings else []), now=self.clock, worker=worker)

    def queue(self, **values: Any) -> int:
        with self.runtime.db.transaction() as session:
            return make_item(session, **{"due_at": self.clock(), "created_at": self.clock()} | values)

    def row(self, item: int) -> Any:
        return items(self.runtime.db)[item]

    def mailer(
        self,
        transport: Transport | Callable[[], Transport],
        *,
        signature: Signature | None = None,
        runtime: Runtime | None = None,
    ) -> Mailer:
        make = transport if callable(transport) else lambda: transport
        return Mailer(runtime or self.runtime, make, signature=signature, pause_seconds=0.01)

    @asynccontextmanager
    async def sending(self, transport: Any, **more: Any) -> AsyncIterator["asyncio.Task[None]"]:
        """Run a mailer beside the test, as the role does."""
        task = asyncio.create_task(self.mailer(transport, **more).run())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait; the mailers are woken, since time of theirs may have passed meanwhile."""
        async with asyncio.timeout(30):
            while not holds():
                self.runtime.wakeup.ring("outbox")
                await asyncio.sleep(0.005)

    async def until_state(self, state: str, *wanted: int) -> None:
        def there() -> bool:
            rows = items(self.runtime.db)
            return all(rows[item].state == state and rows[item].holder is None for item in wanted)

        await self.until(there)


def smarthost_to(relay: Relay, runtime: Runtime, **changes: Any) -> Smarthost:
    """The real thing, as the configuration would make it, with shorter times."""
    settings = relay_settings(runtime.config.mailer, hostname="tickets.sysmo.example")
    usual = {"host": "127.0.0.1", "port": relay.port, "timeout": 5, "final_timeout": 5}
    return Smarthost(replace(settings, **usual | {"security": Security.NONE} | changes))


def arrived(relay: Relay) -> Sequence[str]:
    """The Message-IDs that arrived, in order."""
    return [mail.data.partition(b"Message-ID: ")[2].partition(b"\r\n")[0].decode() for mail in relay.received]
