"""models"""

from cnnviz.ui import frame

frame.head("models", "")
frame.foot("models")
