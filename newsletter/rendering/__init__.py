"""4. How does it look? A digest becomes the bytes of a message."""
