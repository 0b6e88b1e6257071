"""The national holidays of Argentina: fixed, moved, and bridge days, as decreed for each year."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from importlib import import_module, metadata
from types import MappingProxyType
from typing import Any

LIBRARY = "holidays"


@lru_cache(maxsize=256)
def national(year: int) -> Mapping[date, str]:
    """Return the national holidays of a year in order, by their names in Spanish; none is known after 2100.

    They are the library's "public" ones: they bind everybody. Days of one trade or one faith do not.
    """
    library: Any = import_module(LIBRARY)  # by name: only reports need its 20 MB
    found = library.country_holidays("AR", years=year, language="es")
    return MappingProxyType({day: found[day] for day in sorted(found)})


@lru_cache(maxsize=1)
def edition() -> str:
    """Return which version of the library speaks: decrees change, and another one may know more of them."""
    return metadata.version(LIBRARY)
