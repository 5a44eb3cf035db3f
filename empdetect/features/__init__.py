"""Features: what is computed of a stream before a model sees it, one file a modality."""
