"""One file a benchmark, each with the constant ``BENCHMARK``; a file ``NAME_z.py`` is the benchmark ``NAME-z``."""
