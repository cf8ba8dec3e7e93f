"""Papers that somebody named and no source listed, asked of the world: one file a service.

To add one, write a file like ``crossref.py`` and a line where ``pipeline/likes.py`` opens them.
"""
