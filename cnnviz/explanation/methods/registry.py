"""The methods of explanation by name."""

from __future__ import annotations

from cnnviz.explanation.methods.cam import ClassActivationMap
from cnnviz.explanation.methods.grad_cam import GradCam
from cnnviz.explanation.methods.grad_cam_pp import GradCamPlusPlus
from cnnviz.explanation.methods.hires_cam import HiResCam
from cnnviz.explanation.methods.layer_cam import LayerCam
from cnnviz.explanation.methods.xgrad_cam import XGradCam

METHODS: dict[str, ClassActivationMap] = {
    method.name: method
    for method in (GradCam(), GradCamPlusPlus(), HiResCam(), LayerCam(), XGradCam())
}
