"""Which classes each channel of a layer speaks for and against, on average over images."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from cnnviz.datasets.dataset import Dataset
from cnnviz.errors import BadInput
from cnnviz.inference.layers import as_batch, compiled, find_layer, image_signature, run_through
from cnnviz.inference.passes import Report
from cnnviz.models.batching import images_at_once
from cnnviz.models.model import Model, load_model
from cnnviz.texts import N_

LISTENING = N_("Which classes do the channels speak for?")


def channel_contributions(
    model: Model | str,
    dataset: Dataset,
    layer: str,
    classes: Sequence[int] | None = None,
    *,
    batch_size: int | None = None,
    report: Report | None = None,
    check_cancelled: Callable[[], None] | None = None,
) -> np.ndarray:
    """Each channel's mean contribution to each class's score, (channels, k classes) float64.

    For one image it is gradient × activation: the score's derivative at every position of the
    channel times the channel's value there, summed over the positions. That is the first-order
    estimate of how much of the score would go if the channel were zero, and the score's own sum of
    weight × mean activation where only pooling and a dense layer follow. (Olah et al., The Building
    Blocks of Interpretability, Distill 2018; Molchanov et al., arXiv 1611.06440.) Scores are taken
    before the softmax or sigmoid; the classes are the model's. A layer that comes after the scores
    has zeros.

    Args:
        model: a model, its name or its reference.
        dataset: images of any size; their labels are not used.
        layer: a layer with maps, or a dense one.
        classes: whose scores; those of all when None. Each costs a backward pass.
        batch_size: images at once; chosen from the size of the input when None.
        report: called with the fraction done and a text after every batch.
        check_cancelled: called before every batch; ends the work by raising.

    Raises:
        NotFound: there is no such layer.
        BadInput: the data set is empty, or there is no such class.
    """
    model = load_model(model) if not isinstance(model, Model) else model
    find_layer(model.keras_model, layer)
    if len(dataset) == 0:
        raise BadInput("The data set has no images.")
    count = len(model.card.class_names)
    wanted = np.arange(count) if classes is None else np.asarray(classes, np.int64)
    for class_ in wanted:
        if not 0 <= class_ < count:
            raise BadInput("This model knows no class “{name}”.", name=int(class_))
    run = _compiled(model, layer)
    if batch_size is None:
        batch_size = images_at_once(model.card, share=1 / 4, most=64)
    total: np.ndarray | float = 0.0
    for start in range(0, len(dataset), batch_size):
        if check_cancelled is not None:
            check_cancelled()
        batch = model.prepare(dataset.images[start : start + batch_size])
        total = total + run(
            as_batch(model.keras_model, batch), wanted.astype(np.int32)
        ).numpy().astype(np.float64)
        if report is not None:
            report(min(1.0, (start + batch_size) / len(dataset)), LISTENING)
    return total.T / len(dataset)


def _compiled(model: Model, layer: str) -> Callable:
    """(images, classes (k,)) → (k, channels) sums over the images: one forward pass, and for each
    class a backward pass from the scores to the layer."""
    network = model.keras_model

    def run(images: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            seen = run_through(network, images, [layer], on_output=tape.watch)
            scores = tf.reduce_sum(seen.scores, axis=0)
        output = seen.outputs[layer]
        axes = list(range(len(output.shape) - 1))

        def spoken(class_: tf.Tensor) -> tf.Tensor:
            gradient = tape.gradient(
                scores,
                output,
                output_gradients=tf.one_hot(class_, scores.shape[0]),
                unconnected_gradients=tf.UnconnectedGradients.ZERO,
            )
            return tf.reduce_sum(tf.cast(gradient * output, tf.float32), axis=axes)

        # A loop rather than one graph for each class: a network may tell a thousand apart.
        return tf.map_fn(spoken, classes, fn_output_signature=tf.float32, parallel_iterations=1)

    def build() -> Callable:
        signature = [image_signature(network), tf.TensorSpec((None,), tf.int32)]
        return tf.function(run, input_signature=signature, autograph=False)

    return compiled(network, ("contributions", layer), build)
