"""May this mail write on that ticket? The table of invariants T4, and nothing else."""

from enum import StrEnum

from gateway.rules.people import Verdict


class Outcome(StrEnum):
    """What became of an accepted mail. Every mail has exactly one, or still waits."""

    OPENED = "opened"
    APPENDED = "appended"
    HELD = "held"
    DUPLICATE = "duplicate"
    BOUNCE = "bounce"
    AUTOMATIC = "automatic"
    FAILED = "failed"


class Decision(StrEnum):
    """What an operator decided on a held mail."""

    ACCEPT = "accept"  # onto the ticket it points at, else as a new one
    ACCEPT_AS_NEW = "accept_as_new"
    DISCARD = "discard"  # kept, without effect, and listed no more


class Admission(StrEnum):
    """What is done with a person's mail."""

    OPEN = "open"
    APPEND = "append"
    CONTINUE = "continue"  # a new ticket, linked to the one it goes on from
    HOLD = "hold"


class Evidence(StrEnum):
    """The strongest thing a mail shows for belonging to a ticket."""

    OWN_TOKEN = "own_token"  # noqa: S105  a kind of proof, no password
    OTHERS_TOKEN = "others_token"  # noqa: S105
    CODE = "code"
    NUMBER = "number"
    NOTHING = "nothing"


class Standing(StrEnum):
    """What the From address is to the ticket."""

    PARTICIPANT = "participant"
    OPERATOR = "operator"  # a confirmed operator who may act on this ticket now
    STRANGER = "stranger"


def admit(
    evidence: Evidence,
    standing: Standing,
    verdict: Verdict,
    *,
    closed_long: bool,
    strict_operators: bool,
) -> tuple[Admission, str]:
    """Decide what a person's mail may do; the second value is the reason, a catalogue key.

    `closed_long`: the ticket was closed too long ago for a client to open it again; an operator may
    answer it at any time. `strict_operators` is `[trust] operator_mail = "verified"` (invariants T8,
    T9): then an operator's mail needs a verdict of pass besides their own token. A stranger with a
    token of their own is somebody who may not write here any more, such as an operator who left the
    topic: the token says who they are, not that they still may.
    """
    if verdict is Verdict.FAIL:
        return Admission.HOLD, "sender-refused"
    if evidence is Evidence.NOTHING:
        return Admission.OPEN, "new"
    if standing is Standing.OPERATOR:
        return _admit_operator(evidence, verdict, strict=strict_operators)
    admission, reason = _admit_client(evidence, standing, verdict)
    if admission is Admission.APPEND and closed_long:
        return Admission.CONTINUE, "continues"
    return admission, reason


def _admit_client(evidence: Evidence, standing: Standing, verdict: Verdict) -> tuple[Admission, str]:
    if evidence is Evidence.NUMBER:
        if standing is Standing.PARTICIPANT and verdict is Verdict.PASS:
            return Admission.APPEND, "participant-number"
        return Admission.OPEN, "may-belong"
    if standing is Standing.STRANGER:
        return Admission.HOLD, "stranger"
    if evidence is Evidence.OTHERS_TOKEN and verdict is not Verdict.PASS:
        return Admission.HOLD, "others-token"
    return Admission.APPEND, "participant"


def _admit_operator(evidence: Evidence, verdict: Verdict, *, strict: bool) -> tuple[Admission, str]:
    """T8: an operator's mail acts on the proof of their own token, and on nothing less."""
    if evidence is Evidence.NUMBER:
        return Admission.OPEN, "may-belong"
    if evidence is not Evidence.OWN_TOKEN:
        return Admission.HOLD, "operator-without-token"
    if strict and verdict is not Verdict.PASS:
        return Admission.HOLD, "operator-not-verified"
    return Admission.APPEND, "operator"
