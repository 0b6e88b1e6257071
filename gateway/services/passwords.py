"""Hashing passwords. Each hash costs a good deal of time and memory on purpose, so none is made on the
event loop or inside a transaction: a shell gives it a thread of its own."""

from functools import cache

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from gateway.catalogue import _
from gateway.errors import Invalid
from gateway.rules import passwords
from gateway.services import password_strength

_MEMORY_KIB = 32 * 1024
_ROUNDS = 3


def check_rules(password: str, *, minimum: int, own_words: tuple[str, ...]) -> None:
    """Raise Invalid for a password that may not be one, in words that say why (W3).

    `own_words` are the name, the company, the address and the site's name. It takes some milliseconds of
    work, so a shell gives it a thread.
    """
    length = len(passwords.normal(password))
    if length < minimum:
        raise Invalid("password", _("The password needs at least {count} characters."), count=minimum)
    if length > passwords.LONGEST:
        raise Invalid(
            "password", _("The password can have up to {count} characters."), count=passwords.LONGEST
        )
    if passwords.is_own_name(password, own_words):
        raise Invalid("password", _("Your name, company or address can't make the password. Choose another."))
    if password_strength.is_common(password):
        raise Invalid("password", password_strength.COMMON)
    if (reason := password_strength.weakness(password, own_words)) is not None:
        raise Invalid("password", reason)


def hash_password(password: str) -> str:
    """Return what is stored of a password: Argon2id."""
    return _hasher().hash(passwords.normal(password))


def verify(password: str, stored: str | None) -> tuple[bool, str | None]:
    """Return whether a password is right, and its new hash when the settings have risen since.

    Without a stored hash the same work is done for nothing, so that the time tells nobody whether
    there is such an account (W4).
    """
    decoy = _decoy()
    try:
        good, renewed = _hasher().verify_and_update(passwords.normal(password), stored or decoy)
    except UnknownHashError:
        return False, None
    return good and stored is not None, renewed


@cache
def _hasher() -> PasswordHash:
    return PasswordHash([Argon2Hasher(time_cost=_ROUNDS, memory_cost=_MEMORY_KIB, parallelism=1)])


@cache
def _decoy() -> str:
    """A hash of our settings that belongs to nobody."""
    return _hasher().hash("nobody's password")
