import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.encoded_words import decode_words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Impresora rota", "Impresora rota", id="no word"),
        pytest.param("=?utf-8?Q?Reclamaci=C3=B3n?=", "Reclamación", id="quoted printable"),
        pytest.param("=?UTF-8?b?UmVjbGFtYWNpw7Nu?=", "Reclamación", id="base64"),
        pytest.param(
            "=?iso-8859-1?q?cami=F3n_=93rojo=94?=", "camión “rojo”", id="latin-1 means windows-1252"
        ),
        pytest.param("=?utf-8?q?cami=F3n?=", "camión", id="wrong charset"),
        pytest.param("=?x-marte?q?cami=C3=B3n?=", "camión", id="unknown charset"),
        pytest.param("=?us-ascii?q?cami=C3=B3n?=", "camión", id="charset that says nothing"),
        pytest.param("=?utf-8?q?a?=  =?utf-8?q?b?= c", "ab c", id="blanks between words are no text"),
        pytest.param("a =?utf-8?q?b?= c =?utf-8?q?d?=", "a b c d", id="text between words stays"),
        pytest.param("=?utf-8?q?cami=C3?= =?utf-8?q?=B3n?=", "camión", id="letter cut in two"),
        pytest.param("=?utf-8?q?Hola mundo?=", "Hola mundo", id="blank in a word"),
        pytest.param("=?utf-8?q?¿Anda??=", "¿Anda?", id="question mark and raw letters in a word"),
        pytest.param("=?utf-8*es-AR?q?hola?=", "hola", id="with a language (RFC 2231)"),
        pytest.param("=?utf-8?q?a=0D=0AX-Evil:_1?=", "a  X-Evil: 1", id="line break in a word"),
        pytest.param("=?utf-8?q?sin fin", "=?utf-8?q?sin fin", id="word without an end"),
        pytest.param("=?utf-8?x?hola?=", "=?utf-8?x?hola?=", id="unknown encoding"),
        pytest.param("=?utf-8?b?%%?=", "=?utf-8?b?%%?=", id="no base64 at all"),
        pytest.param("=?utf-8?b?%%?= =?utf-8?q?x?=", "=?utf-8?b?%%?= x", id="good word behind a bad one"),
        pytest.param("=?utf-8?q??=", "", id="empty word"),
        pytest.param("cami\udcc3\udcb3n", "camión", id="raw octets kept as surrogates"),
        pytest.param("cami\udcf3n", "camión", id="raw windows-1252 kept as a surrogate"),
    ],
)
def test_decode_words(text, expected):
    assert decode_words(text) == expected


@given(st.lists(st.sampled_from(["=?", "?=", "?", "utf-8", "q", "b", "=C3", "w7M", " ", "é", "\udcff", "_"])))
def test_any_mixture_of_words_becomes_text_that_can_be_written(pieces):
    decode_words("".join(pieces)).encode("utf-8")
