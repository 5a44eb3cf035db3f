"""Fuzzing of every parser: ``python -m tests.fuzz``, at length; a short run of it is among the tests."""
