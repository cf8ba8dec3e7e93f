"""Papers as reference managers read them, in files and in pages; one file a format."""

from newsletter.rendering.citations.bibtex import write_bibtex
from newsletter.rendering.citations.coins import context_object
from newsletter.rendering.citations.jsonld import write_linked_data
from newsletter.rendering.citations.ris import write_ris

__all__ = ["context_object", "write_bibtex", "write_linked_data", "write_ris"]
