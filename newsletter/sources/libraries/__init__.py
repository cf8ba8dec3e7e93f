"""Whole libraries of papers, as reference managers write them; one file a format, told by what is in it.

To add one, write a file like ``tagged.py`` and a line in the table of ``reading.py``. RIS is read here and not by a
library of its own: the same loop reads three such formats, and files that keep to no standard.
"""
