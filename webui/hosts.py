"""Which host a request may be for, and where a page may send somebody next (invariants W8, W15)."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::[0-9]{1,5})?", re.ASCII)
_LONGEST_HOST = 260
_LONGEST_PATH = 2000


def is_our_host(given: Sequence[str], ours: str) -> bool:
    """Whether the one Host header names this site or this machine itself; the port does not matter."""
    if len(given) != 1 or len(given[0]) > _LONGEST_HOST:
        return False
    found = _HOST.fullmatch(given[0].lower())
    wanted = f"[{ours}]" if ":" in ours else ours
    return found is not None and (found[1] in _LOOPBACK or found[1] == wanted)


def safe_path(target: str, otherwise: str) -> str:
    """Return a path of ours to go to, or `otherwise` for anything that might lead elsewhere.

    Browsers take `//host`, `/\\host` and a tab in between for another site.
    """
    sound = target.isascii() and target.isprintable() and "\\" not in target and len(target) <= _LONGEST_PATH
    if not sound or not target.startswith("/") or target.startswith("//"):
        return otherwise
    parts = urlsplit(target)
    return otherwise if parts.scheme or parts.netloc else target
