"""Replies of the listener: enhanced codes for those of the library, and what an exception becomes.

Replies with a code of their own stand where they are given; all are fixed texts, so none tells a
stranger what went wrong inside (invariants B1, D8; codes: RFC 3463).
"""

FAILED = "451 4.3.0 Something went wrong here, try again later"
TOO_BIG = "552 5.3.4 Message too big"
TOO_SLOW = "421 4.4.2 Too slow, closing"
TOO_MANY_CONNECTIONS = "421 4.7.0 Too many connections, try again later"
TOO_MANY_ERRORS = "421 4.7.0 Too many errors, closing"
SHUTTING_DOWN = "421 4.3.2 Shutting down, try again later"

_READY_FOR_TLS = "220 Ready to start TLS"
_ENHANCED = {
    "221": "2.0.0",
    "250": "2.0.0",
    "454": "4.7.0",
    "500": "5.5.2",
    "501": "5.5.4",
    "502": "5.5.1",
    "503": "5.5.1",
    "554": "5.7.0",
}
_PROTOCOL_ERRORS = frozenset({"500", "501", "502", "503", "504", "555"})


def enhanced(reply: str) -> str:
    """Return a reply with its enhanced code, which the library does not know; a greeting has none."""
    code, words = reply[:3], reply[4:]
    if reply == _READY_FOR_TLS:
        return f"220 2.0.0 {words}"
    if code not in _ENHANCED or words.startswith(f"{code[0]}."):
        return reply
    return f"{code} {_ENHANCED[code]} {words}"


def is_protocol_error(reply: str) -> bool:
    """Whether a reply says that the peer does not speak SMTP well."""
    return reply[:3] in _PROTOCOL_ERRORS


def place_of(error: BaseException) -> str:
    """File and line that raised, without the text of the error, which may hold what is in a mail."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else ""
