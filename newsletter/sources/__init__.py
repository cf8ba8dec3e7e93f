"""1. What is new? One file a kind of source; ``http.py`` is the only door to the network."""
