"""Who people are, and how far a mail's From can be believed."""

from dataclasses import dataclass, replace
from enum import StrEnum


class Role(StrEnum):
    """What a user is here for; an administrator may do all an operator may."""

    CLIENT = "client"
    OPERATOR = "operator"
    ADMIN = "admin"


class UserStatus(StrEnum):
    """Where a user stands between a first mail and a confirmed account."""

    PROVISIONAL = "provisional"  # known by a mail of theirs, never registered
    UNCONFIRMED = "unconfirmed"  # registered, address not confirmed yet
    ACTIVE = "active"
    DISABLED = "disabled"


class Party(StrEnum):
    """On which side of a request a contribution was written."""

    CLIENT = "client"
    OPERATOR = "operator"
    SYSTEM = "system"


class Access(StrEnum):
    """Who may use a page."""

    ANYONE = "anyone"
    SIGNED_IN = "signed_in"
    OPERATOR = "operator"
    ADMIN = "admin"


class Verdict(StrEnum):
    """How far the From of a mail can be believed (invariants T1)."""

    PASS = "pass"  # noqa: S105  a verdict, no password
    FAIL = "fail"
    NONE = "none"


class Notices(StrEnum):
    """What an operator wants to be told of in one topic."""

    ALL = "all"
    MINE = "mine"
    NOTHING = "nothing"


class Theme(StrEnum):
    """The colours somebody wants their pages in."""

    SYSTEM = "system"  # as their device says
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a mail or a form is from, as the services know them."""

    user_id: int
    email: str
    name: str
    role: Role
    status: UserStatus
    verdict: Verdict = Verdict.NONE

    def with_verdict(self, verdict: Verdict) -> "Sender":
        """The same person, believed as far as this mail can be."""
        return replace(self, verdict=verdict)

    @property
    def shown(self) -> str:
        """The name, or the address of somebody without one."""
        return self.name or self.email

    @property
    def party(self) -> Party:
        return Party.CLIENT if self.role is Role.CLIENT else Party.OPERATOR


def is_staff(role: Role) -> bool:
    """Whether this role answers requests."""
    return role is not Role.CLIENT


def may(role: Role | None, access: Access) -> bool:
    """Whether somebody of this role, None for nobody signed in, may use a page."""
    match access:
        case Access.ANYONE:
            return True
        case Access.SIGNED_IN:
            return role is not None
        case Access.OPERATOR:
            return role is not None and is_staff(role)
        case Access.ADMIN:
            return role is Role.ADMIN
