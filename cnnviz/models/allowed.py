"""Which parts of Keras a stranger's network may be made of.

A list of what is allowed, not of what is forbidden: a part that a later Keras brings is refused
until somebody has looked at it. Left out on purpose: layers that run code of their own (``Lambda``,
``FlaxLayer``, ``JaxLayer``, ``TorchModuleWrapper``), read files or addresses (``TFSMLayer``,
``StringLookup``, ``IntegerLookup``, ``TextVectorization``), operations that take functions
(``Map``, ``Scan``, ``WhileLoop`` …), and whatever does not belong into a network that classifies
images.
"""

from __future__ import annotations

from functools import cache


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


MODELS = _names("Functional Model Sequential")

LAYERS = _names(
    """
    Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D
    AdaptiveMaxPooling1D AdaptiveMaxPooling2D Add AdditiveAttention AlphaDropout Attention
    AutoContrast Average AveragePooling1D AveragePooling2D AveragePooling3D BatchNormalization
    Bidirectional CategoryEncoding CenterCrop Concatenate Conv1D Conv1DTranspose Conv2D
    Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D Cropping1D Cropping2D
    Cropping3D Dense DepthwiseConv1D DepthwiseConv2D Discretization Dot Dropout ELU EinsumDense
    Embedding Equalization Flatten GRU GRUCell GaussianDropout GaussianNoise
    GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalMaxPooling1D
    GlobalMaxPooling2D GlobalMaxPooling3D GroupNormalization GroupQueryAttention Identity
    InputLayer LSTM LSTMCell LayerNormalization LeakyReLU Masking MaxPooling1D MaxPooling2D
    MaxPooling3D Maximum Minimum MultiHeadAttention Multiply Normalization PReLU Permute
    RMSNormalization RNN RandomBrightness RandomColorDegeneration RandomColorJitter
    RandomContrast RandomCrop RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur
    RandomGrayscale RandomHue RandomInvert RandomPerspective RandomPosterization RandomRotation
    RandomSaturation RandomSharpness RandomShear RandomTranslation RandomZoom ReLU RepeatVector
    Rescaling Reshape Resizing SeparableConv1D SeparableConv2D SimpleRNN SimpleRNNCell Softmax
    Solarization SpatialDropout1D SpatialDropout2D SpatialDropout3D SpectralNormalization
    StackedRNNCells Subtract TimeDistributed UnitNormalization UpSampling1D UpSampling2D
    UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D
    """
)

# What a functional network is made of where its author calculated with tensors (``2 * x + 1``).
OPERATIONS = {
    "numpy": _names(
        """
        Abs Absolute Add Amax Amin Argmax Argmin Average BroadcastTo Ceil Clip Concatenate
        Cos Cumsum Divide DivideNoNan Dot Einsum Equal Exp ExpandDims Flip Floor FullLike
        GetItem Greater GreaterEqual Less LessEqual Log Log1p LogicalAnd LogicalNot
        LogicalOr Matmul Max Maximum Mean Min Minimum Mod Moveaxis Multiply Negative
        NotEqual OnesLike Pad Power Prod Reciprocal Repeat Reshape Roll Rot90 Round Sign Sin
        Split Sqrt Square Squeeze Stack Std Subtract Sum Swapaxes Take Tanh Tensordot
        Transpose TrueDivide Var Where ZerosLike
        """
    ),
    "nn": _names(
        """
        AdaptiveAveragePool AdaptiveMaxPool AveragePool BatchNorm Celu Conv ConvTranspose
        DepthToSpace DepthwiseConv DotProductAttention Elu Gelu Glu HardShrink HardSigmoid
        HardSilu HardTanh LayerNorm LeakyRelu LogSigmoid LogSoftmax MaxPool Moments
        Normalize OneHot RMSNorm Relu Relu6 Selu SeparableConv Sigmoid Silu SoftShrink
        Softmax Softplus Softsign SpaceToDepth SparsePlus SparseSigmoid Sparsemax Squareplus
        TanhShrink Threshold
        """
    ),
    "core": _names("Cast ConvertToTensor Slice StopGradient Unstack"),
    "math": _names("Erf Logsumexp Rsqrt TopK"),
    "image": _names("CropImages HSVToRGB PadImages RGBToGrayscale RGBToHSV Resize"),
    "linalg": _names("Norm"),
}

_HELPERS = {
    "keras.initializers": _names(
        """
        Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity IdentityInitializer
        LecunNormal LecunUniform Ones Orthogonal OrthogonalInitializer RandomNormal
        RandomUniform TruncatedNormal VarianceScaling Zeros
        """
    ),
    "keras.regularizers": _names("L1 L1L2 L2 OrthogonalRegularizer"),
    "keras.constraints": _names("MaxNorm MinMaxNorm NonNeg UnitNorm"),
    # of a part that was trained on its own before it became a part
    "keras.optimizers": _names(
        """
        Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lion LossScaleOptimizer Muon Nadam
        RMSprop SGD CosineDecay CosineDecayRestarts ExponentialDecay InverseTimeDecay
        PiecewiseConstantDecay PolynomialDecay
        """
    ),
    "keras.losses": _names(
        """
        BinaryCrossentropy BinaryFocalCrossentropy CategoricalCrossentropy
        CategoricalFocalCrossentropy CategoricalHinge Hinge Huber KLDivergence LogCosh
        MeanAbsoluteError MeanSquaredError Poisson SparseCategoricalCrossentropy SquaredHinge
        """
    ),
    "keras.metrics": _names(
        """
        AUC Accuracy BinaryAccuracy BinaryCrossentropy CategoricalAccuracy
        CategoricalCrossentropy F1Score Mean Precision Recall SparseCategoricalAccuracy
        SparseCategoricalCrossentropy SparseTopKCategoricalAccuracy TopKCategoricalAccuracy
        """
    ),
    "keras.dtype_policies": _names("DTypePolicy DTypePolicyMap FloatDTypePolicy"),
    "keras": _names("DTypePolicy FloatDTypePolicy") | MODELS,
    "keras.models": MODELS,
    "keras.random": _names("SeedGenerator"),
    "keras.applications": _names("LayerScale StochasticDepth"),  # ConvNeXt's own
    # sequences and shapes as Keras writes them down
    "builtins": _names("tuple list dict slice"),
}
# Functions that a layer names by text alone (``"activation": "relu"``).
_ACTIVATIONS = _names(
    """
    celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh
    leaky_relu linear log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink
    softmax softplus softsign sparse_plus sparse_sigmoid sparsemax squareplus swish tanh
    tanh_shrink threshold
    """
)
_CLASSES_BY_NAME = {
    "initializer": _HELPERS["keras.initializers"] | _names("normal one uniform zero"),
    "regularizer": _HELPERS["keras.regularizers"],
    "constraint": _HELPERS["keras.constraints"],
}
# Not classes: how Keras writes down tensors, arrays and the like.
_VALUES = _names(
    "__keras_tensor__ __tensor__ __numpy__ __tuple__ __slice__ __ellipsis__ TensorShape"
)
_OLD_MODULES = ("tensorflow.keras", "tf.keras", "tf_keras")


def is_allowed(module: str | None, name: str) -> bool:
    """Whether a network may name this part. ``module`` is None where the file does not say."""
    if name in _VALUES:
        return True
    if module is None:
        everywhere = frozenset().union(*_HELPERS.values())
        return name in LAYERS or name in MODELS or name in everywhere
    for old in _OLD_MODULES:
        if module == old or module.startswith(old + "."):
            module = "keras" + module.removeprefix(old)
    parts = module.split(".")
    if parts[:3] == ["keras", "src", "ops"] and len(parts) == 4:
        return name in OPERATIONS.get(parts[3], ())
    if parts[:2] == ["keras", "src"] and len(parts) > 2:  # where the classes of Keras really live
        parts = ["keras", parts[2]]
    if parts[0] != "keras" and module != "builtins":
        return False
    if parts[:2] == ["keras", "layers"]:
        return name in LAYERS
    return name in _HELPERS.get(".".join(parts[:2]), ())


def is_known_name(key: str, name: str) -> bool:
    """Whether a setting of a layer may be this text, where Keras would look up a function by it.

    Files of Keras 2 are searched for *any* function of that name in Keras's module of layers.
    """
    if key.endswith("activation"):
        return name in _ACTIVATIONS
    kind = key.rsplit("_", 1)[-1]
    if kind in _CLASSES_BY_NAME:
        return name.replace("_", "").casefold() in _folded(kind)
    return key == "name" or name not in ("serialize", "deserialize")


@cache
def _folded(kind: str) -> frozenset[str]:
    """“glorot_uniform” and “GlorotUniform” are the same to Keras."""
    return frozenset(n.replace("_", "").casefold() for n in _CLASSES_BY_NAME[kind])
