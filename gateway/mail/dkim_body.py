"""The body of a mail as DKIM signs it, in code of our own.

dkimpy canonicalises the body with patterns that take quadratic time on long blanks and many times
its size in memory on short words, and a stranger may sign such a body with a key of their own.
"""

import hashlib


def body_digest(body: bytes, *, relaxed: bool) -> bytes:
    """Return the SHA-256 of a body in canonical form (RFC 6376, 3.4.3 and 3.4.4).

    Linear in time. Nothing is copied of a body that needs no change, which is the rule for large ones.
    """
    if body.count(b"\n") != body.count(b"\r\n"):
        body = body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    if relaxed:
        body = (body if body.endswith(b"\r\n") else body + b"\r\n").replace(b"\t", b" ")
        while b"  " in body:  # halves every run, so some twenty rounds at most
            body = body.replace(b"  ", b" ")
        body = body.replace(b" \r\n", b"\r\n")
    end = len(body)
    if body.endswith(b"\r\n"):
        end = len(body.rstrip(b"\r\n"))
        end += body[end:].rfind(b"\r\r") + 1  # a lone CR is no end of a line
    digest = hashlib.sha256(memoryview(body)[:end])
    if end or not relaxed:
        digest.update(b"\r\n")
    return digest.digest()
