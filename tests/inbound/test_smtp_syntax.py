"""Arguments of MAIL and RCPT, as servers of the Internet write them."""

import pytest

from gateway.errors import MailRefused
from gateway.inbound.smtp_syntax import Path, declared_size, parse_path


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        pytest.param("FROM:<a@b.example>", Path("a@b.example", {}), id="plain"),
        pytest.param("from: <a@b.example>", Path("a@b.example", {}), id="lower case and a space"),
        pytest.param("FROM:a@b.example", Path("a@b.example", {}), id="no brackets"),
        pytest.param("FROM:<>", Path("", {}), id="null sender"),
        pytest.param("FROM:<> size=7", Path("", {"SIZE": "7"}), id="null sender and a parameter"),
        pytest.param(
            "FROM:<a@b.example> BODY=8BITMIME  SMTPUTF8",
            Path("a@b.example", {"BODY": "8BITMIME", "SMTPUTF8": ""}),
            id="two parameters",
        ),
        pytest.param('FROM:<"a>b c"@d.example>', Path('"a>b c"@d.example', {}), id="a bracket in quotes"),
        pytest.param("FROM:<@r.example:a@b.example>", Path("@r.example:a@b.example", {}), id="source route"),
        pytest.param("FROM:<a@b.example", None, id="bracket left open"),
        pytest.param("FROM:<a@b.example>SIZE=7", None, id="no space before a parameter"),
        pytest.param("FROM:<a@b.example> =7", None, id="value without a keyword"),
        pytest.param("FROM:<a@b.example> SIZE=", None, id="keyword without its value"),
        pytest.param("FROM:<a@b.example> TAMAÑO=7", None, id="keyword not in ASCII"),
        pytest.param("FROM:<a\x1b[31m@b.example>", None, id="escape sequence"),
        pytest.param("FROM:<a\udcff@b.example>", None, id="broken UTF-8"),
        pytest.param("FROM:<" + "a" * 321 + ">", None, id="longer than any address"),
        pytest.param("TO:<a@b.example>", None, id="another keyword"),
        pytest.param("FROM:", None, id="nothing"),
        pytest.param(None, None, id="no argument"),
    ],
)
def test_parse_path(argument: str | None, expected: Path | None) -> None:
    assert parse_path(argument, "FROM:") == expected


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        pytest.param({}, 0, id="nothing said"),
        pytest.param({"SIZE": "1000", "BODY": "8bitmime", "SMTPUTF8": ""}, 1000, id="all we offer"),
        pytest.param({"SIZE": "1001"}, "552 5.3.4", id="too big"),
        pytest.param({"SIZE": "9" * 900}, "552 5.3.4", id="absurdly big"),
        pytest.param({"SIZE": "-1"}, "501 5.5.4", id="negative"),
        pytest.param({"SIZE": "¹"}, "501 5.5.4", id="a digit of another kind"),
        pytest.param({"SMTPUTF8": "1"}, "501 5.5.4", id="a value where none goes"),
        pytest.param({"BODY": ""}, "501 5.5.4", id="no value where one goes"),
        pytest.param({"AUTH": "<>"}, "555 5.5.4", id="not offered"),
    ],
)
def test_declared_size(parameters: dict[str, str], expected: int | str) -> None:
    if isinstance(expected, int):
        assert declared_size(parameters, max_bytes=1000) == expected
        return
    with pytest.raises(MailRefused, match=expected):
        declared_size(parameters, max_bytes=1000)
