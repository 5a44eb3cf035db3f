"""Data modules: real and simulated datasets as LightningDataModules, one file a dataset."""

if __name__ == "datamodules":
    raise ImportError("import empdetect.datamodules: the top-level folder is only a link to it")
