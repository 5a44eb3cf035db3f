"""Emotional contagion and synchrony between people: measures, surrogate tests, and what they may claim."""
