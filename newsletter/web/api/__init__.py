"""``/api/``: the same things for programs, as JSON, described by OpenAPI, for whoever has a token."""
