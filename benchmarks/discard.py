"""A bare aiosmtpd whose handler discards: `intake` is measured beside it, and our mail out goes to it.

`python -m benchmarks.discard [EVERY]` says after EVERY mails when they began and ended to come (in
seconds since the epoch) and whom the last one was for.
"""

import asyncio
import logging
import sys
import time

from aiosmtpd.smtp import SMTP, Envelope, Session

from benchmarks.processes import say

MOST_OCTETS = 40 * 1024 * 1024


class Discard:
    """Takes everything, keeps nothing but times."""

    def __init__(self, every: int) -> None:
        self._every = every
        self._count = 0
        self._began = 0.0

    async def handle_MAIL(  # noqa: N802  the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._began = self._began or time.time()
        envelope.mail_from = address
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self._count += 1
        if self._count == self._every:
            say(began=self._began, ended=time.time(), to=envelope.rcpt_tos[-1])
            self._count, self._began = 0, 0.0
        return "250 OK"


async def serve(every: int) -> None:
    handler = Discard(every)

    def session() -> SMTP:
        return SMTP(
            handler,
            data_size_limit=MOST_OCTETS,
            enable_SMTPUTF8=True,
            hostname="discard.example",
            command_call_limit=None,
        )

    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0)
    say(port=server.sockets[0].getsockname()[1])
    await server.serve_forever()


if __name__ == "__main__":
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # as any installation has it
    asyncio.run(serve(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
