"""Benchmarks: published protocols and grouped folds, as code."""
