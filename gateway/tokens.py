"""Random tokens and their hashes, and short keyed codes.

A token proves who holds it, so only its SHA-256 is stored. A code is short and keyed: it makes a
guessed ticket number worthless, no more.
"""

import base64
import hashlib
import hmac
import secrets
from functools import lru_cache

TOKEN_LENGTH = 26
"""Characters of a token: 130 bits in lower-case base32, safe in an address that loses its case."""

CODE_LENGTH = 4
"""Characters of the code of a ticket number: 20 bits."""


def new_token() -> str:
    """Return a fresh random token of 26 characters, `a-z2-7`."""
    return _base32(secrets.token_bytes(17))[:TOKEN_LENGTH]


def new_long_token() -> str:
    """Return a random token of 52 characters, for a session or a link that is all it takes (W6, W9)."""
    return new_token() + new_token()


def hash_token(token: str) -> str:
    """Return what is stored of a token: SHA-256 in hex. Case does not count."""
    return hashlib.sha256(token.lower().encode("utf-8", "replace")).hexdigest()


@lru_cache(maxsize=512)
def ticket_code(secret: bytes, number: int) -> str:
    """Return the four-letter code of a ticket number, keyed so that it cannot be guessed."""
    digest = hmac.new(secret, f"ticket:{number}".encode(), hashlib.sha256).digest()
    return _base32(digest)[:CODE_LENGTH]


def is_ticket_code(secret: bytes, number: int, code: str) -> bool:
    """Whether `code` is the one of this ticket number, compared in constant time."""
    given = code.lower().encode("utf-8", "replace")  # compare_digest takes no text beyond ASCII
    return hmac.compare_digest(ticket_code(secret, number).encode(), given)


def loop_mark(secret: bytes, domain: str) -> str:
    """Return the value of our loop header: it names this installation, and nobody else can write it."""
    return f"{domain}.{sign(secret, 'loop', domain)}"


def sign(secret: bytes, purpose: str, value: str) -> str:
    """Return a keyed signature of `value`, 26 characters, of no use for another purpose."""
    digest = hmac.new(secret, f"{purpose}:{value}".encode(), hashlib.sha256).digest()
    return _base32(digest)[:TOKEN_LENGTH]


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode("ascii").rstrip("=").lower()
