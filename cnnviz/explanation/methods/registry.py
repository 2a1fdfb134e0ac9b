"""The methods of explanation by name; :mod:`cnnviz.explanation.catalogue` has their words."""

from __future__ import annotations

from cnnviz.explanation.methods.ablation_cam import AblationCam
from cnnviz.explanation.methods.eigen_cam import EigenCam
from cnnviz.explanation.methods.grad_cam import GradCam
from cnnviz.explanation.methods.grad_cam_pp import GradCamPlusPlus
from cnnviz.explanation.methods.gradient import Gradient
from cnnviz.explanation.methods.gradient_x_input import GradientTimesInput
from cnnviz.explanation.methods.guided_backprop import GuidedBackprop
from cnnviz.explanation.methods.guided_grad_cam import GuidedGradCam
from cnnviz.explanation.methods.hires_cam import HiResCam
from cnnviz.explanation.methods.integrated_gradients import IntegratedGradients
from cnnviz.explanation.methods.layer_cam import LayerCam
from cnnviz.explanation.methods.occlusion import Occlusion
from cnnviz.explanation.methods.rise import Rise
from cnnviz.explanation.methods.score_cam import ScoreCam
from cnnviz.explanation.methods.smooth_grad import SmoothGrad
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
        Gradient(),
        GradientTimesInput(),
        SmoothGrad(),
        IntegratedGradients(),
        GuidedBackprop(),
        GuidedGradCam(),
        Occlusion(),
        Rise(),
    )
}
