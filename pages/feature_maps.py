"""feature_maps"""

from cnnviz.ui import frame

frame.head("feature_maps", "")
frame.foot("feature_maps")
