"""Ratios that are measured in one run on one machine; see `make bench`."""
