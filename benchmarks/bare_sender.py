"""A bare aiosmtplib loop: one connection, one `sendmail` after the other; `send` is measured beside it.

`python -m benchmarks.bare_sender PORT MANIFEST`; everything is in memory before the first mail.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from aiosmtplib import SMTP

from benchmarks.processes import say


async def send_all(port: int, mails: Sequence[tuple[str, str, bytes]]) -> None:
    """Send mails: sender, recipient and octets of each."""
    async with SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
        for sender, recipient, data in mails:
            await client.sendmail(sender, [recipient], data)


def read_manifest(manifest: Path) -> list[tuple[str, str, bytes]]:
    """Return the mails of a manifest."""
    lines = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    return [
        (each["sender"], each["recipient"], (manifest.parent / each["file"]).read_bytes()) for each in lines
    ]


if __name__ == "__main__":
    given = read_manifest(Path(sys.argv[2]))
    asyncio.run(send_all(int(sys.argv[1]), given))
    say(count=len(given))
