"""``/desk``: the operator's pages, behind a password; there are none where none is set."""
