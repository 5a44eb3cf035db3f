"""Models: encoders, fusion, heads and the LightningModule that trains them together."""

if __name__ == "models":
    raise ImportError("import empdetect.models: the top-level folder is only a link to it")
