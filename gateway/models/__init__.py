"""All tables, so that whoever needs the whole metadata imports one name."""

from sqlmodel import SQLModel

from gateway.models import people, queues, reports, search, site, tickets, topics

metadata = SQLModel.metadata

__all__ = ["metadata", "people", "queues", "reports", "search", "site", "tickets", "topics"]
