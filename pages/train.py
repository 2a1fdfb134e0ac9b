"""train"""

from cnnviz.ui import frame

frame.head("train", "")
frame.foot("train")
