"""4. How does it look? A digest becomes the bytes of a message."""

from newsletter.rendering.gallery import GalleryItem, render_gallery
from newsletter.rendering.mime import build_message, message_id
from newsletter.rendering.renderer import Renderer

__all__ = ["GalleryItem", "Renderer", "build_message", "message_id", "render_gallery"]
