"""2. What do we know? SQLAlchemy Core on SQLite or PostgreSQL, one file an aggregate."""
