"""TXT records by DNS, remembered for a while, so that a thousand mails of one domain ask once."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import dns.exception
import dns.name
import dns.resolver

Resolve = Callable[[str, float], bytes | None]
"""Returns the TXT record of a name, None if there is none. Waits at most so many seconds for the DNS
and raises OSError if it gave no answer."""

Ask = Callable[[str, float], tuple[bytes | None, float]]
"""The same, with the seconds for which the answer holds."""

LONGEST, SHORTEST = 3600.0, 60.0
"""Bounds of how long a record is remembered, whatever its domain says of it."""

ABSENT = 300.0
"""How long it is remembered that there is no record."""

SILENCE = 60.0
"""How long nobody is asked again for a name that got no answer."""

HURRY = 1.0
"""Seconds granted after a question that got no answer, until one does: a DNS that is there needs less."""

GIVEN_UP = 4
"""Questions in a row without an answer after which nobody is asked for a while (`SILENCE`): mail that comes
while the DNS is away does not wait in line for it."""

REMEMBERED = 2_000
RECORD_OCTETS = 4_096
"""Of a longer record nothing is believed: no key is that long."""


@dataclass(frozen=True, slots=True)
class _Answer:
    record: bytes | None
    silent: bool
    until: float


class TxtRecords:
    """A `Resolve` that remembers. `ask` takes the place of the DNS, `clock` of the monotonic one."""

    def __init__(self, ask: Ask | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask or ask_dns
        self._clock = clock
        self._answers: dict[str, _Answer] = {}
        self._unanswered = 0
        self._quiet_until = 0.0

    def __call__(self, name: str, seconds: float) -> bytes | None:
        name = name.lower()
        known = self._answers.get(name)
        if known is None or known.until <= self._clock():
            if self._clock() < self._quiet_until:
                raise TimeoutError(name)
            known = self._asked(name, min(seconds, HURRY) if self._unanswered else seconds)
            self._remember(name, known)
        if known.silent:
            raise TimeoutError(name)
        return known.record

    def _asked(self, name: str, seconds: float) -> _Answer:
        try:
            record, holds = self._ask(name, seconds)
        except OSError:
            self._unanswered += 1
            if self._unanswered >= GIVEN_UP:
                self._quiet_until = self._clock() + SILENCE
            return _Answer(None, silent=True, until=self._clock() + SILENCE)
        self._unanswered = 0
        return _Answer(record, silent=False, until=self._clock() + min(max(holds, SHORTEST), LONGEST))

    def _remember(self, name: str, answer: _Answer) -> None:
        self._answers.pop(name, None)
        while len(self._answers) >= REMEMBERED:
            del self._answers[next(iter(self._answers))]  # the oldest
        self._answers[name] = answer


def ask_dns(name: str, seconds: float) -> tuple[bytes | None, float]:
    """Ask the resolver of this machine. Raises TimeoutError when nobody answers in time."""
    try:
        asked = dns.name.from_text(name)
    except dns.exception.DNSException:  # a stranger's name may be none
        return None, LONGEST
    try:
        answer = dns.resolver.resolve(asked, "TXT", lifetime=seconds, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.resolver.YXDOMAIN):
        return None, ABSENT
    except dns.exception.DNSException as error:
        raise TimeoutError(name) from error
    record = b"".join(next(iter(answer)).strings)
    ttl = answer.rrset.ttl if answer.rrset is not None else ABSENT
    return (record if len(record) <= RECORD_OCTETS else None), ttl
