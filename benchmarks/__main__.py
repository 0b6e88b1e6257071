"""`python -m benchmarks [NAME…]`: JSON lines of figures, all benchmarks when none is named."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import corpus, cost, intake, memory, pages, pipeline, push, reading, reports, send
from benchmarks.figures import Figure
from benchmarks.scope import DATA, REQUESTS, ROUNDS, Scope

BENCHMARKS: Mapping[str, Callable[[Scope], list[Figure]]] = {
    "read": reading.measure,
    "intake": intake.measure,
    "pipeline": pipeline.measure,
    "push": push.measure,
    "send": send.measure,
    "memory": memory.measure,
    "cost": cost.measure,
    "inbox": pages.inbox,
    "search": pages.search,
    "reports": reports.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=" ".join(BENCHMARKS))
    parser.add_argument(
        "--database", default="", metavar="URL", help="a PostgreSQL database, beside which new ones are made"
    )
    parser.add_argument("--mails", type=int, default=corpus.COUNT, help="fewer for a quick look")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument(
        "--profile", type=Path, metavar="FOLDER", help="keep profiles; figures then say nothing"
    )
    parser.add_argument(
        "--requests", type=int, default=REQUESTS, help="of the help desk of inbox, search, reports"
    )
    parser.add_argument("--data", type=Path, default=DATA, metavar="FOLDER", help="keeps that help desk")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]}; there are: {' '.join(BENCHMARKS)}")
    scope = Scope(
        mails=given.mails,
        rounds=given.rounds,
        database=given.database,
        profiles=given.profile,
        requests=given.requests,
        data=given.data,
    )
    for name in given.names or BENCHMARKS:
        for figure in BENCHMARKS[name](scope):
            print(figure.line(), flush=True)


if __name__ == "__main__":
    main()
