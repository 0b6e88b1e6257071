"""`python benchmarks/profiled.py FOLDER ARGUMENTS`: sysmo with every thread profiled, for --profile.

A profile costs a third of the speed and more, so figures of such a run say nothing; where the time
goes, they do.
"""

import cProfile
import itertools
import marshal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from gateway.cli import main

folder, sys.argv[1:] = Path(sys.argv[1]), sys.argv[2:]
sys.argv[0] = "sysmo"
numbers = itertools.count()
profiles: dict[str, Any] = {}


def begin(_frame: FrameType, _event: str, _argument: object) -> None:
    """Called once in each new thread, on its first step: from there on its own profile is called."""
    profile: Any = cProfile.Profile()
    profiles[f"{next(numbers):02}-{threading.current_thread().name}"] = profile
    profile.enable()


threading.setprofile(begin)
own: Any = cProfile.Profile()
profiles["main"] = own
own.enable()
try:
    main()
finally:
    own.disable()
    for name, each in profiles.items():
        each.snapshot_stats()
        (folder / f"{name.replace(' ', '-')}.prof").write_bytes(marshal.dumps(each.stats))
