"""One line an event, for people or as JSON; control characters escaped, libraries routed through.

A line carries the entry id and what happened, never a subject, a body or a secret (O5, C7).
"""

import logging
import sys
import traceback
from enum import Enum
from pathlib import Path
from typing import Any

import structlog

from gateway.config import Log

QUIET = ("mail.log", "mail.debug", "imapclient", "uvicorn.access", "mailparser", "alembic")
"""Libraries that write message lines or every request at DEBUG or INFO."""


FRAMES = 6


def set_up(section: Log) -> None:
    """Send every log of the process to stderr in one form. Called once, by the command."""
    level = logging.getLevelNamesMapping()[section.level.upper()]
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _located,
        _bounded,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if section.format == "json"
        else structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"])
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _located(_logger: object, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Say what an exception was and where, innermost place first, without the values in its text."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
        places = [f"{frame.name}:{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames)]
        event["error"] = f"{type(error).__name__} in {' < '.join(places)}"
    return event


def _bounded(_logger: object, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Keep a hostile value from filling the log or drawing lines of its own in it."""
    for key, value in event.items():
        if isinstance(value, Enum):
            event[key] = str(value)
        elif isinstance(value, str) and (len(value) > 500 or not value.isprintable()):
            event[key] = value[:500].encode("unicode_escape").decode("ascii")
    return event
