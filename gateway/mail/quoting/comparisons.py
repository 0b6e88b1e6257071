"""Lines that begin with ">" and quote nobody: "> 50 %", "> 3 equipos"."""

import re
from collections.abc import Sequence

from gateway.mail.quoting.lines import Line, Part, without_marks

_COMPARED = re.compile(
    r"[ \t]{0,3}>=?\s{0,2}[-+$€]{0,2}\d{1,9}(?:[.,]\d{1,9})?(?![\d/:])(?![.)ºª-]{1,2}(?:\s|$))"
)  # "> 2) ¿Desde cuándo?" numbers a question, "> 3/11" is a day
_LONGEST = 8


def is_comparison(lines: Sequence[Line], begin: int, end: int) -> bool:
    """Whether each of a few lines behind ">" compares with a number."""
    run = lines[begin:end]
    if len(run) > _LONGEST or any(line.part is not Part.TEXT for line in run):
        return False
    return all(_COMPARED.match(line.text) for line in run if without_marks(line).strip())
