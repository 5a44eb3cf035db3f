"""The n-gram encoder weighs as scikit-learn does, and learns."""

import numpy as np
import pytest
import torch
from sklearn.feature_extraction.text import TfidfTransformer

from empdetect.models.encoders.ngrams import FrequentNgrams, NgramEncoder, NgramSketch

COUNTS = np.array([[2, 0, 1, 0], [1, 1, 0, 0], [3, 0, 0, 1]])


def rows(counts: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Frames of number and count, ``(batch, time, 2)``, as the extractor gives them."""
    numbers = np.broadcast_to(np.arange(counts.shape[1]), counts.shape)
    x = torch.from_numpy(np.stack([numbers, counts], axis=-1)).float()
    return x, torch.from_numpy(counts > 0)


def test_weights_are_those_of_scikit_learn() -> None:
    encoder = NgramEncoder(buckets=8, width=4)
    torch.nn.init.eye_(encoder.table.weight)
    x, mask = rows(COUNTS)
    encoder.train()
    encoder(x, mask)
    encoder(x, mask)  # a second epoch changes next to nothing
    encoder.eval()
    expected = TfidfTransformer(sublinear_tf=True, smooth_idf=False).fit(np.vstack([COUNTS]))
    found = encoder(x, mask).detach().numpy()
    np.testing.assert_allclose(found, expected.transform(COUNTS).toarray(), atol=0.12)
    assert encoder.documents == 6
    assert encoder.holding[:4].tolist() == [6, 2, 2, 2]


def test_what_training_never_showed_counts_for_nothing() -> None:
    encoder = NgramEncoder(buckets=8, width=4)
    encoder.train()
    encoder(*rows(COUNTS))
    encoder.eval()
    alone = encoder(torch.tensor([[[7.0, 5.0]]]), torch.ones(1, 1, dtype=torch.bool))
    assert torch.equal(alone, torch.zeros(1, 4))


def test_it_learns_which_word_matters() -> None:
    torch.manual_seed(0)
    counts = np.random.default_rng(0).integers(0, 2, (64, 8))
    labels = torch.from_numpy(counts[:, 3]).float()
    encoder, head = NgramEncoder(buckets=8, width=4, drop=0.1), torch.nn.Linear(4, 1)
    optimizer = torch.optim.Adam([*encoder.parameters(), *head.parameters()], 0.1)
    encoder.train()
    for _ in range(30):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(head(encoder(*rows(counts))).squeeze(1), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    encoder.eval()
    assert ((head(encoder(*rows(counts))).squeeze(1) > 0) == (labels > 0)).float().mean() > 0.95


def test_products_of_sketches_are_those_of_the_weights() -> None:
    torch.manual_seed(0)
    encoder = NgramSketch(buckets=5000, width=2048)
    numbers = torch.stack([torch.arange(50), torch.arange(50), torch.arange(25, 75), torch.arange(3000, 3050)])
    x = torch.stack([numbers.float(), torch.ones(4, 50)], dim=-1)
    encoder.train()(x, torch.ones(4, 50, dtype=torch.bool))
    sketches = encoder.eval()(x, torch.ones(4, 50, dtype=torch.bool))
    products = sketches @ sketches.T
    assert sketches.shape == (4, 2048)
    torch.testing.assert_close(products[0, 1], products[0, 0])
    assert products[0, 0] == pytest.approx(1.0, abs=0.1)
    assert products[0, 2] == pytest.approx(0.4, abs=0.2)
    assert products[0, 3] == pytest.approx(0.0, abs=0.1)


def test_ngrams_of_one_text_alone_can_be_left_out() -> None:
    encoder = NgramSketch(buckets=8, width=64, rarest=0.4)
    texts = torch.tensor([[[0.0, 1], [1, 1]], [[0, 1], [2, 1]], [[0, 1], [3, 1]], [[3, 1], [4, 1]]])
    seen = torch.ones(4, 2, dtype=torch.bool)
    encoder.train()(texts, seen)
    kept = encoder.eval()(texts, seen)
    assert int((kept[0] != 0).sum()) == 1, "only the n-gram of three texts in four"
    assert int((kept[2] != 0).sum()) == 2, "and that of two"
    encoder.reset_running_stats()
    encoder.train()(texts[:2], seen[:2])
    assert float(encoder.documents) == 2 and encoder.holding[:5].tolist() == [2, 1, 1, 0, 0]


def test_the_most_frequent_ngrams_are_those_of_scikit_learn() -> None:
    draw = np.random.default_rng(0)
    counts = draw.poisson(np.linspace(2, 0.05, 30), (40, 30))
    encoder = FrequentNgrams(buckets=30, width=12)
    encoder.train()(*rows(counts))
    found = encoder.eval()(*rows(counts)).numpy()
    # Ties aside: the first twelve by how many texts hold them, the lower number first.
    most = np.argsort(-(counts > 0).sum(axis=0), kind="stable")[:12]
    expected = TfidfTransformer(sublinear_tf=True).fit_transform(counts[:, most]).toarray()
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_most_frequent_ngrams_are_found_anew_when_others_were_counted() -> None:
    encoder, other = FrequentNgrams(buckets=8, width=1), FrequentNgrams(buckets=8, width=1)
    encoder.train()(*rows(COUNTS))
    assert encoder.eval()(*rows(COUNTS)).tolist() == [[1.0]] * 3
    texts = torch.tensor([[[7.0, 1.0]], [[7.0, 2.0]]]), torch.ones(2, 1, dtype=torch.bool)
    other.train()(*texts)
    assert other(*texts).tolist() == [[0.0]] * 2, "not known before all were counted"
    other.eval()(*texts)
    encoder.load_state_dict(other.state_dict())
    assert encoder(*texts).tolist() == [[1.0]] * 2
    assert encoder(*rows(COUNTS)).tolist() == [[0.0]] * 3
    encoder.reset_running_stats()
    assert encoder(*texts).tolist() == [[0.0]] * 2


def test_an_ngram_of_several_utterances_adds_up_in_any_order() -> None:
    # The first n-gram is in both utterances, three times in one and once in the other.
    utterances = [[0.0, 3.0], [1.0, 1.0]], [[0.0, 1.0], [2.0, 1.0]]
    ways = [torch.tensor([[*one, *other]]) for one, other in (utterances, utterances[::-1])]
    there = torch.ones(1, 4, dtype=torch.bool)
    encoder = FrequentNgrams(buckets=3, width=3)
    encoder.train()(ways[0], there)
    encoder.eval()
    found = [encoder(way, there) for way in ways]
    torch.testing.assert_close(found[0], found[1])
    torch.testing.assert_close(found[0][0] / found[0][0, 1], torch.tensor([2 + np.log(3), 1.0, 1.0]).float())
