"""5. Did it arrive? One file a provider."""
