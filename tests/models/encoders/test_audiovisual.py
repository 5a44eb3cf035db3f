"""The face encoder answers as it was trained, though it goes another way when nothing is learned."""

import torch

from empdetect.models.encoders import audiovisual
from empdetect.models.encoders.audiovisual import FaceEncoder


def test_a_few_crops_at_a_time_without_gradients_are_all_at_once_with() -> None:
    torch.manual_seed(0)
    encoder = FaceEncoder(size=25, width=16, layers=1).eval()
    faces = torch.randn(3, audiovisual.AT_ONCE, encoder.features)
    mask = torch.rand(3, audiovisual.AT_ONCE) > 0.3
    with torch.inference_mode():
        lean = encoder(faces, mask)
    assert torch.allclose(lean, encoder(faces, mask).detach(), atol=1e-5)
