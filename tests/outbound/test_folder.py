"""Mail out into a folder."""

import email
import email.policy

import pytest

from gateway.outbound.delivery import Deferred, Parcel, Sent
from gateway.outbound.folder import Folder

PARCEL = Parcel("soporte@sysmo.example", "laura@andina.example", b"Subject: x\r\n\r\n.text\r\n")


async def ours():
    return True


async def not_ours():
    return False


async def test_a_mail_becomes_a_file_with_its_envelope_on_top(tmp_path):
    sent = await Folder(tmp_path / "sent").deliver(PARCEL, before_dot=ours)
    (path,) = (tmp_path / "sent").iterdir()
    assert sent == Sent(path.name)
    assert path.suffix == ".eml"
    assert "laura@andina.example" in path.name
    head = b"Return-Path: <soporte@sysmo.example>\r\nX-Envelope-To: <laura@andina.example>\r\n"
    assert path.read_bytes() == head + PARCEL.data
    assert path.stat().st_mode & 0o077 == 0


async def test_files_sort_in_the_order_they_were_sent(tmp_path):
    folder = Folder(tmp_path)
    names = [(await folder.deliver(PARCEL, before_dot=ours)).reply for _ in range(20)]
    assert sorted(path.name for path in tmp_path.iterdir()) == names


@pytest.mark.parametrize(
    "recipient",
    [
        pytest.param("../../etc/passwd@x.example", id="a path"),
        pytest.param("a\r\nBcc: <b@evil.example>@x", id="a line break"),
        pytest.param("\0" * 10, id="NUL"),
        pytest.param("ñ" * 500, id="long and not ASCII"),
    ],
)
async def test_a_strange_recipient_stays_in_the_folder_and_in_its_line(tmp_path, recipient):
    sent = await Folder(tmp_path).deliver(Parcel("", recipient, PARCEL.data), before_dot=ours)
    assert isinstance(sent, Sent)
    message = email.message_from_bytes((tmp_path / sent.reply).read_bytes(), policy=email.policy.compat32)
    assert message.keys() == ["Return-Path", "X-Envelope-To", "Subject"]


async def test_without_the_lease_nothing_is_written(tmp_path):
    assert await Folder(tmp_path).deliver(PARCEL, before_dot=not_ours) == Deferred("lease lost")
    assert list(tmp_path.iterdir()) == []


async def test_a_folder_that_cannot_be_written_defers(tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert isinstance(await Folder(tmp_path / "file").deliver(PARCEL, before_dot=ours), Deferred)
