"""All tables, so that whoever needs the whole metadata imports one name."""

from sqlmodel import SQLModel

from gateway.models import people, queues, search, site, tickets, topics

metadata = SQLModel.metadata

__all__ = ["metadata", "people", "queues", "search", "site", "tickets", "topics"]
