"""`python -m gateway` is `sysmo`."""

from gateway.cli import main

main()
