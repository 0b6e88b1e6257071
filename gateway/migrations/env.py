"""How Alembic runs: on the connection it is given, one transaction a revision."""

from alembic import context

from gateway import models

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=models.metadata,
    transaction_per_migration=True,
    transactional_ddl=True,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
