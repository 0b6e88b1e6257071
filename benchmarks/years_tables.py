"""The tables that the years of a help desk fill, with the columns of their rows."""

from collections.abc import Iterable, Sequence

from benchmarks.years_course import Row

COLUMNS = {
    "company": "id name cuit created_at",
    "person": "id email name role status company_id language theme created_at",
    "topic": "id name description position is_default enabled created_at",
    "topic_operator": "topic_id user_id notices",
    "ticket": "id subject topic_id status requester_id assignee_id channel messages created_at updated_at "
    "public_at waiting_since first_reply_at closed_at",
    "participant": "ticket_id user_id joined_at",
    "message": "id ticket_id number author_id party kind channel verified verdict_reason automatic "
    "text quoted html html_version unreadable notes created_at",
    "event": "id ticket_id kind actor_id message_id at detail",
    "ticket_seen": "user_id ticket_id number at",
    "blob": "sha256 size data created_at",
    "attachment": "id message_id position filename content_type size sha256 inline",
    "search_document": "ticket_id version words hidden_words stems hidden_stems",
    "search_task": "name reached finished_at",
    "counted_request": "ticket_id opened topic_id requester_id channel "
    "answered answered_by answer_minutes answer_work_minutes",
    "counted_closing": "ticket_id number closed closed_by topic_id requester_id minutes work_minutes "
    "reopened next_closed",
}
OF_A_REQUEST = (
    "ticket",
    "participant",
    "message",
    "event",
    "attachment",
    "ticket_seen",
    "search_document",
    "counted_request",
    "counted_closing",
)
LEAN = ("ticket", "event", "counted_request", "counted_closing")
"""What reports read; all they read but people, companies and topics."""


def rows_of(table: str, rows: Iterable[Row]) -> tuple[Sequence[str], Iterable[Row]]:
    return COLUMNS[table].split(), rows
