"""The methods of explanation by name; :mod:`cnnviz.explanation.catalogue` has their words."""

from __future__ import annotations

from cnnviz.explanation.methods.ablation_cam import AblationCam
from cnnviz.explanation.methods.eigen_cam import EigenCam
from cnnviz.explanation.methods.grad_cam import GradCam
from cnnviz.explanation.methods.grad_cam_pp import GradCamPlusPlus
from cnnviz.explanation.methods.hires_cam import HiResCam
from cnnviz.explanation.methods.layer_cam import LayerCam
from cnnviz.explanation.methods.score_cam import ScoreCam
from cnnviz.explanation.methods.xgrad_cam import XGradCam
from cnnviz.explanation.task import Explainer

METHODS: dict[str, Explainer] = {
    method.name: method
    for method in (
        GradCam(),
        GradCamPlusPlus(),
        HiResCam(),
        LayerCam(),
        XGradCam(),
        EigenCam(),
        ScoreCam(),
        AblationCam(),
    )
}
