import numpy as np
import pytest
import tensorflow as tf

from cnnviz.inference.pooling import MOST_FLAT, pooled, pooled_size


@pytest.mark.parametrize("shape", [(4, 4, 8), (10,), (20, 20, 16), (3, 5)])
@pytest.mark.parametrize("pooling", ["mean", "flat"])
def test_sizes_are_what_comes_out(shape, pooling):
    out = pooled(tf.random.normal((3, *shape)), pooling)
    assert out.shape == (3, pooled_size(shape, pooling))


def test_mean_and_flat_of_a_small_layer_are_exact():
    x = np.random.default_rng(0).normal(size=(2, 3, 3, 4)).astype(np.float32)
    np.testing.assert_allclose(pooled(tf.constant(x), "mean"), x.mean((1, 2)), rtol=1e-5)
    np.testing.assert_array_equal(pooled(tf.constant(x), "flat"), x.reshape(2, -1))


def test_hashed_features_keep_distances():
    x = np.random.default_rng(0).normal(size=(40, 32, 32, 16)).astype(np.float32)
    x[:20] *= np.linspace(0.2, 2, 20)[:, None, None, None]
    assert x[0].size > MOST_FLAT
    hashed = pooled(tf.constant(x), "flat").numpy()
    flat = x.reshape(40, -1)

    def distances(rows):
        return np.linalg.norm(rows[:, None] - rows[None], axis=-1)[np.triu_indices(40, 1)]

    ratio = distances(hashed) / distances(flat)
    assert abs(ratio.mean() - 1) < 0.02
    assert ratio.std() < 0.05
