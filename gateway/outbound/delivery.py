"""One mail to hand over, and what can come of it. The same for every transport."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from gateway.mail.one_line import one_line

REPLY_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Parcel:
    """A mail with its envelope. An empty `envelope_from` is the null sender.

    `otherwise_from` takes its place at a relay that refuses the null sender, as some providers do (L3).
    """

    envelope_from: str
    recipient: str
    data: bytes
    otherwise_from: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """The relay has it."""

    reply: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now; the same bytes may go out later."""

    reply: str


@dataclass(frozen=True, slots=True)
class Refused:
    """This mail will never be taken."""

    reply: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """All was handed over and no answer came: it may have been sent."""

    reply: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The relay refuses us, whatever the mail: nothing should go out until somebody has looked."""

    reply: str


Delivery = Sent | Deferred | Refused | Unclear | Broken


class Transport(Protocol):
    """A way out: the smarthost, or a folder."""

    async def deliver(self, parcel: Parcel, *, before_dot: Callable[[], Awaitable[bool]]) -> Delivery:
        """Hand one mail over. `before_dot` says at the last moment whether it is still ours (E4)."""

    async def close(self) -> None:
        """Let go of what is held open."""


class Step(StrEnum):
    """Where in the dialogue a reply came."""

    OPENING = "opening"  # greeting, EHLO, STARTTLS, AUTH
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    DOT = "end of data"


def judge(step: Step, code: int, text: str) -> Delivery | None:
    """Return what a reply before the final dot means (invariants E6), or None to go on.

    A 5xx before RCPT is about us, not about the mail, but for one that finds it too large. What
    is no reply at all is a passing fault.
    """
    reply = worded(f"{code} {text}")
    if 500 <= code <= 599:
        too_large = step is Step.MAIL and (code == 552 or text.startswith("5.3.4"))
        return Refused(reply) if too_large or step in (Step.RCPT, Step.DATA) else Broken(reply)
    goes_on = code == 354 if step is Step.DATA else 200 <= code <= 299
    return None if goes_on else Deferred(reply)


def judge_final(code: int, text: str) -> Delivery:
    """Return what the reply to the final dot means; what is no reply leaves it unclear."""
    reply = worded(f"{code} {text}")
    match code // 100:
        case 2:
            return Sent(reply)
        case 4:
            return Deferred(reply)
        case 5:
            return Refused(reply)
        case _:
            return Unclear(reply)


def worded(reply: str) -> str:
    """Return what a relay said as one bounded line, fit for a log and a page."""
    return one_line(reply, REPLY_LENGTH)
