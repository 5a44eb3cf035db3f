"""The divergence from a reference policy."""

from torch import Tensor

from empdetect.rl.algorithms.tokens import weighted


def kl_estimate(new: Tensor, reference: Tensor, weights: Tensor, old: Tensor | None = None) -> Tensor:
    """KL divergence from a reference: the weighted mean of ``exp(ref - new) - (ref - new) - 1``.

    DeepSeekMath (arXiv 2402.03300), eq. 4, the k3 estimator of Schulman: unbiased on the policy's own
    samples, never negative. Its value is unbiased, its gradient is not; with ``old`` each token is
    multiplied by the probability ratio ``exp(new - old)``, which mends that (DeepSeek-V3.2,
    arXiv 2512.02556) and leaves the value as it is where the policy has not moved.

    Args:
        new: ``(row, time)`` log-probabilities under the policy.
        reference: ``(row, time)`` log-probabilities under the reference; no gradient.
        weights: ``(row, time)`` from ``token_weights``.
        old: ``(row, time)`` log-probabilities under the policy that sampled; no gradient.
    """
    difference = reference - new
    divergence = difference.exp() - difference - 1
    return weighted(divergence if old is None else divergence * (new - old).exp(), weights)
