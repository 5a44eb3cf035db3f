"""File formats of streams, one a module. Each raises errors of its own; who calls it names the file."""
