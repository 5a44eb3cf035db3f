"""Reinforcement learning from a simulated user's emotion (RLVER), with detectors as reward heads.

Nothing in here imports a reinforcement-learning engine. Profiles, dialogues, users, the environment
and the reward contract do not even import torch, so that an engine's adapter can use them anywhere.
"""
