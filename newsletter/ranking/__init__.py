"""3. What matters to this reader? Pure functions of entries, a profile and the instant."""
