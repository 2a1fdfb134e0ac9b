"""Imported by real workers before they say that they are ready: TensorFlow and what most need."""

from __future__ import annotations

import tensorflow as tf

import cnnviz.compute.questions.answers
import cnnviz.compute.questions.heatmaps
import cnnviz.compute.questions.maps  # noqa: F401

tf.function(lambda x: x + 1, autograph=False)(tf.zeros(1))  # sets up devices and threads
