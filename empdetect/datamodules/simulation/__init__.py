"""A simulated dyadic corpus: two people, one telling a story and one listening, drawn and sounded by code.

It writes real files (mp4, WebVTT, BIDS physiology, a manifest) whose truth is known, so that a whole
pipeline can be tried without data. It proves the plumbing, never the accuracy on people.
"""

from empdetect.datamodules.simulation.corpus import simulate_corpus
from empdetect.datamodules.simulation.settings import Noise

__all__ = ["Noise", "simulate_corpus"]
