"""Policy-gradient algorithms as pure functions on tensors, one file each."""
