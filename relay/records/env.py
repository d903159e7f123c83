"""What Alembic runs, by this name, to get at the database: see ``upgrading``."""

from alembic import context

from relay.records.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
context.run_migrations()
