"""What a mail server may do wrong with an answer. Each fault gets the bytes of the true one."""

import re
from collections.abc import Callable
from typing import Protocol


class Talk(Protocol):
    """The connection a fault speaks on, and what was asked."""

    tag: str
    command: str

    def send(self, data: bytes) -> None: ...

    def wait_for_hang_up(self) -> None: ...


class HangUp(Exception):
    """Ends a connection."""


Fault = Callable[[Talk, bytes], None]


def hang_up(session: Talk, answer: bytes) -> None:
    raise HangUp


def hang_up_midway(session: Talk, answer: bytes) -> None:
    session.send(answer[: len(answer) // 2])
    raise HangUp


def say_bye(session: Talk, answer: bytes) -> None:
    session.send(b"* BYE Server shutting down\r\n")
    raise HangUp


def refuse(text: str = "not now") -> Fault:
    return lambda session, answer: session.send(f"{session.tag} NO {text}\r\n".encode())


def misunderstand(session: Talk, answer: bytes) -> None:
    session.send(f"{session.tag} BAD {session.command}\r\n".encode())


def talk_garbage(session: Talk, answer: bytes) -> None:
    session.send(b"\x00\xff{9}}}( HTTP/1.1 400 Bad Request\r\n\r\n")


def say_nothing(session: Talk, answer: bytes) -> None:
    session.wait_for_hang_up()


def rewrite(pattern: bytes, replacement: bytes) -> Fault:
    return lambda session, answer: session.send(re.sub(pattern, replacement, answer))


def literals_longer_by(octets: int) -> Fault:
    """Wrong literal lengths; fewer when negative."""
    return lambda session, answer: session.send(
        re.sub(rb"\{(\d+)\}", lambda found: b"{%d}" % (int(found[1]) + octets), answer)
    )


def accept(session: Talk, answer: bytes) -> None:
    """No fault at all: tells a script apart from what follows it."""
    session.send(answer)
