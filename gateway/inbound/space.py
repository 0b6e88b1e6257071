"""Whether there is room for more mail. Where there is not, mail stays where it is (invariants D10)."""

from collections.abc import Callable
from pathlib import Path

from gateway.runtime import Runtime
from gateway.services import health

RoomFor = Callable[[Runtime], bool]


def has_room(runtime: Runtime) -> bool:
    """Whether the disks of the blobs and of the database, when it is a file, may take more mail."""
    file = runtime.db.engine.url.database if runtime.db.is_sqlite else None
    folders = [runtime.blobs, *([Path(file).parent] if file else [])]
    return all(health.disk(folder).ok for folder in folders)
