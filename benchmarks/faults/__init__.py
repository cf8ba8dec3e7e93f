"""Faults, and what became of the mail: the truth is what a real SMTP or HTTP server accepted.

``make faults`` runs every scenario and prints a table. *Lost* is who was to get a mail, got none, and is not told of in
the ledger as failed, suppressed, cancelled or uncertain; *doubled* is who got more than one. The shortened forms are in
``tests/faults/``.
"""
