"""First lines of an operator's mail → commands (contract section 4)."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from gateway.mail.addresses import normal_form
from gateway.mail.one_line import one_line

COMMANDS = 10
"""Commands one mail may give; an eleventh is a mistake."""

LINES = 64
"""Lines looked at, the blank ones between commands included."""

LINE_CHARACTERS = 400
"""A longer line is no command; of a mistaken one this much is quoted."""


class Verb(StrEnum):
    """What an operator can ask for by mail; nothing here deletes or exports (T12)."""

    TAKE = "take"
    ASSIGN = "assign"
    TOPIC = "topic"
    CLOSE = "close"
    REOPEN = "reopen"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Command:
    """One command, with what stands after it on its line."""

    verb: Verb
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Commands:
    """The commands at the top of a text, the text that is left, and what is wrong with them.

    One mistake voids the mail (T10), so `mistakes` (the lines as written) outweighs the rest.
    """

    given: tuple[Command, ...]
    rest: str
    mistakes: tuple[str, ...] = ()


_WORDS = {
    "tomar": Verb.TAKE,
    "take": Verb.TAKE,
    "asignar": Verb.ASSIGN,
    "assign": Verb.ASSIGN,
    "tematica": Verb.TOPIC,
    "topic": Verb.TOPIC,
    "cerrar": Verb.CLOSE,
    "close": Verb.CLOSE,
    "reabrir": Verb.REOPEN,
    "reopen": Verb.REOPEN,
    "interno": Verb.INTERNAL,
    "internal": Verb.INTERNAL,
}
_WRONG_LETTERS = 2
_LONGEST_NEAR = max(map(len, _WORDS)) + 2
_WITH_ARGUMENT = frozenset({Verb.ASSIGN, Verb.TOPIC})
_AGAINST_EACH_OTHER = (frozenset({Verb.CLOSE, Verb.REOPEN}), frozenset({Verb.TAKE, Verb.ASSIGN}))
_LINE = re.compile(r"#([a-z]+)(?: (.+))?", re.ASCII)
_DECORATION = re.compile(r"^[\W_]{1,40}", re.ASCII)
_NOT_LETTERS = re.compile(r"[^a-z]")
_MAIL_LINK = re.compile(r"\s?<mailto:[^<>\s]{1,320}>", re.IGNORECASE)
"""What mail programs write behind an address when they make plain text of a link."""


def find_commands(text: str, *, is_forward: bool = False) -> Commands:
    """Return the commands in the first lines of an operator's own words; never raises.

    Accents and case do not matter. A line that is no command but looks as if it was meant for one
    is a mistake: written as text it would reach the client, who may be the one person it was not
    for (T10, T11). The first line of plain text ends the commands: below it they are text, but
    for #interno, which is a mistake there, unless somebody else wrote it. "#1 no anda" is plain text.
    """
    given: list[Command] = []
    mistakes: list[str] = []
    lines = text.split("\n", LINES)
    begin = min(LINES, len(lines))  # of the text, when it does not begin before
    for count, line in enumerate(lines[:LINES]):
        plain = _plain(line)
        command = _command(line, plain)
        if command is not None and len(given) < COMMANDS and _fits(command, given):
            given.append(command)
        elif command is not None or _resembles(plain) or _is_torn(plain, lines[count + 1 : count + 4]):
            mistakes.append(one_line(line, LINE_CHARACTERS))
        elif plain:
            begin = count
            break
    below = () if is_forward else "\n".join(lines[begin:]).split("\n")
    mistakes += [one_line(line, LINE_CHARACTERS) for line in below if _comes_late(line)][:COMMANDS]
    if not given and not mistakes:
        begin = 0
    return Commands(tuple(dict.fromkeys(given)), "\n".join(lines[begin:]).strip("\r\n"), tuple(mistakes))


def _is_torn(plain: str, below: list[str]) -> bool:
    """Whether a lone # has its word on a line below: a program wrapped it, or a finger slipped."""
    if plain.strip("# ") or "#" not in plain:
        return False
    words = next(filter(None, map(_plain, below)), "")
    return _command(words, f"#{words}") is not None or _resembles(f"#{words}")


def names_command(text: str) -> bool:
    """Whether a text begins with the word of a command, whatever is stuck to it."""
    letters = _NOT_LETTERS.sub("", _folded(text[:100]))
    return any(letters.startswith(known) for known in _WORDS)


def asks_for_internal(commands: Commands) -> bool:
    """Whether a text was meant for operators alone, its word however misspelt (T11)."""
    if any(command.verb is Verb.INTERNAL for command in commands.given):
        return True
    letters = [_NOT_LETTERS.sub("", _folded(line[:LINE_CHARACTERS])) for line in commands.mistakes]
    return any(
        each.startswith(word) or _distance(each[: len(word) + 2], word) <= _WRONG_LETTERS
        for each in letters
        for word, verb in _WORDS.items()
        if verb is Verb.INTERNAL
    )


def _command(line: str, plain: str) -> Command | None:
    """Return the command on a line written exactly as it should be, or None."""
    found = _LINE.fullmatch(plain)
    verb = _WORDS.get(found[1]) if found else None
    if found is None or verb is None or len(line) > LINE_CHARACTERS:
        return None
    if verb not in _WITH_ARGUMENT:
        return None if found[2] else Command(verb)
    _, _, written = unicodedata.normalize("NFKC", one_line(line, LINE_CHARACTERS)).partition(" ")
    if verb is Verb.ASSIGN:
        address = normal_form(_MAIL_LINK.sub("", written).strip("<>"))
        return Command(verb, address) if address else None
    return Command(verb, written) if written else None


def _comes_late(line: str) -> bool:
    """Whether a line below the text says that all of it was meant for the team (T11)."""
    return line.lstrip()[:1] in ("#", "＃") and _command(line, _plain(line)) == Command(Verb.INTERNAL)


def _fits(command: Command, given: list[Command]) -> bool:
    """Whether a command contradicts none before it: two ends for one request are a mistake."""
    others = {each.verb for each in given if each != command}
    if command.verb in others:
        return False
    return not any(command.verb in pair and others & pair for pair in _AGAINST_EACH_OTHER)


def _resembles(plain: str) -> bool:
    """Whether a line was meant for a command: `# interno`, `#cerar`, `[interno]`, a lone `interno`.

    Near is a spelling at most two letters away, one for words of four, or a word that was cut
    short, torn apart or has something stuck to it.
    """
    letters = _NOT_LETTERS.sub("", plain)
    before, sign, after = plain.partition("#")
    if letters in _WORDS:
        return True
    if not sign or len(_NOT_LETTERS.sub("", before)) > 2:
        return False
    first, _, others = _DECORATION.sub("", after, count=1).partition(" ")
    if names_command(first) or _is_near(_NOT_LETTERS.sub("", first)):
        return True
    if others and any(character.isdigit() for character in plain):
        return False  # "#1 toma"
    return _is_near(letters) or (letters != "" and any(known.startswith(letters) for known in _WORDS))


def _is_near(letters: str) -> bool:
    if not 3 <= len(letters) <= _LONGEST_NEAR:
        return False
    return any(_distance(letters, known) <= (_WRONG_LETTERS if len(known) >= 5 else 1) for known in _WORDS)


def _plain(line: str) -> str:
    """Return a line in lower case, without accents, invisible characters and blanks it can spare."""
    return one_line(_folded(line[:LINE_CHARACTERS]), LINE_CHARACTERS * 4)


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if not unicodedata.combining(character)).lower()


def _distance(written: str, known: str) -> int:
    """Return how many letters are wrong, missing, too many or swapped with their neighbour."""
    before: list[int] = []
    row = list(range(len(known) + 1))
    for i, letter in enumerate(written, 1):
        previous, row = row, [i]
        for j, wanted in enumerate(known, 1):
            cost = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == known[j - 2] and written[i - 2] == wanted:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before = previous
    return row[-1]
