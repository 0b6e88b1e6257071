"""E-mail addresses: their normal form, and the tokened ones of ours."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox: the normal form (T14) and the display name, cleaned of controls."""

    email: str
    name: str = ""
