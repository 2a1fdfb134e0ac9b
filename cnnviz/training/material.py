"""What a training works with: its images, its network, its batches."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from cnnviz.datasets.dataset import Dataset
from cnnviz.datasets.loading import load_dataset
from cnnviz.training.batches import Batches
from cnnviz.training.config import TrainingConfig
from cnnviz.training.network import Network, network_for
from cnnviz.training.strategies import strategy_for


@dataclass(frozen=True)
class Material:
    """The training images, the network, fresh, and the batches that it learns from."""

    data: Dataset
    network: Network
    batches: Batches


def prepare(
    config: TrainingConfig,
    ready: Network | None = None,
    strategy: tf.distribute.Strategy | None = None,
) -> Material:
    """Load, build and shuffle.

    Args:
        config: checked settings.
        ready: a network made beforehand, used when it fits.
        strategy: which devices share each batch; None is what the config says, in this process.

    Raises:
        CnnvizError: the data set or the base of the network is not there.
    """
    data = load_dataset(config.dataset, "train", limit=config.limit, complete=config.complete)
    if strategy is None:
        strategy = strategy_for(config, min(config.batch_size, len(data)))
    shape, classes = data.images.shape[1:], len(data.class_names)
    network = network_for(config, shape, classes, ready, strategy)
    weights = network.class_weights(data.labels)
    batches = Batches(
        data.images, data.labels, config.batch_size, config.augmentation, config.seed, weights
    )
    return Material(data, network, batches)
