"""Rates and caps: the numbers of invariants B and L, in one place."""

from dataclasses import dataclass
from datetime import timedelta

MIB = 1024 * 1024

# The listener (B1, B2)
CONNECTIONS = 100
CONNECTIONS_PER_PEER = 10
RECIPIENTS = 100
LINE_OCTETS = 64 * 1024
PROTOCOL_ERRORS = 20
HOPS = 100
OWN_HOPS = 3
TRANSACTION = timedelta(minutes=10)
COMMIT_BUDGET = timedelta(seconds=60)
DATA_MESSAGES = 8
DATA_OCTETS = 256 * MIB

# Disk (D10)
FREE_OCTETS = 1024 * MIB
FREE_SHARE = 0.05

# Reading (D7)
READING_CPU_SECONDS = 10
READING_WALL_SECONDS = 20
READING_OCTETS = 512 * MIB

# Pictures: thumbnails are made in a child of their own (D7), pictures of a mail stand in its HTML view (W11)
PICTURE_CPU_SECONDS = 5
PICTURE_WALL_SECONDS = 10
PICTURE_MEMORY = 512 * MIB
PICTURE_OCTETS = 20 * MIB
PICTURE_PIXELS = 40_000_000
THUMBNAIL = (640, 400)
THUMBNAIL_OCTETS = 256 * 1024
EMBEDDED_PICTURES = 40
EMBEDDED_OCTETS = 8 * MIB

# Structure of a mail (B6)
DEPTH = 30
PARTS = 500
LINES = 1_000_000  # a 35 MiB mail in base64 has half of that
HEADER_OCTETS = 256 * 1024
ONE_HEADER_OCTETS = 16 * 1024
ADDRESSES = 200
REFERENCES = 50
SHOWN_TEXT = MIB
HTML_OCTETS = MIB
HTML_TAGS = 10_000
HTML_LEVELS = 200
SUBJECT_CHARACTERS = 500
NAME_CHARACTERS = 200
FILENAME_CHARACTERS = 120

# Effects of one mail (B11, T6)
NOTICES = 20
DIGEST_LINES = 50
NEW_PARTICIPANTS = 10


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` in `period`."""

    count: int
    period: timedelta


PER_PEER = Rate(60, timedelta(minutes=1))
TICKETS_PER_ADDRESS_HOUR = Rate(20, timedelta(hours=1))
TICKETS_PER_ADDRESS_DAY = Rate(100, timedelta(days=1))
TICKETS_PER_ADDRESS = (TICKETS_PER_ADDRESS_HOUR, TICKETS_PER_ADDRESS_DAY)
REPLIES_PER_CLIENT = Rate(60, timedelta(hours=1))
"""On the web, where each tells operators by mail and may bring files."""
PER_UNVERIFIED_DOMAIN = Rate(30, timedelta(minutes=10))
TOKEN_GUESSES = Rate(20, timedelta(hours=1))

ACKNOWLEDGEMENTS_HOUR = Rate(3, timedelta(hours=1))
ACKNOWLEDGEMENTS_DAY = Rate(10, timedelta(days=1))
ACKNOWLEDGEMENTS_UNVERIFIED = Rate(1, timedelta(days=1))
ACKNOWLEDGEMENTS_DOMAIN = Rate(30, timedelta(days=1))
ACKNOWLEDGEMENTS_ALL = Rate(120, timedelta(minutes=1))
ACKNOWLEDGEMENTS_PAUSE = timedelta(hours=1)
"""How long the breaker stops them: a flood is over by then, or opens it again within a minute."""

CONVERSATION = (Rate(10, timedelta(minutes=10)), Rate(20, timedelta(hours=1)))
"""Messages between an address and a ticket, both ways; more are a loop (L5)."""
TICKETS_BEFORE_SILENCE = Rate(30, timedelta(hours=1))
SILENCE = timedelta(hours=24)
ALERTS = Rate(1, timedelta(hours=1))  # mails for one cause (O4)
VERIFICATIONS = Rate(10, timedelta(hours=1))  # mails that ask one operator whether a mail is theirs (T9)
HELD_REMINDERS = Rate(1, timedelta(days=1))  # of mail that waits for a decision for long (T16)

# Accounts (B12, W9)
SIGN_UPS = Rate(5, timedelta(hours=1))  # of one network
CONFIRMATIONS = Rate(3, timedelta(days=1))  # mails to one address
RESETS = Rate(3, timedelta(hours=1))  # links to one address
RESETS_PER_PEER = Rate(10, timedelta(hours=1))


def disk_is_low(free: int, total: int) -> bool:
    """Whether too little space is left to accept mail: 1 GiB or 5 %, whichever is larger."""
    return free < max(FREE_OCTETS, int(total * FREE_SHARE))
