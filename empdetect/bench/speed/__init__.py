"""How fast, how lean: one file a measurement, each ``python -m empdetect.bench.speed.NAME``; docs/speed.md has all."""
