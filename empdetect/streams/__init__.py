"""Streams: what is recorded of one person, one kind a file, read only when asked.

Every stream runs on the clock of its recording, in seconds; ``offset`` is the moment on that clock
at which the stream's file starts. Each has a ``fingerprint`` of its content, for caches and resuming.
"""
