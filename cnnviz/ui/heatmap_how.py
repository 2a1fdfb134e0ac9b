"""How a method works: in words, as a formula, and where it comes from."""

from __future__ import annotations

import streamlit as st

from cnnviz.explanation.catalogue import CATALOGUE, Method
from cnnviz.models.cards import Card
from cnnviz.ui.heatmap_choices import Choices
from cnnviz.ui.heatmap_panels import Panel
from cnnviz.ui.language import _
from cnnviz.ui.plain_text import plain

# A: the maps of the layer, k counts its channels, i j its Z fields; S: the score before softmax
# or sigmoid (less that of the other class in a contrast); x: the image, x': one without content;
# p: the share; M: a mask; x without m: with patch m covered, of the n patches that cover ij.
_FORMULAS = {
    "grad_cam": r"\mathrm{ReLU}\Big(\sum_k \alpha_k A^k\Big),\quad"
    r"\alpha_k = \frac{1}{Z}\sum_{ij}\frac{\partial S}{\partial A^k_{ij}}",
    "grad_cam_pp": r"\mathrm{ReLU}\Big(\sum_k w_k A^k\Big),\quad "
    r"w_k = \sum_{ij}\alpha^k_{ij}\,\mathrm{ReLU}\frac{\partial S}{\partial A^k_{ij}},\quad"
    r"\alpha^k_{ij} = \frac{g^2}{2g^2 + g^3\sum_{ab}A^k_{ab}},\; "
    r"g = \frac{\partial S}{\partial A^k_{ij}}",
    "hires_cam": r"\sum_k \frac{\partial S}{\partial A^k} \odot A^k",
    "layer_cam": r"\mathrm{ReLU}\Big(\sum_k \mathrm{ReLU}\Big(\frac{\partial S}{\partial A^k}\Big)"
    r"\odot A^k\Big)",
    "xgrad_cam": r"\mathrm{ReLU}\Big(\sum_k \alpha_k A^k\Big),\quad\alpha_k = "
    r"\sum_{ij}\frac{A^k_{ij}}{\sum_{ab}A^k_{ab}}\frac{\partial S}{\partial A^k_{ij}}",
    "eigen_cam": r"A\,v_1,\quad A = U\Sigma V^\top",
    "score_cam": r"\mathrm{ReLU}\Big(\sum_k w_k A^k\Big),\quad "
    r"w_k = p\big(x \odot \mathrm{norm}(A^k)\big) - p(0)",
    "ablation_cam": r"\mathrm{ReLU}\Big(\sum_k w_k A^k\Big),\quad "
    r"w_k = \frac{S - S_{A^k = 0}}{|S|}",
    "gradient": r"\max_c\Big|\frac{\partial S}{\partial x_c}\Big|",
    "gradient_x_input": r"\sum_c x_c\,\frac{\partial S}{\partial x_c}",
    "smooth_grad": r"\max_c\Big|\frac{1}{n}\sum_{m=1}^{n}"
    r"\frac{\partial S(x + \epsilon_m)}{\partial x_c}\Big|,\quad "
    r"\epsilon_m \sim \mathcal{N}(0, \sigma^2)",
    "integrated_gradients": r"\sum_c (x_c - x'_c)\int_0^1 "
    r"\frac{\partial S\big(x' + t\,(x - x')\big)}{\partial x_c}\,dt",
    "guided_backprop": r"R^{l} = \mathbb{1}[f^{l} > 0]\;\mathbb{1}[R^{l+1} > 0]\;R^{l+1}",
    "guided_grad_cam": r"\text{Guided backpropagation} \odot \text{Grad-CAM}",
    "occlusion": r"\frac{1}{n_{ij}}\sum_{m \ni ij} \big(S(x) - S(x_{\setminus m})\big)",
    "rise": r"\frac{\sum_m p(x_m)\,M_m}{\sum_m M_m} - \frac{1}{n}\sum_{m=1}^{n} p(x_m),\quad "
    r"x_m = M_m \odot x + (1 - M_m) \odot x'",
}


def show(panels: list[Panel], choices: Choices, card: Card) -> None:
    """The methods on the page, each with its words, its formula and its source."""
    names = dict.fromkeys(panel.method.name for panel in panels) or {choices.method.name: None}
    for name in names:
        method = CATALOGUE[name]
        if len(names) > 1:
            st.markdown(f"**{_(method.title)}** · {_(method.question)}")
        layer = next((p.layer for p in panels if p.method.name == name and p.layer), None)
        st.markdown(_words(method, layer, card))
        st.latex(_FORMULAS[name])
        st.caption(method.source)
    st.caption(
        _("A: the maps of the layer, k its channels, i and j its fields. S: the score of the class "
          "before softmax or sigmoid; held against another class, their difference. x: the image, "
          "0 to 255. p: the share of the vote.")
    )  # fmt: skip


def _words(method: Method, layer: str | None, card: Card) -> str:
    if method.name != "grad_cam" or layer is None:
        return _(method.reading)
    height, width, count = card.layer(layer).output_shape
    return _(
        "The layer **{layer}** holds {count} maps of {height} × {width} values. For each map, "
        "Grad-CAM asks how much the score of the class would grow if the map grew a little "
        "(the gradient, averaged over the map). The maps are added up with these weights, "
        "negative sums are set to zero, and the result is enlarged over the photo. So nothing "
        "finer than {height} × {width} fields can be seen, and what spoke *against* the class "
        "is not shown."
    ).format(layer=plain(layer), count=count, height=height, width=width)
