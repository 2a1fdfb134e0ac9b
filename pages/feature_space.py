"""feature_space"""

from cnnviz.ui import frame

frame.head("feature_space", "")
frame.foot("feature_space")
