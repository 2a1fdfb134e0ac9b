"""What class activation maps cost, against the bare passes they rest on and against tf-keras-vis.

    python -m benchmarks.explanation

The bars: at most 1.3 × the floor, the five together at most 1.3 × one; tf-keras-vis at least 5 ×
slower on one image, 3 × on 64 (the small net).
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


import keras
import numpy as np
import tensorflow as tf
from tf_keras_vis.gradcam import Gradcam
from tf_keras_vis.utils.scores import CategoricalScore

from benchmarks.contenders import side_by_side
from benchmarks.networks import large_net, small_net
from cnnviz.explanation.explain import explain, explain_many
from cnnviz.models.model import Model

GRADIENT_CAMS = ("grad_cam", "grad_cam_pp", "hires_cam", "layer_cam", "xgrad_cam")


def grad_cam(title: str, model: Model, cut: keras.Model, batch: int, rounds: int) -> None:
    """Grad-CAM alone and with its four relatives; the floor is one bare pass there and back."""
    layer, shape = model.card.heatmap_layer, (batch, *model.card.input_shape)
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    floats, targets = tf.constant(images, tf.float32), [3] * batch
    both = keras.Model(cut.inputs, [cut.get_layer(layer).output, cut.outputs[0]])

    @tf.function(autograph=False)
    def floor(images: tf.Tensor) -> tuple:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(images)
            output, scores = both([images], training=False)
            score = scores[:, 3]
        return output, tape.gradient(score, output)

    theirs = Gradcam(cut, clone=False)
    score = CategoricalScore(targets)
    side_by_side(
        f"{title}: Grad-CAM, batch {batch}",
        {
            "bare forward and backward pass, compiled": lambda: floor(floats),
            "cnnviz.explain, enlarged": lambda: (
                explain(model, images, target=targets, layer=layer).heatmaps
            ),
            "the maps alone": lambda: explain(model, images, target=targets, layer=layer),
            "cnnviz.explain_many, the five together": lambda: explain_many(
                model, images, GRADIENT_CAMS, targets, (layer,)
            ),
            "tf-keras-vis": lambda: theirs(score, floats, penultimate_layer=layer),
        },
        rounds,
    )


def main() -> None:
    model, cut = small_net()
    grad_cam("Small net", model, cut, 1, 51)
    grad_cam("Small net", model, cut, 64, 11)
    large, large_cut = large_net()
    grad_cam("EfficientNet-Lite0", large, large_cut, 1, 15)
    grad_cam("EfficientNet-Lite0", large, large_cut, 64, 7)


if __name__ == "__main__":
    main()
