"""Guided Grad-CAM (Selvaraju et al. 2017, arXiv 1610.02391, section 3.2)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cnnviz.explanation.methods.grad_cam import GradCam
from cnnviz.explanation.methods.guided_backprop import GuidedBackprop
from cnnviz.explanation.results import enlarge
from cnnviz.explanation.task import Explainer, Found, Task


class GuidedGradCam(Explainer):
    """Guided backpropagation times the Grad-CAM of a layer, enlarged to the input's size.

    Signed like guided backpropagation; where Grad-CAM found nothing, or evidence for the class
    that the target is held against, there is nothing.
    """

    name = "guided_grad_cam"

    def explain(self, task: Task) -> Found:
        details = GuidedBackprop().explain(task)
        # Both belong to the same class, even where two scores are almost equal.
        regions = GradCam().explain(replace(task, targets=details.targets)).raw
        regions = enlarge(regions, task.images.shape[1:3])
        return replace(details, raw=details.raw * np.maximum(regions, 0))
