"""What one call of the command works with: its configuration, the words of its language, a runtime."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from gateway.catalogue import translator
from gateway.config import Config, Log, load
from gateway.runtime import Runtime
from gateway.startup import open_runtime

Words = Callable[[str], str]


class Request:
    """One call. The configuration is read when a command first asks, so that `--help` needs none."""

    def __init__(self, set_up_logs: Callable[[Log], None]) -> None:
        self.set_up_logs = set_up_logs
        self.file = Path("config.toml")
        self.words: Words = translator("es")
        self._config: Config | None = None

    @property
    def config(self) -> Config:
        if self._config is None:
            self._config = load(self.file)
            self.words = translator(self._config.site.language)
            # To stderr, and only what went wrong: stdout is for people and scripts.
            self.set_up_logs(self._config.log.model_copy(update={"level": "warning"}))
        return self._config

    @contextmanager
    def runtime(self) -> Iterator[Runtime]:
        """A runtime for the length of a command."""
        runtime = open_runtime(self.config)
        try:
            yield runtime
        finally:
            runtime.db.close()


def request_of(context: typer.Context) -> Request:
    """The call a command belongs to."""
    request = context.find_root().obj
    if not isinstance(request, Request):
        raise TypeError("no request")
    return request


def say(text: str) -> None:
    """One line for the person at the terminal; flushed, since they may read us through a pipe."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def complain(*lines: str, status: int) -> int:
    """Say what is wrong, a line each, on stderr; return the exit status."""
    for line in lines:
        sys.stderr.write(f"sysmo: {line}\n")
    return status
