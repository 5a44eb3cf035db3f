"""Manifest: anyone's dataset as one table, a row a segment. Reading it, and telling what is wrong with it."""
