"""Policy-gradient algorithms as pure functions on tensors, one file each.

What an unknown reward is to all of them: NaN, left out of means and deviations, with advantage 0.
"""
