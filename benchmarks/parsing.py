"""mail-parser alone, in one process: what `pipeline` is measured beside.

`python -m benchmarks.parsing FOLDER` parses every mail of a folder, all in memory before.
"""

import sys
import time
from pathlib import Path

import mailparser

from benchmarks.processes import say


def parse_all(folder: Path) -> tuple[int, float]:
    """Return how many mails there were and the seconds it took to parse them."""
    mails = [file.read_bytes() for file in sorted(folder.glob("**/*.eml"))]
    began = time.perf_counter()
    for mail in mails:
        mailparser.parse_from_bytes(mail)
    return len(mails), time.perf_counter() - began


if __name__ == "__main__":
    count, seconds = parse_all(Path(sys.argv[1]))
    say(count=count, seconds=seconds)
