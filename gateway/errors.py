"""Every exception with a meaning. What happens every day is a value, not one of these."""

from collections.abc import Sequence


class SysmoError(Exception):
    """What all of ours have in common, so that a loop can tell them from a bug."""


class ConfigError(SysmoError):
    """The configuration cannot be used. Raised at start only; lists all problems, a line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class DomainError(SysmoError):
    """A person asked the impossible; whoever talks to them says so."""


class NotFound(DomainError):
    """What was asked for is not there, or not for this person: both look alike."""


class NotAllowed(DomainError):
    """The person may not do this."""


class Invalid(DomainError):
    """A value that cannot be: `field` names it, the text says what is wrong and what to do.

    `sentence` is the text as the catalogues know it, with `values` for its {places}; `problem` is
    it in English, filled in.
    """

    def __init__(self, field: str, sentence: str, **values: object) -> None:
        problem = sentence.format(**values) if values else sentence
        super().__init__(problem)
        self.field = field
        self.sentence = sentence
        self.values = values
        self.problem = problem


class InvalidForm(Invalid):
    """Several values that cannot be, all told at once; itself the first of them."""

    def __init__(self, problems: Sequence[Invalid]) -> None:
        super().__init__(problems[0].field, problems[0].sentence, **problems[0].values)
        self.problems = tuple(problems)


class MailRefused(SysmoError):
    """This mail can never be taken: a 5xx on SMTP, set aside elsewhere.

    `reply` is a whole SMTP reply with its enhanced code; it says nothing about who or what we know.
    """

    def __init__(self, reply: str) -> None:
        super().__init__(reply)
        self.reply = reply


class TryLater(SysmoError):
    """Not now: a 451 on SMTP, put back elsewhere."""

    def __init__(self, reply: str = "451 4.3.0 Try again later") -> None:
        super().__init__(reply)
        self.reply = reply


class StaleLease(SysmoError):
    """The row is no longer ours: its lease ran out and somebody else may hold it."""
