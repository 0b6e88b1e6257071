"""What kind of mail this is: a person's, automatic, or a bounce."""

from enum import StrEnum


class Kind(StrEnum):
    """A person's mail acts; the others are recorded, change nothing and cause no mail."""

    PERSON = "person"
    AUTOMATIC = "automatic"
    BOUNCE = "bounce"
