"""The `sysmo` command, as section 2 of the contract lists it."""

import sys

from gateway.cli.entry import run


def main() -> None:
    """Entry point of the installed command."""
    sys.exit(run(sys.argv[1:]))
